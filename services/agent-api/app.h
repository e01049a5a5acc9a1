/* The process that serves: its parts, and what holds them together. One of it, made by the worker's
 * main(). */
#ifndef COCOS_AGENT_APP_H
#define COCOS_AGENT_APP_H

#include "lib/httpd/httpd.h"
#include "lib/program/metric.h"
#include "services/agent-api/auth.h"
#include "services/agent-api/engine/engine.h"
#include "services/agent-api/identity/identity.h"
#include "services/agent-api/pact/birth.h"
#include "services/agent-api/pact/line.h"
#include "services/agent-api/story.h"

#include <pthread.h>
#include <stdatomic.h>

struct app {
    struct birth birth;
    struct line *line; /* to the keeper */
    struct identity identity;
    struct key *owner; /* the only one who may set a computation; NULL: anyone */
    struct engine *engine;
    struct auth *auth;
    struct story *story;
    bool muted; /* what happens now happened before, and was told */
    struct metric_registry *metrics;
    struct metric *states;              /* gauge: 1 for the present state */
    struct metric *received;            /* counter: bytes of assets by kind */
    struct metric *failures;            /* counter: failed runs by kind */
    _Atomic(struct httpd *) httpd;      /* NULL until it serves */
    _Atomic(struct httpd *) local;      /* the same for programs of this machine; NULL: none */
    struct httpd_service local_service; /* of it: not counted a second time */

    pthread_mutex_t passing; /* one may hand over at a time */
    atomic_bool passed;      /* another process serves, or is about to */
};

/* What GET /v1/state answers. */
struct json *app_encode_state(void *app);

/* Signs a receipt for the engine. */
int app_witness(void *app, struct receipt *receipt, struct buf *evidence, struct err *err);

/* The engine takes the manifest that the keeper measured, and no other. */
int app_measure(void *app, const struct manifest *manifest, struct err *err);

/* The engine's observer: events, metrics, log, streams and the keeper learn from it. */
void app_observe(void *app, const char *type, const char *subject, struct json *data);

/* Tells the keeper the present state. */
void app_tell_state(struct app *app);

#endif
