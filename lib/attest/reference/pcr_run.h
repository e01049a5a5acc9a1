/* What the agent extends into PCR 15, or into RTMR 3 of a TD without a TPM, predicted.
 *
 * First the digest of the configuration that the host gave (SHA-256 of its RFC 8785 form without
 * boot_nonce and vm_id), then the digest of each manifest that is set, in the order of setting; the
 * end of its computation comes before the next one (run_log.h). */
#ifndef COCOS_ATTEST_REFERENCE_PCR_RUN_H
#define COCOS_ATTEST_REFERENCE_PCR_RUN_H

#include "lib/base/err.h"
#include "lib/crypto/digest.h"
#include "lib/json/json.h"

/* The digest of a configuration as it lies in the share. Errors: INPUT (no object, or numbers that
 * the canonical form has none for). */
MUST_USE int pcr_run_config_digest(const struct json *config, uint8_t out[static SHA256_SIZE],
                                   struct err *err);

struct pcr_run {
    uint8_t pcr[SHA256_SIZE];  /* PCR 15 of a TPM's SHA-256 bank */
    uint8_t rtmr[SHA384_SIZE]; /* RTMR 3 */
};

/* What was set, one after the other. */
struct pcr_run_story {
    uint8_t config[SHA256_SIZE];
    const uint8_t (*manifests)[SHA256_SIZE];
    size_t count;
    bool ended; /* the last of them, too; the others have ended */
};

void pcr_run_predict(const struct pcr_run_story *story, struct pcr_run *ret);

#endif
