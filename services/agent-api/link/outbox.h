/* What goes out through the share: out/state.json, replaced on every change and every few seconds
 * so that silence means something, and out/events.ndjson with the last events. A thread of its own
 * writes, so that a slow host holds nobody up; what cannot be written is said in the log once and
 * tried again. */
#ifndef COCOS_AGENT_LINK_OUTBOX_H
#define COCOS_AGENT_LINK_OUTBOX_H

#include "lib/base/err.h"
#include "lib/json/json.h"
#include "lib/program/event.h"

/* What the manager takes: more is cut, the oldest events first. */
#define OUTBOX_STATE_MAX  (64 * KIB)
#define OUTBOX_EVENTS_MAX (1 * MIB)

struct outbox;

struct outbox_config {
    const char *share;                    /* the directory that holds out/ */
    struct json *(*encode_state)(void *); /* what GET /v1/state answers, for the outbox to free */
    void *ctx;
    struct event_log *events;
    const char *pin; /* see identity.h */
};

/* Starts the thread; config is copied, what it points to is borrowed. Errors: SYSTEM. */
MUST_USE int outbox_start(const struct outbox_config *config, struct outbox **ret, struct err *err);

/* Something changed. Never blocks for long. */
void outbox_wake(struct outbox *outbox);

/* Replaces another file of out/, beside those of the thread. Errors: SYSTEM. */
MUST_USE int outbox_put(struct outbox *outbox, const char *name, struct span content,
                        struct err *err);

/* Writes a last time and ends the thread. */
void outbox_stop(struct outbox *outbox);

#endif
