/* Azure's HCL reports as a kind of evidence, alone or with a quote of the VM's TPM: see case.h.
 * Private to lib/attest.
 *
 * The wrapper demands of the hardware's report that its data is the hash of the runtime data. Where
 * that report is proven, the wrapper vouches for the TPM's attestation key that the runtime data
 * names (bound keys: SHA-256 of its SPKI). The report is from boot, so it is the quote that answers
 * a challenge. */
#ifndef COCOS_ATTEST_HCL_CASE_H
#define COCOS_ATTEST_HCL_CASE_H

#include "lib/attest/case.h"

bool hcl_case_detect(struct span evidence);
void hcl_case_check(struct attest_case *c, struct span evidence);

#endif
