/* The manager's operations: name, method, path, who, body, largest body.
 * Included several times with different meanings of OP; no include guard on purpose. */
/* clang-format off */
OP(get_healthz,           GET,    "/healthz",                AUTH_NONE,     BODY_NONE, 0)
OP(get_readyz,            GET,    "/readyz",                 AUTH_NONE,     BODY_NONE, 0)
OP(get_openapi,           GET,    "/openapi.json",           AUTH_NONE,     BODY_NONE, 0)
OP(get_metrics,           GET,    "/metrics",                AUTH_VIEWER,   BODY_NONE, 0)
OP(get_host,              GET,    "/v1/host",                AUTH_VIEWER,   BODY_NONE, 0)
OP(list_images,           GET,    "/v1/images",              AUTH_VIEWER,   BODY_NONE, 0)
OP(create_vm,             POST,   "/v1/vms",                 AUTH_OPERATOR, BODY_JSON, 1 * MIB)
OP(list_vms,              GET,    "/v1/vms",                 AUTH_VIEWER,   BODY_NONE, 0)
OP(get_vm,                GET,    "/v1/vms/{id}",            AUTH_VIEWER,   BODY_NONE, 0)
OP(delete_vm,             DELETE, "/v1/vms/{id}",            AUTH_OPERATOR, BODY_NONE, 0)
OP(list_vm_events,        GET,    "/v1/vms/{id}/events",     AUTH_VIEWER,   BODY_NONE, 0)
OP(get_vm_metrics,        GET,    "/v1/vms/{id}/metrics",    AUTH_VIEWER,   BODY_NONE, 0)
OP(get_vm_console,        GET,    "/v1/vms/{id}/console",    AUTH_OPERATOR, BODY_NONE, 0)
OP(get_vm_attestation,    GET,    "/v1/vms/{id}/attestation",   AUTH_VIEWER, BODY_NONE, 0)
OP(get_vm_policy,         GET,    "/v1/vms/{id}/attestation-policy", AUTH_VIEWER, BODY_NONE, 0)
OP(list_events,           GET,    "/v1/events",              AUTH_VIEWER,   BODY_NONE, 0)
/* clang-format on */
