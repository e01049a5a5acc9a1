/* The evidence of a TPM, gathered from the forms in which it travels: quotes, the attestation key,
 * registers and logs. Judges nothing.
 *
 * Two forms: the message of go-tpm-tools (tpm_pb.h), and what TPM2_Quote answers, raw: statement
 * and signature, in one file or two, as structures or with their size in front (TPM2B), with the
 * key beside them. The raw form has no registers; they are rebuilt from the logs (vtpm_rebuild()).
 */
#ifndef COCOS_ATTEST_EVIDENCE_VTPM_H
#define COCOS_ATTEST_EVIDENCE_VTPM_H

#include "lib/attest/evidence/tpm_pb.h"
#include "lib/attest/evidence/tpm_quote.h"

struct vtpm_quote {
    struct tpm_quote quote;
    struct tpm_signature signature;
    bool has_bank;
    struct pcr_bank bank; /* the registers given with it */
};

struct vtpm_logs {
    struct span tcg, ima, cel; /* empty where there is none */
};

struct vtpm {
    struct key *ak;               /* owned */
    bool has_public;              /* the key came with its TPM attributes */
    struct tpm_public ak_public;  /* when has_public */
    uint8_t ak_spki[SHA256_SIZE]; /* SHA-256 of the key alone */
    uint8_t ak_tpmt[SHA256_SIZE]; /* SHA-256 of its TPMT_PUBLIC, when has_public */
    size_t quote_count;
    struct vtpm_quote quotes[TPM_PB_QUOTES_MAX];
    struct vtpm_logs logs;
    struct span snp, tdx; /* what the message holds of the platform, not read here */
};

void vtpm_done(struct vtpm *vtpm);
#define OWNED_VTPM __attribute__((cleanup(vtpm_done))) struct vtpm

/* Reads a message of go-tpm-tools; everything but the key is borrowed. Errors: INPUT. */
MUST_USE int vtpm_read_pb(struct span in, struct vtpm *ret, struct err *err);

/* What the raw form is made of. */
struct vtpm_raw {
    struct span quote;     /* the statement, and the signature after it unless that is apart */
    struct span signature; /* TPMT_SIGNATURE, or the bare bytes of an RSA signature over SHA-256 */
    struct span key;       /* TPMT_PUBLIC, SPKI (PEM or DER), or a certificate */
};
MUST_USE int vtpm_read_raw(const struct vtpm_raw *raw, struct vtpm *ret, struct err *err);

/* Takes a key in any of these forms into vtpm. Errors: INPUT. */
MUST_USE int vtpm_read_key(struct span bytes, struct vtpm *vtpm, struct err *err);

/* Rebuilds the registers of a quote from the logs: firmware's first, then what user space extended,
 * and as much of the IMA list as makes the digest right. Registers that no log speaks of are as
 * after a reset. The digest in the statement decides. Errors: UNTRUSTED when no replay gives it,
 * INPUT for a malformed log or a selection of several banks. */
MUST_USE int vtpm_rebuild(const struct vtpm_quote *quote, const struct vtpm_logs *logs,
                          struct pcr_bank *ret, struct err *err);

/* True for the firmware version of a software TPM that anybody can run (libtpms, which swtpm is
 * built on): it keeps its secrets from nobody who runs it. */
bool vtpm_is_emulated(const struct vtpm *vtpm);

#endif
