/* TDX and SGX evidence: a quote, judged by a policy that asks for everything. Nobody whom we trust
 * signed what a fuzzer makes, so nothing may be accepted. */
#include "lib/attest/attest.h"
#include "lib/attest/evidence/dcap_quote.h"
#include "lib/attest/evidence/sgx_claims.h"
#include "lib/attest/evidence/td_claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char policy_text[] =
    "{\"version\":1,\"waive\":[\"collateral\"],\"tdx\":{\"min_tee_tcb_svn\":"
    "\"01010101010101010101010101010101\",\"tcb_status\":\"UpToDate\","
    "\"min_tcb_evaluation_number\":1},\"sgx\":{\"tcb_status\":\"UpToDate\"}}";

static void require(bool ok)
{
    if (!ok)
        abort();
}

static bool is_within(struct span part, struct span whole)
{
    return part.data >= whole.data && part.data + part.len <= whole.data + whole.len;
}

static void try_parse(struct span input)
{
    struct sgx_report report;
    struct dcap_quote quote;
    struct td_report td;
    struct err err;

    if (dcap_quote_parse(input, &quote, &err) < 0) {
        require(err.kind == ERR_INPUT && strstr(err.text, "byte") != NULL);
        return;
    }
    require(quote.end <= input.len && is_within(quote.signed_part, input) &&
            is_within(quote.signature, input) && is_within(quote.attestation_key, input) &&
            is_within(quote.qe_report, input) && is_within(quote.qe_report_signature, input) &&
            is_within(quote.qe_auth, input) && is_within(quote.certificates, input));
    if (quote.tee == DCAP_TDX) {
        require(td_report_parse(quote.body, &td, &err) == 0);
        json_free(td_claims(&td));
    } else if (sgx_report_parse(quote.body, &report, &err) == 0) {
        json_free(sgx_claims(&report));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum attest_format formats[] = {ATTEST_AUTO, ATTEST_TDX, ATTEST_SGX};
    static struct policy *policy;
    struct attest_input in = {.evidence = span_of(data, size), .now = 1800000000};
    OWNED_BUF text = BUF_OF(4 * MIB);
    struct err err;

    if (policy == NULL)
        require(policy_load(span_of_str(policy_text), &policy, &err) == 0);
    try_parse(in.evidence);
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        OWNED_VERDICT verdict = {0};
        OWNED_JSON *json = NULL;

        in.format = formats[i];
        in.policy = formats[i] == ATTEST_AUTO ? NULL : policy;
        require(attest_validate(&in, &verdict, &err) == 0);
        require(!verdict_accepted(&verdict) && verdict_crypto(&verdict) == OUTCOME_FAIL);
        require(verdict.count > 0);
        attest_explain(&verdict, &text);
        json = verdict_json(&verdict);
        json_write(json, &text);
    }
    return 0;
}
