/* What an SVSM (AMD 58019, Secure VM Service Module) says about its vTPM: a manifest, whose hash
 * with the caller's challenge is the data of an SNP report at VMPL 0.
 *
 * The manifest is that of the vTPM service alone, which is the TPMT_PUBLIC of its endorsement key
 * (version 0), or a table of all services with that among them. It names the endorsement key, so an
 * attestation key still has to be tied to it by a credential challenge. */
#ifndef COCOS_ATTEST_EVIDENCE_SVSM_H
#define COCOS_ATTEST_EVIDENCE_SVSM_H

#include "lib/attest/evidence/tpm_public.h"

#define SVSM_CHALLENGE_SIZE 64

/* The endorsement key of the vTPM; borrowed from the manifest. Errors: INPUT: malformed, no vTPM
 * service, or two. */
MUST_USE int svsm_find_ek(struct span manifest, struct tpm_public *ret, struct err *err);

/* What the report's data must be: SHA-512 over challenge (64 bytes) and manifest. */
void svsm_report_data(struct span challenge, struct span manifest, uint8_t out[static SHA512_SIZE]);

#endif
