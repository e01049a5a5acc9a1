#include "lib/base/reader.h"

struct reader reader_of(struct span in)
{
    return (struct reader){.in = in};
}

struct span read_span(struct reader *r, uint64_t len)
{
    struct span taken;

    if (r->short_read || len > r->in.len - r->at) {
        r->short_read = true;
        return span_of(NULL, 0);
    }
    taken = span_part(r->in, r->at, (size_t)len);
    r->at += (size_t)len;
    return taken;
}

void read_bytes(struct reader *r, void *to, size_t len)
{
    struct span from = read_span(r, len);

    if (from.len == len && len > 0)
        memcpy(to, from.data, len);
    else
        memset(to, 0, len);
}

void read_skip(struct reader *r, uint64_t len)
{
    (void)read_span(r, len);
}

static uint64_t read_le(struct reader *r, size_t width)
{
    struct span bytes = read_span(r, width);
    uint64_t value = 0;

    for (size_t i = bytes.len; i > 0; i--)
        value = value << 8 | bytes.data[i - 1];
    return value;
}

static uint64_t read_be(struct reader *r, size_t width)
{
    struct span bytes = read_span(r, width);
    uint64_t value = 0;

    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | bytes.data[i];
    return value;
}

uint8_t read_u8(struct reader *r)
{
    return (uint8_t)read_le(r, 1);
}

uint16_t read_le16(struct reader *r)
{
    return (uint16_t)read_le(r, 2);
}

uint32_t read_le32(struct reader *r)
{
    return (uint32_t)read_le(r, 4);
}

uint64_t read_le64(struct reader *r)
{
    return read_le(r, 8);
}

uint16_t read_be16(struct reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t read_be24(struct reader *r)
{
    return (uint32_t)read_be(r, 3);
}

uint32_t read_be32(struct reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t read_be64(struct reader *r)
{
    return read_be(r, 8);
}

struct span reader_rest(const struct reader *r)
{
    return span_part(r->in, r->at, r->in.len);
}

bool reader_at_end(const struct reader *r)
{
    return r->at == r->in.len;
}
