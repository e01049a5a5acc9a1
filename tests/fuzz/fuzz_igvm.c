/* IGVM files: parsed, and measured for every platform. Size and CRC are mended first, so that
 * mutations reach what lies behind those two checks. */
#include "lib/attest/reference/igvm.h"
#include "lib/base/buf.h"
#include "lib/base/crc32.h"
#include "lib/base/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put32(uint8_t *at, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static void mend(struct buf *file)
{
    struct reader r = reader_of(span_part(buf_span(file), 8, 8));
    uint64_t end = read_le32(&r);

    end += read_le32(&r);
    if (end > file->len)
        return;
    put32(file->data + 16, (uint32_t)file->len);
    put32(file->data + 20, 0);
    put32(file->data + 20, crc32_add(0, span_of(file->data, (size_t)end)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_BUF file = BUF_OF(1 * MIB);
    struct igvm_measurement measured;
    struct igvm igvm;
    struct err err;

    buf_add(&file, data, size);
    if (file.len >= 24)
        mend(&file);
    if (igvm_parse(buf_span(&file), &igvm, &err) < 0)
        return 0;
    for (int platform = 0; platform < IGVM_PLATFORM_COUNT; platform++)
        for (unsigned flags = 0; flags < 8; flags++)
            (void)!igvm_measure(&igvm, (enum igvm_platform)platform, flags, &measured, &err);
    return 0;
}
