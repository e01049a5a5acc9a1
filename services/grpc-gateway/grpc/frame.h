/* Length-prefixed messages: one byte that says whether the message is compressed, four that say how
 * long it is, and the message; read as the bytes come, in pieces of any size, with nothing kept. */
#ifndef COCOS_GATEWAY_GRPC_FRAME_H
#define COCOS_GATEWAY_GRPC_FRAME_H

#include "lib/base/buf.h"

#define GRPC_PREFIX_SIZE 5

struct grpc_frame {
    uint64_t max; /* the largest message that is taken */
    uint8_t prefix[GRPC_PREFIX_SIZE];
    size_t prefix_len;
    uint64_t left; /* of the message under way */
};

enum grpc_piece {
    GRPC_PIECE_NONE,  /* more bytes are needed */
    GRPC_PIECE_BYTES, /* of a message */
    GRPC_PIECE_END    /* the message is complete */
};

/* Takes bytes off the front of *in. Errors: UNSUPPORTED (compressed), TOO_LARGE, MALFORMED. */
MUST_USE int grpc_frame_next(struct grpc_frame *frame, struct span *in, enum grpc_piece *ret,
                             struct span *ret_bytes, struct err *err);

/* No message is under way: here a stream may end. */
bool grpc_frame_is_between(const struct grpc_frame *frame);

/* The prefix of a message of len bytes. */
void grpc_frame_write_prefix(uint8_t prefix[static GRPC_PREFIX_SIZE], uint32_t len);

#endif
