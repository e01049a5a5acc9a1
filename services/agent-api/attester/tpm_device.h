/* The TPM of this machine: the few commands that evidence needs, on tpm2-tss.
 *
 * Two keys, both made from the TPM's own seed, so that they are the same at every start and nothing
 * has to be kept: the endorsement key (EK) by the TCG's template, whose certificate the maker put
 * into NV memory; and the attestation key (AK), a restricted signing key on P-256 in the
 * endorsement hierarchy. Restricted means that the TPM signs nothing with it that looks like a
 * quote and is none.
 *
 * One thread at a time; nothing here locks. TPM 2.0 Library, part 3; TCG EK Credential Profile. */
#ifndef COCOS_AGENT_ATTESTER_TPM_DEVICE_H
#define COCOS_AGENT_ATTESTER_TPM_DEVICE_H

#include "lib/attest/evidence/pcr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

#define TPM_QUOTED_PCRS     0xffffu /* 0 to 15: all that only a reset of the machine resets */
#define TPM_CREDENTIAL_MAX  64      /* bytes of the secret in a credential challenge */
#define TPM_CHALLENGE_MAX   1024    /* of each half of the challenge */
#define TPM_CERTIFICATE_MAX (8 * KIB)

struct tpm_device;

/* Opens the TPM behind a TCTI ("device:/dev/tpmrm0", "swtpm:port=2321") and makes the keys. A TPM
 * that has no endorsement key of the usual kind can still quote. Errors: NOT_FOUND (nothing answers
 * there), SYSTEM. */
MUST_USE int tpm_device_open(const char *tcti, struct tpm_device **ret, struct err *err);
void tpm_device_free(struct tpm_device *tpm);
DEFINE_OWNED(tpm_device)
#define OWNED_TPM_DEVICE OWNED_OF(tpm_device)

/* TPMT_PUBLIC of the keys, and the EK's certificate (DER); the last two may be empty. Borrowed. */
struct span tpm_device_ak(const struct tpm_device *tpm);
struct span tpm_device_ek(const struct tpm_device *tpm);
struct span tpm_device_ek_certificate(const struct tpm_device *tpm);

/* Extends a register of the SHA-256 bank. Errors: SYSTEM. */
MUST_USE int tpm_device_extend(struct tpm_device *tpm, unsigned pcr,
                               const uint8_t digest[static SHA256_SIZE], struct err *err);

/* Reads registers of the SHA-256 bank, those of the mask. Errors: SYSTEM. */
MUST_USE int tpm_device_read(struct tpm_device *tpm, uint32_t mask, struct pcr_bank *ret,
                             struct err *err);

/* Reads one register of the SHA-1 bank, where the TPM keeps such a bank; else ret holds none.
 * Errors: SYSTEM. */
MUST_USE int tpm_device_read_sha1(struct tpm_device *tpm, unsigned pcr, struct pcr_bank *ret,
                                  struct err *err);

/* A secret of this TPM that it gives only while the registers of the mask are what they are now:
 * TPM2_HMAC of a label, by a key from the endorsement hierarchy's seed whose policy is
 * TPM2_PolicyPCR over them. Another TPM, and other registers, give another one. Errors: SYSTEM
 * (also for a TPM that has no such command). */
MUST_USE int tpm_device_secret(struct tpm_device *tpm, uint32_t mask,
                               uint8_t out[static SHA256_SIZE], struct err *err);

/* TPM2_Quote over the registers of the mask with extra as the challenge: TPMS_ATTEST and
 * TPMT_SIGNATURE, appended. Errors: SYSTEM. */
MUST_USE int tpm_device_quote(struct tpm_device *tpm, uint32_t mask,
                              const uint8_t extra[static SHA256_SIZE], struct buf *quote,
                              struct buf *signature, struct err *err);

/* TPM2_ActivateCredential: the secret that was encrypted to the EK for a TPM that holds this AK.
 * blob: the bytes of TPM2B_ID_OBJECT; encrypted: those of TPM2B_ENCRYPTED_SECRET; both without
 * their size in front. Errors: INPUT (made for another key, or malformed), UNAVAILABLE (no EK),
 * SYSTEM. */
MUST_USE int tpm_device_activate(struct tpm_device *tpm, struct span blob, struct span encrypted,
                                 struct buf *secret, struct err *err);

#endif
