#include "lib/attest/appraisal/appraise_sgx.h"

#include "lib/attest/appraisal/appraise_values.h"

#include <inttypes.h>

static void appraise_attributes(const struct sgx_report *report, struct verdict *verdict)
{
    struct finding *finding =
        verdict_check(verdict, FINDING_SGX_DEBUG, (report->flags & SGX_FLAG_DEBUG) == 0);
    bool known = (report->flags & ~SGX_FLAGS_KNOWN) == 0 && (report->flags & SGX_FLAG_INIT) != 0;

    if (finding != NULL) {
        finding_expect(finding, "DEBUG clear");
        finding_got(finding, "DEBUG set in 0x%" PRIx64, report->flags);
    }
    finding = verdict_check(verdict, FINDING_SGX_ATTRIBUTES, known);
    if (finding != NULL) {
        finding_expect(finding, "bits of 0x%llx only, INIT among them", SGX_FLAGS_KNOWN);
        finding_got(finding, "0x%" PRIx64, report->flags);
    }
}

void appraise_sgx(const struct sgx_report *report, const struct dcap_proof *proof,
                  const struct policy_sgx *policy, struct verdict *verdict)
{
    appraise_attributes(report, verdict);
    appraise_value(verdict, FINDING_SGX_MRENCLAVE, &policy->mrenclave,
                   SPAN_OF_ARRAY(report->mr_enclave));
    appraise_value(verdict, FINDING_SGX_MRSIGNER, &policy->mrsigner,
                   SPAN_OF_ARRAY(report->mr_signer));
    if (policy->mrenclave.count + policy->mrsigner.count == 0) {
        struct finding *finding =
            verdict_add_missing(verdict, FINDING_SGX_MEASUREMENT_ABSENT, WAIVE_MEASUREMENT);

        finding_expect(finding, "at least one value");
        finding_got_hex(finding, SPAN_OF_ARRAY(report->mr_enclave));
    }
    appraise_tcb_status(verdict, FINDING_SGX_TCB_STATUS, &policy->tcb_status,
                        policy->tcb_status_given,
                        proof->has_standing ? tcb_status_name(proof->standing.status) : NULL);
}
