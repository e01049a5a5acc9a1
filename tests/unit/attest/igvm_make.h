/* IGVM files made of parts: begin, add platforms, then directives, then seal. */
#ifndef COCOS_TESTS_ATTEST_IGVM_MAKE_H
#define COCOS_TESTS_ATTEST_IGVM_MAKE_H

#include "tests/unit/unit.h"

#include "lib/attest/reference/igvm.h"
#include "lib/base/crc32.h"

static inline void igvm_put32(struct buf *file, size_t at, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        file->data[at + i] = (uint8_t)(value >> (8 * i));
}

/* Sizes and CRC of a file whose variable headers end at headers_end; some data always follows. */
static inline void igvm_seal(struct buf *file, size_t headers_end)
{
    if (file->len == headers_end)
        buf_add_le64(file, 0);
    igvm_put32(file, 8, 24);
    igvm_put32(file, 12, (uint32_t)(headers_end - 24));
    igvm_put32(file, 16, (uint32_t)file->len);
    igvm_put32(file, 20, 0);
    igvm_put32(file, 20, crc32_add(0, span_of(file->data, headers_end)));
}

static inline void igvm_add_platform(struct buf *file, enum igvm_platform platform, uint32_t mask)
{
    buf_add_le32(file, IGVM_SUPPORTED_PLATFORM);
    buf_add_le32(file, 16);
    buf_add_le32(file, mask);
    buf_add_u8(file, 0);
    buf_add_u8(file, (uint8_t)platform);
    buf_add_le16(file, 1);
    buf_add_le64(file, 0);
}

/* A page's header as the format has it, with its kind (0 normal, 1 secrets, 2 and 3 CPUID). */
static inline void igvm_add_kind(struct buf *file, uint64_t gpa, uint32_t offset, uint32_t flags,
                                 uint16_t kind)
{
    buf_add_le32(file, IGVM_PAGE_DATA);
    buf_add_le32(file, 24);
    buf_add_le64(file, gpa);
    buf_add_le32(file, 1);
    buf_add_le32(file, offset);
    buf_add_le32(file, flags);
    buf_add_le16(file, kind);
    buf_add_le16(file, 0);
}

static inline void igvm_add_vp(struct buf *file, uint64_t gpa, uint32_t offset)
{
    buf_add_le32(file, IGVM_VP_CONTEXT);
    buf_add_le32(file, 20);
    buf_add_le64(file, gpa);
    buf_add_le32(file, 1);
    buf_add_le32(file, offset);
    buf_add_le32(file, 0);
    buf_add_le32(file, 0); /* padding */
}

static inline void igvm_add_insert(struct buf *file, uint64_t gpa, uint32_t mask)
{
    buf_add_le32(file, IGVM_PARAMETER_INSERT);
    buf_add_le32(file, 16);
    buf_add_le64(file, gpa);
    buf_add_le32(file, mask);
    buf_add_le32(file, 0);
}

static inline void igvm_add_page(struct buf *file, uint64_t gpa, uint32_t mask, uint32_t offset,
                                 uint32_t flags)
{
    buf_add_le32(file, IGVM_PAGE_DATA);
    buf_add_le32(file, 24);
    buf_add_le64(file, gpa);
    buf_add_le32(file, mask);
    buf_add_le32(file, offset);
    buf_add_le32(file, flags);
    buf_add_le32(file, 0);
}

static inline void igvm_begin(struct buf *file)
{
    buf_add(file, "IGVM", 4);
    buf_add_le32(file, 1);
    for (int i = 0; i < 4; i++)
        buf_add_le32(file, 0);
}

#endif
