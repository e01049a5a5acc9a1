#include "services/agent-api/api/api.h"

#include "lib/crypto/seal.h"

#include <stdio.h>

/* --- result --- */

/* Who is fetching, until the last byte went out. */
struct fetching {
    struct engine *engine;
    struct manifest *manifest; /* a reference */
    uint8_t identity[SHA256_SIZE];
};

static void fetching_sent(void *ctx, uint64_t from, uint64_t to)
{
    const struct fetching *fetching = ctx;

    engine_note_sent(fetching->engine, fetching->manifest, fetching->identity, from, to);
}

/* The gateway has it, and says later when his client does. */
static void fetching_relayed(void *ctx, uint64_t from, uint64_t to)
{
    (void)ctx;
    (void)from;
    (void)to;
}

static void fetching_release(void *ctx)
{
    struct fetching *fetching = ctx;

    manifest_free(fetching->manifest);
    free(fetching);
}

int api_get_result(void *ctx, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = ctx;
    const struct caller *caller = auth_caller(rq);
    struct engine_result result;
    const char *delivered = httpd_is_local(rq) ? httpd_header(rq, "Cocos-Delivered") : NULL;
    struct fetching *fetching;
    struct httpd_file file;

    if (engine_open_result(app->engine, caller->manifest, caller->identity, &result, err) < 0)
        return -1;
    fetching = mem_new(struct fetching);
    fetching->engine = app->engine;
    fetching->manifest = manifest_keep(caller->manifest);
    memcpy(fetching->identity, caller->identity, SHA256_SIZE);

    file = (struct httpd_file){
        .fd = result.fd,
        .size = result.size,
        .media_type = "application/zip",
        .sent = delivered != NULL ? fetching_relayed : fetching_sent,
        .release = fetching_release,
        .ctx = fetching,
    };
    snprintf(file.etag, sizeof(file.etag), "%s", result.etag);
    if (delivered != NULL && strcmp(delivered, "all") == 0)
        fetching_sent(fetching, 0, result.size);
    httpd_reply_header(reply, "Content-Disposition", "attachment; filename=\"result.zip\"");
    if (result.is_sealed)
        httpd_reply_header(reply, "Content-Encoding", SEAL_CODING);
    httpd_reply_file(reply, &file);
    return 0;
}

/* --- receipt --- */

int api_get_receipt(void *ctx, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = ctx;
    OWNED_BUF text = BUF_OF(RECEIPT_TEXT_MAX);

    if (engine_read_receipt(app->engine, auth_caller(rq)->manifest, &text, err) < 0)
        return -1;
    httpd_reply_bytes(reply, 200, "application/json", &text);
    return 0;
}

int api_get_receipt_evidence(void *ctx, struct httpd_request *rq, struct httpd_reply *reply,
                             struct err *err)
{
    struct app *app = ctx;
    OWNED_BUF text = BUF_OF(ENGINE_EVIDENCE_MAX);

    if (engine_read_evidence(app->engine, auth_caller(rq)->manifest, &text, err) < 0)
        return -1;
    httpd_reply_bytes(reply, 200, "application/json", &text);
    return 0;
}

/* --- logs --- */

int api_get_logs(void *ctx, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = ctx;
    OWNED_BUF text = BUF_OF(0);

    if (engine_read_log(app->engine, auth_caller(rq)->manifest, &text, err) < 0)
        return -1;
    httpd_reply_bytes(reply, 200, "text/plain", &text);
    return 0;
}

/* --- events --- */

struct listening {
    struct story *story;
    struct manifest *manifest; /* a reference: that of the computation he was admitted to */
    uint64_t before;           /* where its events begin; two may have one manifest */
};

static int listening_next(void *ctx, uint64_t *id, struct buf *out)
{
    const struct listening *listening = ctx;

    return story_next(listening->story, listening->manifest, listening->before, id, out);
}

static void listening_release(void *ctx)
{
    struct listening *listening = ctx;

    manifest_free(listening->manifest);
    free(listening);
}

int api_list_events(void *ctx, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = ctx;
    struct manifest *manifest = auth_caller(rq)->manifest;
    uint64_t after = httpd_last_event_id(rq), before;
    struct listening *listening;
    struct httpd_events events = {.next = listening_next, .release = listening_release};

    engine_tell(app->engine);
    if (story_find(app->story, manifest, &before, err) < 0)
        return -1;
    listening = mem_new(struct listening);
    listening->story = app->story;
    listening->manifest = manifest_keep(manifest);
    listening->before = before;
    events.after = after > before ? after : before;
    events.ctx = listening;
    httpd_reply_events(reply, &events);
    return 0;
}
