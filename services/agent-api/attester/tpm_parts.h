/* The TPM device from within; see tpm_device.h. Only its own files include this. */
#ifndef COCOS_AGENT_ATTESTER_TPM_PARTS_H
#define COCOS_AGENT_ATTESTER_TPM_PARTS_H

#include "services/agent-api/attester/tpm_device.h"

#include <tss2/tss2_esys.h>

struct tpm_device {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
    ESYS_TR ak, ek;
    bool ek_is_ours; /* made by us, so for us to flush */
    struct buf ak_public, ek_public, ek_certificate;
};

/* The answer of a command: 0, or SYSTEM with the command's name and the TPM's code. */
MUST_USE int tpm_answer(TSS2_RC rc, const char *command, struct err *err);

/* Makes the keys and reads the certificate. */
MUST_USE int tpm_load_ak(struct tpm_device *tpm, struct err *err);
MUST_USE int tpm_load_ek(struct tpm_device *tpm, struct err *err);

/* A key from the endorsement hierarchy's seed; its TPMT_PUBLIC goes to public, which may be NULL.
 */
MUST_USE int tpm_create_primary(struct tpm_device *tpm, const TPM2B_PUBLIC *template, ESYS_TR *ret,
                                struct buf *public, struct err *err);

/* A session of that type, without a key of its own. */
MUST_USE int tpm_start_session(struct tpm_device *tpm, TPM2_SE type, ESYS_TR *ret, struct err *err);

/* The registers of a mask, in the SHA-256 bank. */
TPML_PCR_SELECTION tpm_select(uint32_t mask);

/* For what ESYS allocates. */
static inline void free_esys(void *slot)
{
    Esys_Free(*(void **)slot);
}
#define OWNED_ESYS __attribute__((cleanup(free_esys)))

#endif
