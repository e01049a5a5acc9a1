/* Makes unified kernel images: a PE file of sections that hold whatever a test puts there. */
#ifndef COCOS_TESTS_ATTEST_UKI_MAKE_H
#define COCOS_TESTS_ATTEST_UKI_MAKE_H

#include "lib/base/buf.h"

#include <string.h>

#define UKI_HEADERS 0x400
#define UKI_MAX     (64 * KIB)

static inline void uki_put(struct buf *out, size_t at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        out->data[at + i] = (uint8_t)(value >> (8 * i));
}

/* A PE32+ file without sections. */
static inline void uki_make(struct buf *out)
{
    memset(buf_grow(out, UKI_HEADERS), 0, UKI_HEADERS);
    memcpy(out->data, "MZ", 2);
    uki_put(out, 0x3c, 0x40, 4);
    memcpy(out->data + 0x40, "PE\0\0", 4);
    uki_put(out, 0x40 + 20, 0xf0, 2);
    uki_put(out, 0x58, 0x20b, 2);
    uki_put(out, 0x58 + 60, UKI_HEADERS, 4);
    uki_put(out, 0x58 + 108, 16, 4);
}

/* One more section, its data padded to 512 bytes. */
static inline void uki_add(struct buf *out, const char *name, struct span data, size_t in_memory)
{
    size_t count = out->data[0x46]++, row = 0x58 + 0xf0 + count * 40, at = out->len;

    memcpy(out->data + row, name, strlen(name));
    uki_put(out, row + 8, in_memory, 4);
    buf_add_span(out, data);
    while (out->len % 512 != 0)
        buf_add_u8(out, 0xee);
    uki_put(out, row + 16, out->len - at, 4);
    uki_put(out, row + 20, at, 4);
}

#endif
