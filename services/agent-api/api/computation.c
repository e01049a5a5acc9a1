#include "services/agent-api/api/api.h"
#include "services/agent-api/passage.h"

static struct json *encode_computation(const struct manifest *manifest)
{
    struct json *json = json_new_object();

    json_set_str(json, "computation_id", manifest->id);
    json_set_str(json, "manifest_sha256", manifest->sha256);
    return json;
}

int api_put_computation(void *ctx, struct httpd_request *rq, struct httpd_reply *reply,
                        struct err *err)
{
    struct app *app = ctx;
    OWNED_MANIFEST *manifest = NULL;

    /* The state first: a signature that is checked costs a place in the set of nonces. */
    if (manifest_decode(httpd_json(rq), &manifest, err) < 0 ||
        engine_check_manifest(app->engine, manifest, err) < 0 ||
        state_check(engine_state(app->engine), DEED_SET_COMPUTATION, err) < 0 ||
        auth_check_owner(app->auth, rq, manifest, err) < 0 ||
        passage_hand_over(app, manifest, err) < 0)
        return -1;
    httpd_reply_header(reply, "Connection", "close"); /* the other process has another key */
    httpd_reply_header(reply, "Location", "/v1/computation");
    httpd_reply_json(reply, 201, encode_computation(manifest));
    return 0;
}

int api_get_computation(void *ctx, struct httpd_request *rq, struct httpd_reply *reply,
                        struct err *err)
{
    const struct manifest *manifest = auth_caller(rq)->manifest;

    (void)ctx;
    (void)err;
    httpd_reply_header(reply, "Cocos-Computation", manifest->sha256);
    httpd_reply_json(reply, 200, json_new_copy(manifest->document));
    return 0;
}

int api_delete_computation(void *ctx, struct httpd_request *rq, struct httpd_reply *reply,
                           struct err *err)
{
    struct app *app = ctx;

    if (engine_wipe(app->engine, auth_caller(rq)->manifest, err) < 0 || passage_end(app, err) < 0)
        return -1;
    httpd_reply_header(reply, "Connection", "close");
    httpd_reply_empty(reply, 204);
    return 0;
}

int api_post_run(void *ctx, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = ctx;

    if (engine_run(app->engine, auth_caller(rq)->manifest, err) < 0)
        return -1;
    httpd_reply_json(reply, 202, app_encode_state(app));
    return 0;
}
