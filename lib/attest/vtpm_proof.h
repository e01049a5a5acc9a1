/* What a TPM's evidence proves: quotes first, then the logs that lead to what they cover.
 *
 * Nothing here looks at a policy. A register is proven when a quote covers it, the digest of that
 * quote is the one over the values given, and the attestation key signed it; what that key is worth
 * is decided apart (endorsement/ak_binding.h). A log is proven register by register. Private to
 * lib/attest. */
#ifndef COCOS_ATTEST_VTPM_PROOF_H
#define COCOS_ATTEST_VTPM_PROOF_H

#include "lib/attest/evidence/boot_facts.h"
#include "lib/attest/evidence/ima_log.h"
#include "lib/attest/evidence/run_log.h"
#include "lib/attest/evidence/vtpm.h"
#include "lib/attest/verdict.h"

struct vtpm_proof {
    bool sound; /* every quote was made by the key, over the registers that are given */
    size_t bank_count;
    struct pcr_bank banks[TPM_PB_QUOTES_MAX]; /* one a quote: the registers it covers */

    bool has_boot;
    enum digest_alg boot_bank; /* the bank that the facts are from */
    uint32_t boot_proven;      /* registers of the event log that the replay proved */
    struct boot_facts boot;

    bool has_ima;
    struct ima_replay ima;

    bool has_run;
    struct run_log run;
};

/* Proves what can be proven, with findings for all that does not hold. logs: those to look at. */
void vtpm_prove(const struct vtpm *vtpm, const struct vtpm_logs *logs, struct verdict *verdict,
                struct vtpm_proof *ret);

/* The proven value of a register in a bank; false when no quote covers it. Where two quotes cover
 * it, the one that differs from `unlike` is preferred, so that a second value cannot hide. */
bool vtpm_proof_find(const struct vtpm_proof *proof, enum digest_alg bank, unsigned index,
                     const struct json_strings *unlike, struct span *ret);

#endif
