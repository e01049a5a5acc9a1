/* The agent: its parts, and what holds them together. One of it, made by main(). */
#ifndef COCOS_AGENT_APP_H
#define COCOS_AGENT_APP_H

#include "lib/httpd/httpd.h"
#include "lib/program/metric.h"
#include "services/agent-api/auth.h"
#include "services/agent-api/config.h"
#include "services/agent-api/engine/engine.h"
#include "services/agent-api/identity/layers.h"
#include "services/agent-api/link/outbox.h"
#include "services/agent-api/story.h"
#include "services/agent-api/machine.h"

#include <stdatomic.h>

struct app {
    struct config config;
    struct machine machine;
    struct desk *desk;
    struct layers *layers;
    struct identity identity;
    struct engine *engine;
    struct auth *auth;
    struct story *story;
    struct metric_registry *metrics;
    struct metric *states;              /* gauge: 1 for the present state */
    struct metric *received;            /* counter: bytes of assets by kind */
    struct metric *failures;            /* counter: failed runs by kind */
    _Atomic(struct httpd *) httpd;      /* NULL until it serves */
    _Atomic(struct httpd *) local;      /* the same for programs of this machine; NULL: none */
    struct httpd_service local_service; /* of it: not counted a second time */
    struct outbox *outbox;              /* NULL without a share */
};

/* What GET /v1/state answers. */
struct json *app_encode_state(void *app);

/* Signs a receipt for the engine. */
int app_witness(void *app, struct receipt *receipt, struct buf *evidence, struct err *err);

/* Measures a manifest for the engine. */
int app_measure(void *app, const struct manifest *manifest, struct err *err);

/* The engine's observer: events, metrics, log, streams and the share learn from it. */
void app_observe(void *app, const char *type, const char *subject, struct json *data);

#endif
