/* Policies. One that is taken keeps its word: every digest in it has its length, every list that
 * must not be empty has something in it. */
#include "lib/attest/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void check_lengths(const struct json_strings *list, size_t bytes)
{
    for (size_t i = 0; i < list->count; i++)
        require(strlen(list->items[i]) == 2 * bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_POLICY *policy = NULL;
    OWNED_BUF text = BUF_OF(4 * MIB);
    struct err err;

    if (policy_load(span_of(data, size), &policy, &err) < 0) {
        require(err.kind == ERR_INPUT || err.kind == ERR_MALFORMED);
        return 0;
    }
    require(policy->version == 1 && policy->snp.vmpl <= 3);
    check_lengths(&policy->snp.measurement, 48);
    check_lengths(&policy->snp.host_data, 32);
    check_lengths(&policy->tdx.mrtd, 48);
    check_lengths(&policy->sgx.mrsigner, 32);
    check_lengths(&policy->vtpm.ak_sha256, 32);
    for (size_t i = 0; i < policy->vtpm.pcr_count; i++) {
        require(policy->vtpm.pcr[i].index < 24);
        check_lengths(&policy->vtpm.pcr[i].digests, digest_size(policy->vtpm.pcr[i].bank));
    }
    require(policy->tdx.tcb_status.count > 0 && policy->sgx.tcb_status.count > 0);
    policy_write_values(&policy->snp.csp_id, &text);
    json_encode_text(&policy_table, policy, &text);
    return 0;
}
