/* SNP reports as a kind of evidence: see case.h. Private to lib/attest. */
#ifndef COCOS_ATTEST_SNP_CASE_H
#define COCOS_ATTEST_SNP_CASE_H

#include "lib/attest/case.h"

/* A report, alone or followed by a certificate table. */
bool snp_case_detect(struct span evidence);
void snp_case_check(struct attest_case *c, struct span evidence);

#endif
