/* Makes firmware files as edk2 lays them out: an outer volume with one packed file, in it the two
 * volumes that a VM measures. */
#ifndef COCOS_TESTS_ATTEST_FIRMWARE_MAKE_H
#define COCOS_TESTS_ATTEST_FIRMWARE_MAKE_H

#include "tests/unit/lzma/lzma_make.h"

#include <string.h>

#define MADE_MAX (16 * MIB)

/* GUIDs as they lie in memory: the volumes' names, and what packs them. */
static const uint8_t made_pei[16] = {0x9b, 0x07, 0x38, 0x69, 0x03, 0xb5, 0x3d, 0x4e,
                                     0x9d, 0x24, 0xb2, 0x83, 0x37, 0xa2, 0x58, 0x06};
static const uint8_t made_dxe[16] = {0xc9, 0xbd, 0xb8, 0x7c, 0xeb, 0xf8, 0x34, 0x4f,
                                     0xaa, 0xea, 0x3e, 0xe4, 0xaf, 0x65, 0x16, 0xa1};
static const uint8_t made_packer[16] = {0x98, 0x58, 0x4e, 0xee, 0x14, 0x39, 0x59, 0x42,
                                        0x9d, 0x6e, 0xdc, 0x7b, 0xd7, 0x94, 0x03, 0xcf};

static inline void made_put(struct buf *out, size_t at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        out->data[at + i] = (uint8_t)(value >> (8 * i));
}

/* A volume with an extended header that names it, filled up to size with `fill`. */
static inline void make_volume(struct buf *out, const uint8_t name[static 16], struct span files,
                               size_t size, uint8_t fill)
{
    size_t start = out->len;

    memset(buf_grow(out, size), fill, size);
    memset(out->data + start, 0, 0x78);
    made_put(out, start + 32, size, 8);
    memcpy(out->data + start + 40, "_FVH", 4);
    made_put(out, start + 48, 0x48, 2);
    made_put(out, start + 52, 0x60, 2);
    memcpy(out->data + start + 0x60, name, 16);
    made_put(out, start + 0x70, 0x14, 4); /* size of the extended header */
    if (files.len > 0)
        memcpy(out->data + start + 0x78, files.data, files.len);
}

static inline void make_section(struct buf *out, uint8_t type, struct span body)
{
    while (out->len % 4 != 0)
        buf_add_u8(out, 0);
    buf_add_le32(out, (uint32_t)(body.len + 4) | (uint32_t)type << 24);
    buf_add_span(out, body);
}

/* A text that stands in the firmware: "v1.0" in UTF-16, with its end. */
static const uint8_t made_version[] = {'v', 0, '1', 0, '.', 0, '0', 0, 0, 0};

/* An outer volume with inner in its packed file. */
static inline void make_packed(struct buf *out, struct span inner)
{
    OWNED_BUF packed = BUF_OF(MADE_MAX), section = BUF_OF(MADE_MAX), file = BUF_OF(MADE_MAX);
    size_t total;

    buf_add(&packed, made_packer, sizeof(made_packer));
    buf_add_le16(&packed, 24); /* where the data begins, and attributes */
    buf_add_le16(&packed, 1);
    make_lzma(inner, &packed);
    make_section(&section, 0x02, buf_span(&packed));

    memset(buf_grow(&file, 24), 0, 24);
    file.data[18] = 0x0b;
    made_put(&file, 20, 24 + section.len, 3);
    buf_add_span(&file, buf_span(&section));
    total = (0x78 + file.len + 8 + 4095) / 4096 * 4096;
    make_volume(out, made_packer, buf_span(&file), total, 0xff);
}

/* PEIFV of pei_size bytes, zero but for its header, and DXEFV of one page. */
static inline void make_firmware(struct buf *out, size_t pei_size)
{
    OWNED_BUF pei = BUF_OF(MADE_MAX), dxe = BUF_OF(MADE_MAX), inner = BUF_OF(MADE_MAX);

    make_volume(&pei, made_pei, span_of(NULL, 0), pei_size, 0);
    make_volume(&dxe, made_dxe, span_of(NULL, 0), 4096, 0xff);
    make_section(&inner, 0x19, SPAN_OF_ARRAY(made_version));
    make_section(&inner, 0x17, buf_span(&pei));
    make_section(&inner, 0x17, buf_span(&dxe));
    make_packed(out, buf_span(&inner));
}

#endif
