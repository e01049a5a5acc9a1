#include "services/agent-api/api/api.h"

#define METRICS_MAX (1 * MIB)

int api_get_healthz(void *ctx, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct json *json = json_new_object();

    (void)ctx;
    (void)rq;
    (void)err;
    json_set_str(json, "status", "ok");
    httpd_reply_json(reply, 200, json);
    return 0;
}

/* Ready is who can take part in a computation. What the host gave us may rule that out for good. */
int api_get_readyz(void *ctx, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = ctx;
    enum state state = engine_state(app->engine);
    struct manifest *manifest = engine_keep_manifest(app->engine);
    bool ready = state != STATE_IDLE && !(state == STATE_FAILED && manifest == NULL);

    manifest_free(manifest);
    if (!ready)
        return err_set(err, ERR_UNAVAILABLE, "in state %s", state_names[state]);
    return api_get_healthz(ctx, rq, reply, err);
}

int api_get_openapi(void *ctx, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct buf text = BUF_OF(agent_openapi_json_len);

    (void)ctx;
    (void)rq;
    (void)err;
    buf_add(&text, agent_openapi_json, agent_openapi_json_len);
    httpd_reply_bytes(reply, 200, "application/json", &text);
    return 0;
}

int api_get_metrics(void *ctx, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = ctx;
    OWNED_BUF text = BUF_OF(METRICS_MAX);

    (void)rq;
    metric_write(app->metrics, &text);
    if (buf_check(&text, "metrics", err) < 0)
        return -1;
    httpd_reply_bytes(reply, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
    return 0;
}

/* Who passed on tells the state of the process that serves now. */
int api_get_state(void *ctx, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = ctx;
    OWNED_BUF text = BUF_OF(PACT_TEXT_MAX);

    (void)rq;
    if (!atomic_load(&app->passed)) {
        httpd_reply_json(reply, 200, app_encode_state(app));
        return 0;
    }
    if (line_read_state(app->line, &text, err) < 0)
        return -1;
    httpd_reply_bytes(reply, 200, "application/json", &text);
    return 0;
}
