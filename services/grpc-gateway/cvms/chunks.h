/* A run request that comes in pieces (cvms.RunReqChunks): joined by its id until the last one.
 *
 * A server is a stranger: of at most CHUNKS_ORDERS_MAX orders at once pieces are kept, of each at
 * most ORDER_SIZE_MAX bytes, and none that got no piece for 30 seconds. Whatever is refused is
 * refused once, with a reason that can be told; later pieces of it are passed over until its last
 * one. */
#ifndef COCOS_GATEWAY_CVMS_CHUNKS_H
#define COCOS_GATEWAY_CVMS_CHUNKS_H

#include "services/grpc-gateway/cvms/order.h"

#define CHUNKS_ORDERS_MAX 4
#define CHUNKS_ID_MAX     128

struct chunks_order {
    char id[CHUNKS_ID_MAX + 1];
    bool is_used, is_refused;
    int64_t heard_ms;
    struct buf bytes;
};

struct chunks {
    int64_t patience_ms;
    struct chunks_order orders[CHUNKS_ORDERS_MAX];
};

void chunks_init(struct chunks *chunks, int64_t patience_ms);
void chunks_done(struct chunks *chunks);

/* Takes a piece. *ret_whole: the order is complete, and in out, which is emptied. Errors, once an
 * order: TOO_LARGE, TOO_MANY, INPUT (the id). */
MUST_USE int chunks_add(struct chunks *chunks, const Cvms__RunReqChunks *piece, int64_t now_ms,
                        struct buf *out, bool *ret_whole, struct err *err);

/* Gives up an order that got no piece for too long: false when there is none; its id goes to id. */
bool chunks_expire(struct chunks *chunks, int64_t now_ms, char id[static CHUNKS_ID_MAX + 1]);

#endif
