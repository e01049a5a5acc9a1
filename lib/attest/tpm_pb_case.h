/* The message of go-tpm-tools as evidence, with a report of the platform inside or not: see case.h.
 * Private to lib/attest.
 *
 * CocosAI's earlier agents tie the two together: the report's data is the SHA3-512 over the
 * caller's 64 bytes (report_data of the input) and the TPMT_PUBLIC of the attestation key, and the
 * quote answers the caller's nonce. Where that holds and the report is proven, it vouches for the
 * key. Google's machines put the 64 bytes there as they are, which says nothing about the key. */
#ifndef COCOS_ATTEST_TPM_PB_CASE_H
#define COCOS_ATTEST_TPM_PB_CASE_H

#include "lib/attest/case.h"

bool tpm_pb_case_detect(struct span evidence);
void tpm_pb_case_check(struct attest_case *c, struct span evidence);

#endif
