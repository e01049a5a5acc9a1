#include "services/agent-api/api/api.h"

#include "lib/computation/sealing.h"

#include <strings.h>

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

/* An upload, and what opens its bytes where they come sealed. */
struct arriving {
    struct upload *upload;
    struct opener *opener; /* NULL: they come as they are */
};

static void arriving_free(struct arriving *arriving)
{
    if (arriving == NULL)
        return;
    opener_free(arriving->opener);
    upload_free(arriving->upload);
    free(arriving);
}
DEFINE_OWNED(arriving)

static int write_opened(void *to, struct span bytes, struct err *err)
{
    return upload_write(to, bytes, err);
}

/* What does not open was sealed wrongly, or for somebody else: the sender's fault, like a wrong
 * pin. */
static int fault_of_sender(int result, struct err *err)
{
    if (result < 0 && err->kind == ERR_UNTRUSTED)
        err->kind = ERR_INPUT;
    return result;
}

static int sink_write(void *to, struct span block, struct err *err)
{
    struct arriving *arriving = to;

    return arriving->opener != NULL
               ? fault_of_sender(opener_write(arriving->opener, block, err), err)
               : upload_write(arriving->upload, block, err);
}

static int sink_finish(void *to, struct httpd_reply *reply, struct err *err)
{
    OWNED_OF(arriving) *arriving = to;

    if ((arriving->opener != NULL &&
         fault_of_sender(opener_finish(arriving->opener, err), err) < 0) ||
        upload_finish(arriving->upload, err) < 0)
        return -1;
    httpd_reply_json(reply, 201, upload_encode(arriving->upload));
    return 0;
}

static void sink_abort(void *to)
{
    arriving_free(to);
}

/* --- how it comes --- */

/* As it is, or sealed to this computation's key; the route takes nothing else. */
static bool is_sealed(const struct httpd_request *rq)
{
    const char *coding = httpd_header(rq, "Content-Encoding");

    return coding != NULL && strcasecmp(coding, SEAL_CODING) == 0;
}

/* A key is sealed to for a computation: there is none before. */
int api_get_seal_key(void *ctx, struct httpd_request *rq, struct httpd_reply *reply,
                     struct err *err)
{
    struct app *app = ctx;
    OWNED_MANIFEST *manifest = engine_keep_manifest(app->engine);
    struct json *json;

    (void)rq;
    if (manifest == NULL)
        return err_set(err, ERR_STATE, "there is no computation that anything could be sealed to");
    json = json_new_object();
    json_set_base64(json, "chain", buf_span(&app->identity.chains[IDENTITY_SEAL]));
    httpd_reply_json(reply, 200, json);
    return 0;
}

static int begin_opening(const struct app *app, const struct manifest *manifest,
                         struct arriving *arriving, struct err *err)
{
    const struct key *own = app->identity.keys[IDENTITY_SEAL];
    char context[SEALING_CONTEXT_SIZE];
    struct seal_terms terms = {&own, 1};

    sealing_context(SEALING_UPLOAD, manifest->sha256, context);
    terms.context = span_of_str(context);
    return opener_new(&terms, write_opened, arriving->upload, &arriving->opener, err);
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
    const struct manifest *manifest = auth_caller(rq)->manifest;
    OWNED_OF(arriving) *arriving = mem_new(struct arriving);

    if (check_whole(rq, err) < 0 ||
        upload_begin(app->engine, manifest, &asset, announced, &arriving->upload, err) < 0 ||
        (is_sealed(rq) && begin_opening(app, manifest, arriving, err) < 0))
        return -1;
    *ret = (struct httpd_sink){GIVE(arriving), sink_write, sink_finish, sink_abort};
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
