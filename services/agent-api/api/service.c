#include "services/agent-api/api/api.h"
#include "services/agent-api/passage.h"

#include "lib/crypto/seal.h"

#define ROUTE(name)                                                                                \
    {                                                                                              \
        &agent_ops[AGENT_OP_##name], api_##name, NULL                                              \
    }
#define STREAM(name)                                                                               \
    {                                                                                              \
        &agent_ops[AGENT_OP_##name], NULL, api_##name, SEAL_CODING                                 \
    }

static const struct httpd_route routes[] = {
    ROUTE(get_healthz),       ROUTE(get_readyz),
    ROUTE(get_openapi),       ROUTE(get_metrics),
    ROUTE(get_state),         ROUTE(post_attestation),
    ROUTE(post_activation),   ROUTE(put_computation),
    ROUTE(get_computation),   ROUTE(delete_computation),
    ROUTE(head_algorithm),    STREAM(put_algorithm),
    ROUTE(head_requirements), STREAM(put_requirements),
    ROUTE(head_dataset),      STREAM(put_dataset),
    ROUTE(post_run),          ROUTE(get_result),
    ROUTE(get_logs),          ROUTE(list_events),
    ROUTE(get_receipt),       ROUTE(get_receipt_evidence),
    ROUTE(get_seal_key),      ROUTE(get_ima),
};

_Static_assert(COUNT_OF(routes) == AGENT_OP_COUNT, "every operation of the contract has a route");

static int admit(void *ctx, struct httpd_request *rq, struct err *err)
{
    struct app *app = ctx;

    return passage_check(app, err) < 0 ? -1 : auth_admit(app->auth, rq, err);
}

struct httpd_service api_service(struct app *app)
{
    return (struct httpd_service){
        .app = app,
        .routes = routes,
        .route_count = COUNT_OF(routes),
        .admit = admit,
        .realm = "cocos-agent",
        .cors_origins = "",
        .metrics = app->metrics,
    };
}
