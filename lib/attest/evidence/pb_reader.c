#include "lib/attest/evidence/pb_reader.h"

#define FIELD_MAX ((1u << 29) - 1)

struct pb_reader pb_reader_of(struct span message)
{
    return (struct pb_reader){.at = reader_of(message)};
}

/* At most ten bytes, 64 bits, and no zero byte at the end, so that each number has one form. */
static uint64_t read_varint(struct pb_reader *r)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = read_u8(&r->at);

        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            if (byte == 0 && shift > 0)
                break;
            return value;
        }
    }
    r->bad = true;
    return 0;
}

bool pb_next(struct pb_reader *r, struct pb_field *ret)
{
    struct pb_field field = {0};
    uint64_t tag;

    if (r->bad || r->at.short_read || reader_at_end(&r->at))
        return false;
    tag = read_varint(r);
    field.number = (uint32_t)(tag >> 3 & FIELD_MAX);
    field.wire = (enum pb_wire)(tag & 7);
    if (tag >> 32 != 0 || field.number == 0)
        r->bad = true;

    switch (field.wire) {
    case PB_VARINT: field.value = read_varint(r); break;
    case PB_FIXED64: read_skip(&r->at, 8); break;
    case PB_FIXED32: read_skip(&r->at, 4); break;
    case PB_BYTES: field.bytes = read_span(&r->at, read_varint(r)); break;
    default: r->bad = true;
    }
    if (r->bad || r->at.short_read)
        return false;
    *ret = field;
    return true;
}

int pb_check(const struct pb_reader *r, struct err *err)
{
    if (r->bad)
        return err_set(err, ERR_INPUT, "before byte %zu there is no field", r->at.at);
    if (r->at.short_read)
        return err_set(err, ERR_INPUT, "the field at byte %zu ends beyond the message", r->at.at);
    return 0;
}
