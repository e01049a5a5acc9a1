#include "lib/api/op.h"

#include "lib/base/mem.h"

const char *const api_method_names[] = {"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", NULL};

#define OP(name, method, path, auth, body, body_max)                                               \
    {#name, API_##method, path, API_##auth, API_##body, body_max},

const struct api_op manager_ops[MANAGER_OP_COUNT] = {
#include "lib/api/manager_ops.h"
};

const struct api_op agent_ops[AGENT_OP_COUNT] = {
#include "lib/api/agent_ops.h"
};

const struct api_op cvms_ops[CVMS_OP_COUNT] = {
#include "lib/api/cvms_ops.h"
};
