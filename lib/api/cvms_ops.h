/* The operations of the front of the try-out computation server: name, method, path, who, body,
 * largest body. Included several times with different meanings of OP; no include guard on purpose.
 */
/* clang-format off */
OP(get_healthz,        GET,    "/healthz",                     AUTH_NONE,     BODY_NONE, 0)
OP(get_openapi,        GET,    "/openapi.json",                AUTH_NONE,     BODY_NONE, 0)
OP(list_agents,        GET,    "/v1/agents",                   AUTH_OPERATOR, BODY_NONE, 0)
OP(get_agent,          GET,    "/v1/agents/{id}",              AUTH_OPERATOR, BODY_NONE, 0)
OP(get_agent_state,    GET,    "/v1/agents/{id}/state",        AUTH_OPERATOR, BODY_NONE, 0)
OP(put_computation,    PUT,    "/v1/agents/{id}/computation",  AUTH_OPERATOR, BODY_JSON, 4 * MIB)
OP(delete_computation, DELETE, "/v1/agents/{id}/computation",  AUTH_OPERATOR, BODY_NONE, 0)
OP(list_agent_events,  GET,    "/v1/agents/{id}/events",       AUTH_OPERATOR, BODY_NONE, 0)
/* clang-format on */
