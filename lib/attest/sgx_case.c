#include "lib/attest/sgx_case.h"

#include "lib/attest/appraisal/appraise_sgx.h"
#include "lib/attest/dcap_claims.h"
#include "lib/attest/evidence/sgx_claims.h"

bool sgx_case_detect(struct span evidence)
{
    return dcap_quote_detect(evidence, DCAP_SGX);
}

static int parse(struct span evidence, struct dcap_quote *quote, struct sgx_report *report,
                 struct err *err)
{
    if (dcap_quote_parse(evidence, quote, err) < 0)
        return -1;
    if (quote->tee != DCAP_SGX)
        return err_set(err, ERR_INPUT, "byte 4: the quote is of a TD, not of an SGX enclave");
    return sgx_report_parse(quote->body, report, err);
}

void sgx_case_check(struct attest_case *c, struct span evidence)
{
    OWNED_DCAP_PROOF proof = {0};
    struct sgx_report report;
    struct dcap_quote quote;
    struct json *claims;
    struct err err;

    case_open_item(c, KIND_SGX);
    if (!verdict_note(c->verdict, FINDING_DCAP_QUOTE_FORM, parse(evidence, &quote, &report, &err),
                      &err))
        return;

    dcap_prove(&quote, NULL, c->in, c->verdict, &proof);
    if (proof.sound)
        verdict_prove_item(c->verdict);
    claims = sgx_claims(&report);
    dcap_claims_add(claims, &quote, &proof);
    json_set(c->verdict->claims, attest_kind_names[KIND_SGX], claims);

    case_check_report_data(c, FINDING_SGX_REPORT_DATA, SPAN_OF_ARRAY(report.report_data));
    (void)dcap_check_end(&quote, evidence, c->verdict);
    if (!case_admit_kind(c, KIND_SGX))
        return;
    appraise_sgx(&report, &proof, &c->policy->sgx, c->verdict);
    verdict_appraise_item(c->verdict);
}
