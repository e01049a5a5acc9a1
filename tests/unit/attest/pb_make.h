/* Writes the wire format of protocol buffers for tests, and takes SNP reports apart as go-sev-guest
 * does. */
#ifndef COCOS_TESTS_ATTEST_PB_MAKE_H
#define COCOS_TESTS_ATTEST_PB_MAKE_H

#include "lib/attest/evidence/snp_report.h"
#include "lib/base/buf.h"
#include "lib/base/reader.h"

static inline void pb_varint(struct buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buf_add_u8(out, (uint8_t)(value | 0x80));
    buf_add_u8(out, (uint8_t)value);
}

static inline void pb_number(struct buf *out, unsigned field, uint64_t value)
{
    pb_varint(out, field << 3);
    pb_varint(out, value);
}

static inline void pb_bytes(struct buf *out, unsigned field, struct span bytes)
{
    pb_varint(out, field << 3 | 2);
    pb_varint(out, bytes.len);
    buf_add_span(out, bytes);
}

static inline uint64_t pb_take(struct span report, size_t at, size_t size)
{
    uint64_t value = 0;

    for (size_t i = size; i > 0; i--)
        value = value << 8 | report.data[at + i - 1];
    return value;
}

/* A sevsnp.Report. Zeros are left out, as the format has it. */
static inline void pb_report(struct buf *out, struct span report)
{
    static const struct {
        unsigned field;
        size_t at, size;
        bool bytes;
    } rows[] = {
        {1, 0x000, 4, false},  {2, 0x004, 4, false},  {3, 0x008, 8, false},  {4, 0x010, 16, true},
        {5, 0x020, 16, true},  {6, 0x030, 4, false},  {7, 0x034, 4, false},  {8, 0x038, 8, false},
        {9, 0x040, 8, false},  {10, 0x048, 4, false}, {11, 0x050, 64, true}, {12, 0x090, 48, true},
        {13, 0x0c0, 32, true}, {14, 0x0e0, 48, true}, {15, 0x110, 48, true}, {16, 0x140, 32, true},
        {17, 0x160, 32, true}, {18, 0x180, 8, false}, {19, 0x1a0, 64, true}, {20, 0x1e0, 8, false},
        {21, 0x1e8, 1, false}, {22, 0x1e9, 1, false}, {23, 0x1ea, 1, false}, {24, 0x1ec, 1, false},
        {25, 0x1ed, 1, false}, {26, 0x1ee, 1, false}, {27, 0x1f0, 8, false}, {28, 0x2a0, 512, true},
        {30, 0x1f8, 8, false}, {31, 0x200, 8, false},
    };
    uint32_t family = report.data[0x188], model = report.data[0x189];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].bytes)
            pb_bytes(out, rows[i].field, span_part(report, rows[i].at, rows[i].size));
        else if (pb_take(report, rows[i].at, rows[i].size) != 0)
            pb_number(out, rows[i].field, pb_take(report, rows[i].at, rows[i].size));
    }
    if (family != 0)
        pb_number(out, 29,
                  (family - 0xf) << 20 | (model >> 4) << 16 | 0xf00u | (model & 0xf) << 4 |
                      report.data[0x18a]);
}

/* A sevsnp.Attestation with the report and, unless empty, the VCEK. */
static inline void pb_snp(struct buf *out, struct span report, struct span vcek)
{
    OWNED_BUF message = BUF_OF(64 * KIB), chain = BUF_OF(64 * KIB);

    pb_report(&message, report);
    pb_bytes(out, 1, buf_span(&message));
    if (vcek.len == 0)
        return;
    pb_bytes(&chain, 1, vcek);
    pb_bytes(out, 2, buf_span(&chain));
}

#endif
