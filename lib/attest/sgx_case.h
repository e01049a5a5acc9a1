/* SGX quotes as a kind of evidence: see case.h. Private to lib/attest. */
#ifndef COCOS_ATTEST_SGX_CASE_H
#define COCOS_ATTEST_SGX_CASE_H

#include "lib/attest/case.h"

/* A quote of version 3, alone or padded with zeros. */
bool sgx_case_detect(struct span evidence);
void sgx_case_check(struct attest_case *c, struct span evidence);

#endif
