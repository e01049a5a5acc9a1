/* What goes out through the share: out/state.json, replaced on every change and every few seconds
 * so that silence means something, and out/events.ndjson with the last events. A thread of its own
 * writes, so that a slow host holds nobody up; what cannot be written is said in the log once and
 * tried again.
 *
 * State and events are texts of the process that serves, and are passed on as they are: to the
 * state goes in front when it was written, its number, and the key that clients see. */
#ifndef COCOS_AGENT_LINK_OUTBOX_H
#define COCOS_AGENT_LINK_OUTBOX_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* What the manager takes: more is cut, the oldest events first. */
#define OUTBOX_STATE_MAX   (64 * KIB)
#define OUTBOX_EVENTS_MAX  (1 * MIB)
#define OUTBOX_EVENTS_KEPT 1000
#define OUTBOX_PIN_SIZE    64

struct outbox;

/* Starts the thread for the share at a directory, which holds out/. Nothing is written before there
 * is a state. Errors: SYSTEM. */
MUST_USE int outbox_start(const char *share, struct outbox **ret, struct err *err);

/* What GET /v1/state answers, a JSON object, and the pin of the key (identity.h); copied. What is
 * no object, or too long to go out, is left out. Never blocks for long; outbox may be NULL. */
void outbox_set_state(struct outbox *outbox, struct span state, const char *pin);

/* An event, as a line of JSON without its end; copied. outbox may be NULL. */
void outbox_add_event(struct outbox *outbox, struct span line);

/* Replaces another file of out/, beside those of the thread. Errors: SYSTEM. */
MUST_USE int outbox_put(struct outbox *outbox, const char *name, struct span content,
                        struct err *err);

/* Writes a last time and ends the thread. */
void outbox_stop(struct outbox *outbox);

#endif
