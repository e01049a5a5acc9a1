/* TPM evidence in every form, from bytes to a verdict and its JSON. */
#include "lib/attest/attest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Waives all it can, so that as much as possible is looked at. No key is named, so whatever is
 * accepted is a defect. */
static const char policy_text[] =
    "{\"version\":1,\"waive\":[\"freshness\",\"measurement\",\"min_tcb\",\"pei\",\"crl\"],"
    "\"vtpm\":{\"emulated\":true,\"pcrs\":{\"sha256\":{\"0\":"
    "\"0000000000000000000000000000000000000000000000000000000000000000\"}}},\"snp\":{}}";

static void check(const struct attest_input *in)
{
    OWNED_BUF text = BUF_OF(1 * MIB);
    OWNED_VERDICT verdict = {0};
    OWNED_JSON *json = NULL;
    struct err err;

    if (attest_validate(in, &verdict, &err) < 0)
        return;
    if (verdict_accepted(&verdict))
        abort();
    json = verdict_json(&verdict);
    json_write(json, &text);
    attest_explain(&verdict, &text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct policy *policy;
    struct attest_input in = {.evidence = span_of(data, size), .now = 1700000000};
    size_t half = size / 2;
    struct err err;

    if (policy == NULL && policy_load(span_of_str(policy_text), &policy, &err) < 0)
        abort();
    in.policy = policy;
    in.format = ATTEST_TPM_PB;
    check(&in);
    in.format = ATTEST_VTPM;
    in.key = span_of(data, half);
    in.evidence = span_of(data + half, size - half);
    check(&in);
    in.format = ATTEST_HCL;
    in.evidence = span_of(data, size);
    check(&in);
    return 0;
}
