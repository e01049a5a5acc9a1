/* The public part of a TPM key (TPMT_PUBLIC): what kind of key it is, and what its TPM promises
 * about it.
 *
 * The promises are in the attributes, and they are only as good as whoever vouches for this exact
 * structure: everybody can write one. A key that signs quotes must be restricted, since only then
 * does the TPM refuse to sign anything with it that looks like a quote and is none.
 *
 * TPM 2.0 Library, part 2: 12.2.4 (TPMT_PUBLIC), 8.3 (TPMA_OBJECT). Everything is big-endian. */
#ifndef COCOS_ATTEST_EVIDENCE_TPM_PUBLIC_H
#define COCOS_ATTEST_EVIDENCE_TPM_PUBLIC_H

#include "lib/attest/evidence/pcr.h"
#include "lib/base/reader.h"
#include "lib/crypto/key.h"

#define TPM_PUBLIC_SIZE_MAX 2048
#define TPM_NAME_SIZE_MAX   (2 + DIGEST_SIZE_MAX)

enum tpm_object_alg {
    TPM_ALG_RSA = 0x0001,
    TPM_ALG_NULL = 0x0010,
    TPM_ALG_RSASSA = 0x0014,
    TPM_ALG_RSAES = 0x0015,
    TPM_ALG_RSAPSS = 0x0016,
    TPM_ALG_OAEP = 0x0017,
    TPM_ALG_ECDSA = 0x0018,
    TPM_ALG_ECDH = 0x0019,
    TPM_ALG_ECDAA = 0x001a,
    TPM_ALG_ECC = 0x0023,
};

/* TPMA_OBJECT, by name and bit. */
#define TPM_ATTRIBUTES(ROW)                                                                        \
    ROW(FIXED_TPM, 1, "fixedTPM")                                                                  \
    ROW(FIXED_PARENT, 4, "fixedParent")                                                            \
    ROW(SENSITIVE_DATA_ORIGIN, 5, "sensitiveDataOrigin")                                           \
    ROW(RESTRICTED, 16, "restricted")                                                              \
    ROW(DECRYPT, 17, "decrypt")                                                                    \
    ROW(SIGN, 18, "sign")

enum tpm_attribute {
#define ROW(name, bit, text) TPM_ATTRIBUTE_##name = 1 << (bit),
    TPM_ATTRIBUTES(ROW)
#undef ROW
};

struct tpm_public {
    struct span raw; /* borrowed, as are the numbers */
    uint16_t type;   /* TPM_ALG_RSA or TPM_ALG_ECC */
    uint16_t name_alg;
    uint32_t attributes;
    struct span auth_policy;
    uint16_t scheme;      /* TPM_ALG_NULL when the key has none of its own */
    uint16_t scheme_hash; /* TPM_ALG_ID, or 0 */
    uint16_t key_bits;    /* RSA */
    uint32_t exponent;    /* RSA; 65537 when the TPM says 0 */
    struct span modulus;  /* RSA */
    uint16_t curve;       /* ECC: 3 is P-256, 4 is P-384 */
    struct span x, y;     /* ECC */
};

/* A TPMT_PUBLIC and nothing after it. Errors: INPUT with the offset. */
MUST_USE int tpm_public_parse(struct span in, struct tpm_public *ret, struct err *err);

/* The name by which a TPM knows the object: its name algorithm and the hash of the whole structure.
 * out holds TPM_NAME_SIZE_MAX. Errors: INPUT (a name algorithm that is not computed here). */
MUST_USE int tpm_public_name(const struct tpm_public *key, uint8_t *out, size_t *ret_len,
                             struct err *err);

/* UNTRUSTED, naming the attribute, unless the key is one that may sign quotes: made in its TPM,
 * never leaving it, restricted, signing and not decrypting. */
MUST_USE int tpm_public_check_attester(const struct tpm_public *key, struct err *err);

/* The key itself; a fresh one for the caller. Errors: INPUT (a size or curve that key.h has not).
 */
MUST_USE int tpm_public_key(const struct tpm_public *key, struct key **ret, struct err *err);

#endif
