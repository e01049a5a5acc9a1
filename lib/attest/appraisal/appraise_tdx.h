/* What a TDX quote says and proves, judged by the tdx part of a policy. */
#ifndef COCOS_ATTEST_APPRAISE_TDX_H
#define COCOS_ATTEST_APPRAISE_TDX_H

#include "lib/attest/dcap_proof.h"

/* Looks at every member of the part; adds findings. proof: for what the platform is worth; nothing
 * else of it has to be proven. */
void appraise_tdx(const struct td_report *td, const struct dcap_proof *proof,
                  const struct policy_tdx *policy, struct verdict *verdict);

#endif
