#include "services/agent-api/app.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/program/log.h"
#include "services/agent-api/witness.h"

#include <stdio.h>

struct json *app_encode_state(void *ctx)
{
    struct app *app = ctx;
    struct json *json = engine_encode_state(app->engine);

    json_set_str(json, "platform", app->birth.platform);
    json_set_hex(json, "spki_sha256", SPAN_OF_ARRAY(app->identity.spki_sha256));
    return json;
}

int app_witness(void *ctx, struct receipt *receipt, struct buf *evidence, struct err *err)
{
    const struct app *app = ctx;
    const struct witness witness = {
        .line = app->line,
        .signer = app->identity.keys[IDENTITY_RECEIPT],
        .chain = buf_span(&app->identity.chains[IDENTITY_RECEIPT]),
    };

    return witness_sign(&witness, receipt, evidence, err);
}

int app_measure(void *ctx, const struct manifest *manifest, struct err *err)
{
    const struct app *app = ctx;
    char measured[2 * SHA256_SIZE + 1];

    text_hex(app->birth.manifest_sha256.data, SHA256_SIZE, measured);
    if (strcmp(measured, manifest->sha256) == 0)
        return 0;
    return err_set(err, ERR_UNTRUSTED, "the manifest is %s, and %s was measured", manifest->sha256,
                   measured);
}

/* The names of many awaited datasets may be too much: then they are left out, and only there. */
static void shorten(struct json *state, struct buf *text)
{
    struct json *awaiting = json_new_copy(json_get(state, "awaiting"));

    json_set(awaiting, "datasets", json_new_array());
    json_set(state, "awaiting", awaiting);
    buf_reset(text);
    json_write(state, text);
}

void app_tell_state(struct app *app)
{
    OWNED_JSON *state = app_encode_state(app);
    OWNED_BUF text = BUF_OF(PACT_TEXT_MAX - KIB); /* the keeper puts something in front */

    json_write(state, &text);
    if (text.overflow)
        shorten(state, &text);
    line_tell(app->line, PACT_STATE, buf_span(&text));
}

static void count_state(struct app *app, const struct json *data)
{
    const char *names[] = {json_get_str(data, "from"), json_get_str(data, "to")};

    for (int i = 0; i < 2; i++) {
        char label[64];

        snprintf(label, sizeof(label), "state=\"%s\"", names[i]);
        metric_set(app->states, label, i);
    }
}

static void count(struct app *app, const char *type, const struct json *data)
{
    char label[64];

    if (strcmp(type, "state") == 0) {
        count_state(app, data);
    } else if (strcmp(type, "failure") == 0) {
        snprintf(label, sizeof(label), "kind=\"%s\"", json_get_str(data, "kind"));
        metric_add(app->failures, label, 1);
    } else if (json_get(data, "asset") != NULL) {
        snprintf(label, sizeof(label), "asset=\"%s\"", type);
        metric_add(app->received, label, (double)json_get_int(data, "bytes"));
    }
}

static void wake(struct httpd *httpd)
{
    if (httpd != NULL)
        httpd_wake(httpd);
}

static void tell_event(struct app *app, uint64_t id)
{
    OWNED_BUF line = BUF_OF(PACT_TEXT_MAX);

    event_log_write_line(story_log(app->story), id, &line);
    line_tell(app->line, PACT_EVENT, buf_span(&line));
}

void app_observe(void *ctx, const char *type, const char *subject, struct json *data)
{
    struct app *app = ctx;
    struct json *fields;

    if (app->muted) {
        json_free(data);
        return;
    }
    fields = json_new_object();
    json_set_str(fields, "event", type);
    json_set_str(fields, "computation", subject);
    json_set(fields, "data", data != NULL ? json_new_copy(data) : NULL);
    log_with(LOG_INFO, "event", fields);
    count(app, type, data);

    tell_event(app, story_add(app->story, clock_now(), type, subject, data));
    if (app->engine != NULL) /* it is just being made otherwise */
        app_tell_state(app);
    wake(atomic_load(&app->httpd));
    wake(atomic_load(&app->local));
}
