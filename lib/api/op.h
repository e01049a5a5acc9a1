/* An operation: one row that the server routes by, the client calls by, the gateway maps by, the
 * metrics are labelled by and the OpenAPI document is tested against. The rows are in manager_ops.h
 * and agent_ops.h; the name of a row is the operationId of the document. */
#ifndef COCOS_API_OP_H
#define COCOS_API_OP_H

#include "lib/base/span.h"

enum api_method { API_GET, API_HEAD, API_PUT, API_POST, API_PATCH, API_DELETE, API_METHOD_COUNT };

extern const char *const api_method_names[]; /* "GET" ... */

/* What a request may carry. */
enum api_body {
    API_BODY_NONE,  /* nothing; an announced body is refused */
    API_BODY_JSON,  /* application/json of at most body_max bytes, collected before the handler runs
                     */
    API_BODY_STREAM /* application/octet-stream of any length up to body_max, handed to a sink */
};

/* Who may ask. The manager ranks its token holders; the agent wants a key and lets the roles of the
 * manifest decide. */
enum api_auth { API_AUTH_NONE, API_AUTH_KEY, API_AUTH_VIEWER, API_AUTH_OPERATOR, API_AUTH_ADMIN };

struct api_op {
    const char *name;
    enum api_method method;
    const char *path; /* "/v1/vms/{id}" */
    enum api_auth auth;
    enum api_body body;
    uint64_t body_max;
};

/* enum manager_op { MANAGER_OP_get_healthz, ... MANAGER_OP_COUNT } and its rows, and the agent's.
 */
enum manager_op {
#define OP(name, method, path, auth, body, body_max) MANAGER_OP_##name,
#include "lib/api/manager_ops.h"
#undef OP
    MANAGER_OP_COUNT
};

enum agent_op {
#define OP(name, method, path, auth, body, body_max) AGENT_OP_##name,
#include "lib/api/agent_ops.h"
#undef OP
    AGENT_OP_COUNT
};

/* Those of the gateway's try-out computation server. */
enum cvms_op {
#define OP(name, method, path, auth, body, body_max) CVMS_OP_##name,
#include "lib/api/cvms_ops.h"
#undef OP
    CVMS_OP_COUNT
};

extern const struct api_op cvms_ops[CVMS_OP_COUNT];
extern const struct api_op manager_ops[MANAGER_OP_COUNT];
extern const struct api_op agent_ops[AGENT_OP_COUNT];

#endif
