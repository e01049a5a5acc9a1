/* A message of protobuf read as its bytes come, for messages that are too large to be kept: what a
 * field of bytes holds is handed on in pieces of any size.
 *
 * Fields of other kinds (numbers) are passed over, as are unknown ones; groups and what is no wire
 * format (https://protobuf.dev/programming-guides/encoding) is refused. */
#ifndef COCOS_GATEWAY_PROTO_FIELDS_H
#define COCOS_GATEWAY_PROTO_FIELDS_H

#include "lib/base/err.h"
#include "lib/base/span.h"

struct proto_fields {
    enum { PROTO_AT_TAG, PROTO_AT_VARINT, PROTO_AT_LENGTH, PROTO_AT_FIXED, PROTO_AT_BYTES } at;
    uint64_t value; /* the number that is being read */
    unsigned shift;
    uint32_t number; /* of the field under way */
    uint64_t left;   /* of its bytes */
};

struct proto_piece {
    uint32_t number;   /* 0: more bytes are needed */
    struct span bytes; /* may be empty: a field that is, and at the end of each */
    bool is_end;       /* of the field */
};

/* Takes bytes off the front of *in. A struct of zeros is the beginning of a message. Errors:
 * MALFORMED. */
MUST_USE int proto_fields_next(struct proto_fields *fields, struct span *in,
                               struct proto_piece *ret, struct err *err);

/* The message ends here: all is zero again. Errors: MALFORMED, within a field. */
MUST_USE int proto_fields_end(struct proto_fields *fields, struct err *err);

#endif
