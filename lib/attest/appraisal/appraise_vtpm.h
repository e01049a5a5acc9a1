/* What a TPM's evidence proves, judged by the vtpm part of a policy, and what it proves about the
 * run, judged by the members that name manifest and configuration. */
#ifndef COCOS_ATTEST_APPRAISE_VTPM_H
#define COCOS_ATTEST_APPRAISE_VTPM_H

#include "lib/attest/endorsement/ak_binding.h"
#include "lib/attest/vtpm_proof.h"

struct vtpm_subject {
    const struct vtpm *vtpm;
    const struct vtpm_proof *proof;
    enum ak_binding binding;
};

/* Looks at every member of the part; adds findings. */
void appraise_vtpm(const struct vtpm_subject *subject, const struct policy_vtpm *policy,
                   struct verdict *verdict);

/* manifest_sha256, max_manifests and config_sha256, by what PCR 15 proves; marks in the case what
 * was judged. Does nothing where no run is proven. */
void appraise_run(struct attest_case *c, const struct vtpm_proof *proof);

#endif
