/* What an enclave's report says, as claims. */
#ifndef COCOS_ATTEST_SGX_CLAIMS_H
#define COCOS_ATTEST_SGX_CLAIMS_H

#include "lib/attest/evidence/sgx_report.h"
#include "lib/json/json.h"

/* A fresh tree for the caller. */
struct json *sgx_claims(const struct sgx_report *report);

#endif
