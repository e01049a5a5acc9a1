#include "services/agent-api/api/api.h"

/* --- may it be sent? --- */

static int head(struct app *app, struct httpd_request *rq, enum asset_kind kind,
                struct httpd_reply *reply, struct err *err)
{
    const struct engine_asset asset = {kind, httpd_param(rq, "filename")};

    if (engine_check_asset(app->engine, auth_caller(rq)->manifest, &asset, err) < 0)
        return -1;
    httpd_reply_empty(reply, 200);
    return 0;
}

int api_head_algorithm(void *ctx, struct httpd_request *rq, struct httpd_reply *reply,
                       struct err *err)
{
    return head(ctx, rq, ASSET_ALGORITHM, reply, err);
}

int api_head_requirements(void *ctx, struct httpd_request *rq, struct httpd_reply *reply,
                          struct err *err)
{
    return head(ctx, rq, ASSET_REQUIREMENTS, reply, err);
}

int api_head_dataset(void *ctx, struct httpd_request *rq, struct httpd_reply *reply,
                     struct err *err)
{
    return head(ctx, rq, ASSET_DATASET, reply, err);
}

/* --- it is sent --- */

static int sink_write(void *to, struct span block, struct err *err)
{
    return upload_write(to, block, err);
}

static int sink_finish(void *to, struct httpd_reply *reply, struct err *err)
{
    OWNED_OF(upload) *upload = to;

    if (upload_finish(upload, err) < 0)
        return -1;
    httpd_reply_json(reply, 201, upload_encode(upload));
    return 0;
}

static void sink_abort(void *to)
{
    upload_free(to);
}

/* Resuming an upload is named by the contract and not served yet: nothing is taken for a whole that
 * was announced as a part. */
static int check_whole(const struct httpd_request *rq, struct err *err)
{
    const char *complete = httpd_header(rq, "Upload-Complete");

    if (complete != NULL && strcmp(complete, "?1") != 0)
        return err_set(err, ERR_UNSUPPORTED, "uploads in parts: not available yet");
    return 0;
}

static int open_sink(struct app *app, struct httpd_request *rq, enum asset_kind kind,
                     uint64_t announced, struct httpd_sink *ret, struct err *err)
{
    const struct engine_asset asset = {kind, httpd_param(rq, "filename")};
    struct upload *upload = NULL;

    if (check_whole(rq, err) < 0 ||
        upload_begin(app->engine, auth_caller(rq)->manifest, &asset, announced, &upload, err) < 0)
        return -1;
    *ret = (struct httpd_sink){upload, sink_write, sink_finish, sink_abort};
    return 0;
}

int api_put_algorithm(void *ctx, struct httpd_request *rq, uint64_t announced,
                      struct httpd_sink *ret, struct err *err)
{
    return open_sink(ctx, rq, ASSET_ALGORITHM, announced, ret, err);
}

int api_put_requirements(void *ctx, struct httpd_request *rq, uint64_t announced,
                         struct httpd_sink *ret, struct err *err)
{
    return open_sink(ctx, rq, ASSET_REQUIREMENTS, announced, ret, err);
}

int api_put_dataset(void *ctx, struct httpd_request *rq, uint64_t announced, struct httpd_sink *ret,
                    struct err *err)
{
    return open_sink(ctx, rq, ASSET_DATASET, announced, ret, err);
}
