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

    json_set_str(json, "platform", app->machine.platform);
    json_set_hex(json, "spki_sha256", SPAN_OF_ARRAY(app->identity.spki_sha256));
    return json;
}

int app_measure(void *ctx, const struct manifest *manifest, struct err *err)
{
    struct app *app = ctx;
    OWNED_BUF sha256 = BUF_OF(SHA256_SIZE);

    if (text_decode_hex(span_of_str(manifest->sha256), &sha256, err) < 0)
        return -1;
    return desk_measure(app->desk, RUN_MANIFEST, sha256.data, err);
}

int app_witness(void *ctx, struct receipt *receipt, struct buf *evidence, struct err *err)
{
    const struct app *app = ctx;
    const struct identity *identity = &app->identity;
    const struct witness witness = {
        .desk = app->desk,
        .signer = identity->keys[IDENTITY_RECEIPT],
        .chain = buf_span(&identity->chains[IDENTITY_RECEIPT]),
        .server = identity->spki_sha256,
        .server_chain = buf_span(&identity->chains[IDENTITY_TLS]),
        .root = layers_root(app->layers),
    };

    return witness_sign(&witness, receipt, evidence, err);
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

void app_observe(void *ctx, const char *type, const char *subject, struct json *data)
{
    struct app *app = ctx;
    struct json *fields = json_new_object();

    json_set_str(fields, "event", type);
    json_set_str(fields, "computation", subject);
    json_set(fields, "data", data != NULL ? json_new_copy(data) : NULL);
    log_with(LOG_INFO, "event", fields);
    count(app, type, data);

    story_add(app->story, clock_now(), type, subject, data);
    outbox_wake(app->outbox);
    wake(atomic_load(&app->httpd));
    wake(atomic_load(&app->local));
}
