/* Conceptual message wrappers as a kind of evidence: see case.h. Private to lib/attest.
 *
 * A wrapper says what is in it and vouches for nothing; each piece of evidence in it is judged by
 * itself, as if it had come alone. Signed ones (COSE_Sign1 with a content type of
 * application/cmw+cbor or +json) are verified with the caller's key besides. */
#ifndef COCOS_ATTEST_CMW_CASE_H
#define COCOS_ATTEST_CMW_CASE_H

#include "lib/attest/case.h"

bool cmw_case_detect(struct span evidence);
void cmw_case_check(struct attest_case *c, struct span evidence);

#endif
