/* A TPM quote: the registers of one moment, signed by an attestation key.
 *
 * Two structures: the statement (TPMS_ATTEST of a quote), which holds our challenge, the TPM's
 * clock, which registers are meant, and the digest over their values; and the signature
 * (TPMT_SIGNATURE). The values of the registers travel beside them and prove themselves by the
 * digest. Parsing judges nothing; the checks are functions of their own, so that a verdict can name
 * each.
 *
 * TPM 2.0 Library, part 2: 10.12 (TPMS_ATTEST), 11.3 (TPMT_SIGNATURE). Everything is big-endian. */
#ifndef COCOS_ATTEST_EVIDENCE_TPM_QUOTE_H
#define COCOS_ATTEST_EVIDENCE_TPM_QUOTE_H

#include "lib/attest/evidence/pcr.h"
#include "lib/attest/evidence/tpm_public.h"
#include "lib/base/reader.h"
#include "lib/crypto/key.h"

#define TPM_GENERATED       0xff544347u /* what a TPM writes itself begins so */
#define TPM_ST_ATTEST_QUOTE 0x8018
#define TPM_QUOTE_SIZE_MAX  4096

struct tpm_quote {
    struct span raw; /* borrowed: what is signed */
    struct span qualified_signer;
    struct span extra_data; /* the challenge */
    uint64_t clock;         /* milliseconds that the TPM was on */
    uint32_t reset_count, restart_count;
    bool clock_safe;
    uint64_t firmware_version;
    size_t selection_count;
    struct pcr_selection selections[PCR_SELECTIONS_MAX];
    struct span pcr_digest;
};

struct tpm_signature {
    uint16_t scheme;  /* TPM_ALG_RSASSA, TPM_ALG_RSAPSS or TPM_ALG_ECDSA */
    uint16_t hash_id; /* TPM_ALG_ID */
    struct span rsa;  /* RSA */
    struct span r, s; /* ECDSA */
};

/* A statement and nothing after it. The magic and the type are looked at first: what a TPM did not
 * make itself, and what is no quote, is not read further. Errors: INPUT with the offset. */
MUST_USE int tpm_quote_parse(struct span in, struct tpm_quote *ret, struct err *err);

/* The same for a statement that something else may follow: ret_rest is what does. */
MUST_USE int tpm_quote_split(struct span in, struct tpm_quote *ret, struct span *ret_rest,
                             struct err *err);

/* A TPMT_SIGNATURE and nothing after it. Errors: INPUT with the offset. */
MUST_USE int tpm_signature_parse(struct span in, struct tpm_signature *ret, struct err *err);

/* The bare RSASSA signature over SHA-256 that Azure's tools keep. */
struct tpm_signature tpm_signature_bare(struct span rsa);

/* UNTRUSTED unless ak signed the statement. A SHA-1 signature is refused. */
MUST_USE int tpm_quote_check_signature(const struct tpm_quote *quote,
                                       const struct tpm_signature *signature, const struct key *ak,
                                       struct err *err);

/* UNTRUSTED unless the digest in the statement is the one over these registers, by the hash of the
 * signature; NOT_FOUND when a selected register is not among them. */
MUST_USE int tpm_quote_check_registers(const struct tpm_quote *quote,
                                       const struct tpm_signature *signature,
                                       const struct pcr_bank *banks, size_t bank_count,
                                       struct err *err);

/* Which registers of a bank the quote covers. */
uint32_t tpm_quote_covers(const struct tpm_quote *quote, enum digest_alg bank);

#endif
