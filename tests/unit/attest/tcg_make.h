/* Makes TCG event logs for tests, right ones and broken ones. */
#ifndef COCOS_TESTS_ATTEST_TCG_MAKE_H
#define COCOS_TESTS_ATTEST_TCG_MAKE_H

#include "lib/attest/evidence/tcg_log.h"

/* The header of an agile log with these banks. */
static inline void make_spec_id(struct buf *log, const enum digest_alg *algs, size_t count)
{
    buf_add_le32(log, 0);
    buf_add_le32(log, EV_NO_ACTION);
    memset(buf_grow(log, 20), 0, 20);
    buf_add_le32(log, (uint32_t)(16 + 8 + 4 + 4 * count + 1));
    buf_add(log, "Spec ID Event03", 16);
    buf_add_le32(log, 0);
    buf_add(log, "\0\2\0\2", 4);
    buf_add_le32(log, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        buf_add_le16(log, pcr_alg_to_tpm(algs[i]));
        buf_add_le16(log, (uint16_t)digest_size(algs[i]));
    }
    buf_add_u8(log, 0);
}

static inline void make_digest(struct buf *log, enum digest_alg alg, struct span measured)
{
    uint8_t digest[DIGEST_SIZE_MAX];

    digest_of(alg, measured, digest);
    buf_add_le16(log, pcr_alg_to_tpm(alg));
    buf_add(log, digest, digest_size(alg));
}

/* An agile event whose digests are those of measured. */
static inline void make_event_of(struct buf *log, const enum digest_alg *algs, size_t count,
                                 uint32_t index, uint32_t type, struct span measured,
                                 struct span data)
{
    buf_add_le32(log, index);
    buf_add_le32(log, type);
    buf_add_le32(log, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        make_digest(log, algs[i], measured);
    buf_add_le32(log, (uint32_t)data.len);
    buf_add_span(log, data);
}

static inline void make_event(struct buf *log, const enum digest_alg *algs, size_t count,
                              uint32_t index, uint32_t type, struct span data)
{
    make_event_of(log, algs, count, index, type, data, data);
}

/* An event of the SHA-1 format. */
static inline void make_legacy_event(struct buf *log, uint32_t index, uint32_t type,
                                     struct span data)
{
    uint8_t digest[20];

    digest_of(DIGEST_SHA1, data, digest);
    buf_add_le32(log, index);
    buf_add_le32(log, type);
    buf_add(log, digest, sizeof(digest));
    buf_add_le32(log, (uint32_t)data.len);
    buf_add_span(log, data);
}

#endif
