/* A file on its way down, cut into messages of 1 MiB whose first field holds the bytes, as existing
 * clients have it; what they want to know before, how large it is, goes into the header. */
#ifndef COCOS_GATEWAY_AGENT_CHUNKS_H
#define COCOS_GATEWAY_AGENT_CHUNKS_H

#include "services/grpc-gateway/grpc/call.h"

struct chunks {
    struct grpc_call *call;
    uint64_t left;    /* of the file */
    uint64_t in_part; /* of the message under way */
    struct span side; /* an encoded field that stands in each message, before the bytes; or empty */
};

/* Announces a file of so many bytes. */
void chunks_begin(struct chunks *chunks, struct grpc_call *call, uint64_t bytes);

/* The next bytes of it; for struct httpc_sink. Errors: INTERNAL (more than announced), what call.h
 * says. */
MUST_USE int chunks_write(void *chunks, struct span bytes, struct err *err);

/* That was all. Errors: INTERNAL (less than announced). */
MUST_USE int chunks_end(const struct chunks *chunks, struct err *err);

#endif
