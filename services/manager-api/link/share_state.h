/* What an agent says about itself in out/state.json, and what happened, in out/events.ndjson.
 *
 * Both were written by a guest that nobody has checked: they are read from bounded text with
 * tables, and what does not fit is refused whole. Members that are not known here are left aside,
 * since agents grow. */
#ifndef COCOS_MANAGER_LINK_SHARE_STATE_H
#define COCOS_MANAGER_LINK_SHARE_STATE_H

#include "lib/base/span.h"
#include "lib/computation/state.h"
#include "lib/json/json.h"

#define SHARE_STATE_MAX      (64 * KIB)
#define SHARE_EVENTS_MAX     (1 * MIB)
#define SHARE_EVENT_LINE_MAX (4 * KIB)
#define SHARE_ID_SIZE        65
#define SHARE_PIN_SIZE       64

struct share_state {
    enum state state;
    char computation_id[SHARE_ID_SIZE]; /* "" when there is none */
    char pin[SHARE_PIN_SIZE];           /* "sha256//base64" of the agent's key */
    char failure[SHARE_ID_SIZE];        /* its kind; "" when nothing failed */
    uint64_t seq;
};

/* Reads state.json. The pin must be that of the digest beside it. Errors: MALFORMED, INPUT. */
MUST_USE int share_state_decode(struct span text, struct share_state *ret, struct err *err);

struct share_event {
    uint64_t id;
    char type[32];
    char subject[SHARE_ID_SIZE + 16];
    struct json *data; /* owned; may be NULL */
};

void share_event_release(struct share_event *event);
#define OWNED_SHARE_EVENT __attribute__((cleanup(share_event_release))) struct share_event

/* Reads one line of events.ndjson. Errors: MALFORMED, INPUT, TOO_LARGE. */
MUST_USE int share_event_decode(struct span line, struct share_event *ret, struct err *err);

#endif
