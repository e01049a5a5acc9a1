/* SNP evidence: a report, alone or with a certificate table, judged by a policy that asks for
 * everything. Nobody signed what a fuzzer makes, so nothing may be accepted. */
#include "lib/attest/attest.h"
#include "lib/attest/evidence/snp_claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char policy_text[] =
    "{\"version\":1,\"snp\":{\"min_tcb\":{\"fmc\":1,\"bl\":1,\"tee\":1,\"snp\":1,\"ucode\":1},"
    "\"min_launch_tcb\":{\"bl\":1},\"csp_id\":\"CN=x\",\"chip_id\":\"0011223344556677\","
    "\"require_no_smt\":true,\"require_alias_check\":true,\"require_ciphertext_hiding\":true,"
    "\"min_current_mit_vector\":1,\"min_launch_mit_vector\":1}}";

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void try_parse(struct span input)
{
    struct snp_report report;
    struct err err;

    if (snp_report_parse(span_part(input, 0, SNP_REPORT_SIZE), &report, &err) < 0) {
        require(err.kind == ERR_INPUT && strstr(err.text, "byte") != NULL);
        return;
    }
    for (int product = 0; product < SNP_PRODUCT_COUNT; product++)
        json_free(snp_claims(&report, (enum snp_product)product));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct policy *policy;
    struct attest_input in = {.evidence = span_of(data, size), .now = 1800000000};
    OWNED_BUF text = BUF_OF(4 * MIB);
    struct err err;

    if (policy == NULL)
        require(policy_load(span_of_str(policy_text), &policy, &err) == 0);
    try_parse(in.evidence);
    for (int format = ATTEST_AUTO; format <= ATTEST_SNP; format++) {
        OWNED_VERDICT verdict = {0};
        OWNED_JSON *json = NULL;

        in.format = (enum attest_format)format;
        in.policy = format == ATTEST_AUTO ? NULL : policy;
        require(attest_validate(&in, &verdict, &err) == 0);
        require(!verdict_accepted(&verdict) && verdict_crypto(&verdict) == OUTCOME_FAIL);
        require(verdict.count > 0);
        attest_explain(&verdict, &text);
        json = verdict_json(&verdict);
        json_write(json, &text);
    }
    return 0;
}
