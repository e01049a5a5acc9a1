/* What an SGX quote says and proves, judged by the sgx part of a policy. */
#ifndef COCOS_ATTEST_APPRAISE_SGX_H
#define COCOS_ATTEST_APPRAISE_SGX_H

#include "lib/attest/dcap_proof.h"

/* Looks at every member of the part; adds findings. proof: for what the platform is worth; nothing
 * else of it has to be proven. */
void appraise_sgx(const struct sgx_report *report, const struct dcap_proof *proof,
                  const struct policy_sgx *policy, struct verdict *verdict);

#endif
