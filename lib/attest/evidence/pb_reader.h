/* The wire format of protocol buffers, as much of it as evidence uses. Private to evidence/.
 *
 *     struct pb_field field;
 *     struct pb_reader r = pb_reader_of(message);
 *     while (pb_next(&r, &field))
 *         ...
 *     if (pb_check(&r, err) < 0)
 */
#ifndef COCOS_ATTEST_EVIDENCE_PB_READER_H
#define COCOS_ATTEST_EVIDENCE_PB_READER_H

#include "lib/base/err.h"
#include "lib/base/reader.h"

enum pb_wire { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

struct pb_field {
    uint32_t number;
    enum pb_wire wire;
    uint64_t value;    /* PB_VARINT */
    struct span bytes; /* PB_BYTES */
};

struct pb_reader {
    struct reader at;
    bool bad; /* a tag or number that cannot be */
};

struct pb_reader pb_reader_of(struct span message);

/* The next field; false at the end and when the message is malformed. */
bool pb_next(struct pb_reader *r, struct pb_field *ret);

/* 0 at the end of a well-formed message; INPUT with the offset otherwise. */
MUST_USE int pb_check(const struct pb_reader *r, struct err *err);

#endif
