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

/* For what ESYS allocates. */
static inline void free_esys(void *slot)
{
    Esys_Free(*(void **)slot);
}
#define OWNED_ESYS __attribute__((cleanup(free_esys)))

#endif
