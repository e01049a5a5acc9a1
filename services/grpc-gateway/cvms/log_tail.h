/* The agent gives the end of what an algorithm said, again and again; this finds what is new in it,
 * line by line. When lines fell out between two looks, a line says so. */
#ifndef COCOS_GATEWAY_CVMS_LOG_TAIL_H
#define COCOS_GATEWAY_CVMS_LOG_TAIL_H

#include "lib/base/buf.h"

struct log_tail {
    uint64_t told;   /* bytes of the log that lines were made of */
    struct buf line; /* the one that has no end yet */
};

void log_tail_init(struct log_tail *tail);
void log_tail_done(struct log_tail *tail);

typedef void log_tail_listener(void *ctx, struct span line);

/* kept: what GET /v1/logs answers, which may begin with "[N bytes before this are not kept]". A
 * last line without its end is told when it has one, or is longer than 4 KiB. */
void log_tail_feed(struct log_tail *tail, struct span kept, log_tail_listener *listener, void *ctx);

/* The line that has no end: there will be none. */
void log_tail_flush(struct log_tail *tail, log_tail_listener *listener, void *ctx);

#endif
