/* Reads a text/event-stream (WHATWG HTML, 9.2.6), fed in pieces of any size.
 *
 * Lines end in LF, CR LF or CR; comments, `retry` and unknown fields are skipped; an event without
 * data is none. The id stays from event to event, as the standard has it. */
#ifndef COCOS_HTTPC_SSE_H
#define COCOS_HTTPC_SSE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define SSE_EVENT_MAX (1 * MIB)
#define SSE_FIELD_MAX 256

struct sse_event {
    const char *id;   /* "" when none was ever said */
    const char *type; /* "message" when not said */
    struct span data; /* lines joined by LF */
};

/* Told for each event, borrowed for the call; -1 with err ends the reading. */
typedef int sse_listener(void *ctx, const struct sse_event *event, struct err *err);

struct sse {
    struct buf line;
    struct buf data;
    char id[SSE_FIELD_MAX];
    char type[SSE_FIELD_MAX];
    bool after_cr; /* an LF that comes now belongs to the CR before it */
    bool has_data;
};

void sse_init(struct sse *sse);
void sse_done(struct sse *sse);
#define OWNED_SSE __attribute__((cleanup(sse_done))) struct sse

/* Forgets what is half read, as after a connection that broke; keeps the id. */
void sse_reset(struct sse *sse);

/* Errors: TOO_LARGE (an event over SSE_EVENT_MAX), and what the listener returns. */
MUST_USE int sse_feed(struct sse *sse, struct span bytes, sse_listener *listener, void *ctx,
                      struct err *err);

#endif
