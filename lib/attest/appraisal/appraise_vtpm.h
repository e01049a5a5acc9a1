/* What a TPM's evidence proves, judged by the vtpm part of a policy. */
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

#endif
