/* The agent's operations: name, method, path, who, body, largest body.
 * Included several times with different meanings of OP; no include guard on purpose. */
/* clang-format off */
OP(get_healthz,           GET,    "/healthz",                   AUTH_NONE, BODY_NONE,   0)
OP(get_readyz,            GET,    "/readyz",                    AUTH_NONE, BODY_NONE,   0)
OP(get_openapi,           GET,    "/openapi.json",              AUTH_NONE, BODY_NONE,   0)
OP(get_metrics,           GET,    "/metrics",                   AUTH_NONE, BODY_NONE,   0)
OP(get_state,             GET,    "/v1/state",                  AUTH_NONE, BODY_NONE,   0)
OP(post_attestation,      POST,   "/v1/attestation",            AUTH_NONE, BODY_JSON,   4 * KIB)
OP(post_activation,       POST,   "/v1/attestation/activate",   AUTH_NONE, BODY_JSON,   4 * KIB)
OP(put_computation,       PUT,    "/v1/computation",            AUTH_KEY,  BODY_JSON,   4 * MIB)
OP(get_computation,       GET,    "/v1/computation",            AUTH_KEY,  BODY_NONE,   0)
OP(delete_computation,    DELETE, "/v1/computation",            AUTH_KEY,  BODY_NONE,   0)
OP(head_algorithm,        HEAD,   "/v1/algorithm",              AUTH_KEY,  BODY_NONE,   0)
OP(put_algorithm,         PUT,    "/v1/algorithm",              AUTH_KEY,  BODY_STREAM, 16 * GIB)
OP(head_requirements,     HEAD,   "/v1/algorithm/requirements", AUTH_KEY,  BODY_NONE,   0)
OP(put_requirements,      PUT,    "/v1/algorithm/requirements", AUTH_KEY,  BODY_STREAM, 64 * MIB)
OP(head_dataset,          HEAD,   "/v1/datasets/{filename}",    AUTH_KEY,  BODY_NONE,   0)
OP(put_dataset,           PUT,    "/v1/datasets/{filename}",    AUTH_KEY,  BODY_STREAM, 1024 * GIB)
OP(post_run,              POST,   "/v1/run",                    AUTH_KEY,  BODY_NONE,   0)
OP(get_result,            GET,    "/v1/result",                 AUTH_KEY,  BODY_NONE,   0)
OP(get_logs,              GET,    "/v1/logs",                   AUTH_KEY,  BODY_NONE,   0)
OP(list_events,           GET,    "/v1/events",                 AUTH_KEY,  BODY_NONE,   0)
/* clang-format on */
