/* TPM quotes as a kind of evidence: see case.h. Private to lib/attest. */
#ifndef COCOS_ATTEST_VTPM_CASE_H
#define COCOS_ATTEST_VTPM_CASE_H

#include "lib/attest/case.h"
#include "lib/attest/evidence/vtpm.h"

/* What TPM2_Quote answers; signature and key may be beside it in the input. */
bool vtpm_case_detect_raw(struct span evidence);
void vtpm_case_check_raw(struct attest_case *c, struct span evidence);

/* Evidence that a wrapper has already read; the item is opened here. */
void vtpm_case_check(struct attest_case *c, const struct vtpm *vtpm);

/* An item that cannot be read is one all the same. */
void vtpm_case_add_malformed(struct attest_case *c, const struct err *err);

#endif
