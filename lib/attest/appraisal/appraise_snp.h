/* What an SNP report says, judged by the snp part of a policy. */
#ifndef COCOS_ATTEST_APPRAISE_SNP_H
#define COCOS_ATTEST_APPRAISE_SNP_H

#include "lib/attest/evidence/snp_report.h"
#include "lib/attest/verdict.h"

/* What is judged. Nothing here has to be proven: that is the other answer. */
struct snp_subject {
    const struct snp_report *report;
    enum snp_product product; /* unknown: no TCB can be read, and demands on it are not met */
    const char *csp_id;       /* of the VLEK; "" when there is none */
};

/* Looks at every member of the part but report_data, which belongs to freshness; adds findings. */
void appraise_snp(const struct snp_subject *subject, const struct policy_snp *policy,
                  struct verdict *verdict);

#endif
