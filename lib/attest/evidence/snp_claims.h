/* What an SNP report says, as JSON for the claims of a verdict. */
#ifndef COCOS_ATTEST_SNP_CLAIMS_H
#define COCOS_ATTEST_SNP_CLAIMS_H

#include "lib/attest/evidence/snp_report.h"
#include "lib/json/json.h"

/* A fresh object for the caller. The parts of the TCBs are named as product has them; they are
 * given raw only when it is unknown. */
struct json *snp_claims(const struct snp_report *report, enum snp_product product);

#endif
