#include "lib/attest/evidence/pb_writer.h"

#include "lib/attest/evidence/pb_reader.h"

static void add_varint(struct buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buf_add_u8(out, (uint8_t)(value | 0x80));
    buf_add_u8(out, (uint8_t)value);
}

void pb_add_number(struct buf *out, uint32_t field, uint64_t value)
{
    add_varint(out, (uint64_t)field << 3 | PB_VARINT);
    add_varint(out, value);
}

void pb_add_bytes(struct buf *out, uint32_t field, struct span bytes)
{
    if (bytes.len == 0)
        return;
    add_varint(out, (uint64_t)field << 3 | PB_BYTES);
    add_varint(out, bytes.len);
    buf_add_span(out, bytes);
}
