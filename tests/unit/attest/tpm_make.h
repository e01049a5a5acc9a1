/* Makes what a TPM makes, for tests: keys with their attributes, quotes and signatures. */
#ifndef COCOS_TESTS_ATTEST_TPM_MAKE_H
#define COCOS_TESTS_ATTEST_TPM_MAKE_H

#include "lib/attest/evidence/tpm_quote.h"
#include "tests/unit/crypto/foreign.h"

#define TPM_AK_ATTRIBUTES                                                                          \
    (TPM_ATTRIBUTE_FIXED_TPM | TPM_ATTRIBUTE_FIXED_PARENT | TPM_ATTRIBUTE_SENSITIVE_DATA_ORIGIN |  \
     TPM_ATTRIBUTE_RESTRICTED | TPM_ATTRIBUTE_SIGN)

static inline void make_be64(struct buf *out, uint64_t value)
{
    buf_add_be32(out, (uint32_t)(value >> 32));
    buf_add_be32(out, (uint32_t)value);
}

static inline void make_sized(struct buf *out, struct span bytes)
{
    buf_add_be16(out, (uint16_t)bytes.len);
    buf_add_span(out, bytes);
}

/* The TPMT_PUBLIC of a key pair (RSA of 2048 bits, P-256 or P-384). */
static inline void make_public(struct buf *out, const struct key *key, uint32_t attributes)
{
    OWNED_BUF spki = BUF_OF(4096);
    size_t half = key_type_of(key) == KEY_P384 ? 48 : 32;
    const uint8_t *end;

    key_write_spki(key, &spki);
    end = spki.data + spki.len;
    buf_add_be16(out, key_type_of(key) == KEY_RSA ? TPM_ALG_RSA : TPM_ALG_ECC);
    buf_add_be16(out, TPM_ALG_SHA256);
    buf_add_be32(out, attributes);
    buf_add_be16(out, 0);
    buf_add_be16(out, TPM_ALG_NULL);
    buf_add_be16(out, key_type_of(key) == KEY_RSA ? TPM_ALG_RSASSA : TPM_ALG_ECDSA);
    buf_add_be16(out, TPM_ALG_SHA256);
    if (key_type_of(key) == KEY_RSA) {
        buf_add_be16(out, 2048);
        buf_add_be32(out, 0);
        make_sized(out, span_of(end - 5 - 256, 256)); /* before the exponent 02 03 01 00 01 */
    } else {
        buf_add_be16(out, key_type_of(key) == KEY_P384 ? 4 : 3);
        buf_add_be16(out, TPM_ALG_NULL);
        make_sized(out, span_of(end - 2 * half, half));
        make_sized(out, span_of(end - half, half));
    }
}

/* A TPMS_ATTEST over one selection, with the given digest of the registers. */
static inline void make_quote(struct buf *out, struct span extra, const struct pcr_bank *bank,
                              uint32_t mask, enum digest_alg hash)
{
    const struct pcr_selection selection = {pcr_alg_to_tpm(bank->alg), mask};
    uint8_t digest[DIGEST_SIZE_MAX],
        bitmap[3] = {(uint8_t)mask, (uint8_t)(mask >> 8), (uint8_t)(mask >> 16)};
    struct err err;

    if (pcr_selection_digest(&selection, 1, bank, 1, hash, digest, &err) < 0)
        abort();
    buf_add_be32(out, TPM_GENERATED);
    buf_add_be16(out, TPM_ST_ATTEST_QUOTE);
    make_sized(out, span_of_str("signer"));
    make_sized(out, extra);
    make_be64(out, 123456789); /* clock */
    buf_add_be32(out, 7);      /* resets */
    buf_add_be32(out, 2);      /* restarts */
    buf_add_u8(out, 1);
    make_be64(out, 0x2020031200120003); /* firmware */
    buf_add_be32(out, 1);
    buf_add_be16(out, selection.alg_id);
    buf_add_u8(out, sizeof(bitmap));
    buf_add(out, bitmap, sizeof(bitmap));
    make_sized(out, span_of(digest, digest_size(hash)));
}

/* A TPMT_SIGNATURE over the statement. */
static inline void make_signature(struct buf *out, const struct key *key, uint16_t scheme,
                                  enum digest_alg hash, struct span statement)
{
    OWNED_BUF bytes = BUF_OF(1024);
    enum foreign_padding padding = scheme == TPM_ALG_RSASSA   ? FOREIGN_PKCS1
                                   : scheme == TPM_ALG_RSAPSS ? FOREIGN_PSS_MAX
                                                              : FOREIGN_NONE;

    foreign_sign(key, hash, padding, statement, &bytes);
    buf_add_be16(out, scheme);
    buf_add_be16(out, pcr_alg_to_tpm(hash));
    if (scheme == TPM_ALG_ECDSA) {
        make_sized(out, span_part(buf_span(&bytes), 0, bytes.len / 2));
        make_sized(out, span_part(buf_span(&bytes), bytes.len / 2, bytes.len));
    } else {
        make_sized(out, buf_span(&bytes));
    }
}

#endif
