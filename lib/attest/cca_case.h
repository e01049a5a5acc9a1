/* The token of Arm's CCA: see evidence/cca.h. Whether it is genuine is judged here: the platform's
 * token by the key that the caller gives, the realm's by the key that the platform's names. Whether
 * it is what we want is not: no policy has a part for such platforms yet, so what it says is shown,
 * and never accepted. */
#ifndef COCOS_ATTEST_CCA_CASE_H
#define COCOS_ATTEST_CCA_CASE_H

#include "lib/attest/case.h"

void cca_case_check(struct attest_case *c, struct span evidence);

#endif
