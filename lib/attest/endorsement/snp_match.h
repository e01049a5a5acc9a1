/* Whether a report and the certificate of a key belong together: kind of key, product, chip, TCB,
 * and the signature itself. */
#ifndef COCOS_ATTEST_SNP_MATCH_H
#define COCOS_ATTEST_SNP_MATCH_H

#include "lib/attest/endorsement/snp_vek.h"
#include "lib/attest/evidence/snp_report.h"
#include "lib/attest/verdict.h"

/* True when everything agrees and the key signed the report; otherwise adds findings for all that
 * does not. */
bool snp_match_check(const struct snp_report *report, const struct snp_vek *vek,
                     struct verdict *verdict);

/* True when the report's TCBs are in the order that firmware keeps: COMMITTED and REPORTED nowhere
 * above CURRENT. */
bool snp_match_check_order(const struct snp_report *report, enum snp_product product,
                           struct verdict *verdict);

#endif
