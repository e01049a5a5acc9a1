/* The bytes of an upload on their way from a stream of messages to a request of HTTP.
 *
 * Messages have two fields: the body, which is handed on as it comes, and a smaller one beside it
 * (the requirements of an algorithm, the name of a dataset) that must be known before. In a message
 * the body stands first, so the body bytes of the first message that has any are laid aside, in a
 * file in memory; from then on nothing is kept but what the stream's window holds. */
#ifndef COCOS_GATEWAY_AGENT_RELAY_H
#define COCOS_GATEWAY_AGENT_RELAY_H

#include "services/grpc-gateway/agent/budget.h"
#include "services/grpc-gateway/proto/fields.h"

struct relay {
    struct grpc_call *call;
    struct budget *budget;             /* for what is laid aside */
    uint64_t held;                     /* of it */
    uint32_t body_number, side_number; /* the fields' */
    bool side_is_name;                 /* the same again and again, not parts of one whole */
    struct buf side;                   /* what was said of it */

    struct proto_fields fields;
    struct buf said;     /* of the side field under way */
    struct span rest;    /* of the message's bytes at hand */
    struct span pending; /* of the body bytes at hand */
    int spool;
    uint64_t spooled, unspooled;
    bool is_flowing, has_ended;
};

/* What a call whose side field is kept whole holds of the budget: the part under way and all before
 * it, and a message. */
#define RELAY_WHOLE_SIDE(side_max) (2 * (side_max) + GRPC_MESSAGE_MAX)

/* call and budget are borrowed; side_max bounds the side field. */
void relay_init(struct relay *relay, struct grpc_call *call, struct budget *budget,
                size_t side_max);
void relay_done(struct relay *relay);
#define OWNED_RELAY __attribute__((cleanup(relay_done))) struct relay

/* Reads until the side field is known and the body begins. Errors: MALFORMED, INPUT (no body),
 * TOO_LARGE. */
MUST_USE int relay_begin(struct relay *relay, struct err *err);

/* The body, for struct httpc_upload. Errors: also INPUT, when the side field changes. */
MUST_USE int relay_read(void *relay, void *to, size_t room, size_t *ret_len, struct err *err);

#endif
