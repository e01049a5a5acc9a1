/* The handlers, one an operation of lib/api/manager_ops.h: typed input, one call of the fleet, a
 * reply. */
#ifndef COCOS_MANAGER_API_H
#define COCOS_MANAGER_API_H

#include "lib/httpd/httpd.h"

/* openapi/manager.yaml as JSON; made by the build (openapi/embed). */
extern const char manager_openapi_json[];
extern const unsigned long manager_openapi_json_len;

#define OP(name, method, path, auth, body, body_max)                                               \
    int api_##name(void *app, struct httpd_request *rq, struct httpd_reply *reply, struct err *err);
#include "lib/api/manager_ops.h"
#undef OP

#endif
