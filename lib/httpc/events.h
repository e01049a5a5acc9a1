/* Listens to a stream of events, and takes it up again where it broke off. */
#ifndef COCOS_HTTPC_EVENTS_H
#define COCOS_HTTPC_EVENTS_H

#include "lib/httpc/httpc.h"
#include "lib/httpc/sse.h"

struct httpc_events {
    const char *after; /* only events after this id; NULL or "": from the first that is kept */
    bool follow;       /* wait for more, for ever; otherwise end when no more is there */
    sse_listener *listener;
    /* Told when the connection broke and will be tried again; may be NULL. */
    void (*broke)(void *ctx, const struct err *why, unsigned pause_ms);
    void *ctx;
};

/* Reads events of call's operation. A follower that once was connected tries again after a pause,
 * with Last-Event-ID, until it is stopped or was refused or eight attempts in a row failed. Errors:
 * as httpc_perform(), and what the listener returns. */
MUST_USE int httpc_listen(struct httpc *client, const struct httpc_call *call,
                          const struct httpc_events *events, struct err *err);

#endif
