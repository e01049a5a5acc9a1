#include "tests/unit/attest/vectors.h"

#include "lib/attest/hcl_case.h"
#include "tests/fakes/fake_snp.h"
#include "tests/unit/attest/hcl_make.h"
#include "tests/unit/attest/vtpm_make.h"

/* --- a machine of our own -------------------------------------------------------------------- */

/* A VM whose paravisor's runtime data names an RSA key, in the report of a chip of our own. */
struct vm {
    struct fake_snp world;
    struct key *ak;
    struct buf runtime, blob;
    struct attest_input in;
    struct policy *policy;
    struct verdict verdict;
};

static void vm_done(struct vm *vm)
{
    fake_snp_done(&vm->world);
    key_free(vm->ak);
    buf_done(&vm->runtime);
    buf_done(&vm->blob);
    policy_free(vm->policy);
    verdict_done(&vm->verdict);
}
#define OWNED_VM __attribute__((cleanup(vm_done))) struct vm

static int forget_keys(void **state)
{
    (void)state;
    fake_snp_forget_keys();
    return 0;
}

static void vm_make(struct vm *vm)
{
    static const char policy[] = "{\"version\":1,\"waive\":[\"measurement\",\"min_tcb\",\"crl\","
                                 "\"freshness\"],\"snp\":{}}";
    OWNED_BUF spki = BUF_OF(4 * KIB);
    struct err err;

    *vm = (struct vm){.runtime = BUF_OF(8 * KIB), .blob = BUF_OF(16 * KIB)};
    fake_snp_start(&vm->world, SNP_GENOA, false);
    assert_ok(key_generate(KEY_RSA, 2048, &vm->ak, &err));
    key_write_spki(vm->ak, &spki);
    make_runtime(&vm->runtime, span_of(spki.data + spki.len - 5 - 256, 256));
    memset(vm->world.report + 0x50, 0, 64);
    digest_of(DIGEST_SHA256, buf_span(&vm->runtime), vm->world.report + 0x50);
    assert_ok(policy_load(span_of_str(policy), &vm->policy, &err));
}

static void vm_validate(struct vm *vm, uint32_t hardware)
{
    struct err err;

    fake_snp_make(&vm->world);
    fake_snp_input(&vm->world, &vm->in);
    buf_reset(&vm->blob);
    make_blob(&vm->blob, hardware, buf_str(&vm->runtime), vm->world.report);
    vm->in.format = ATTEST_AUTO;
    vm->in.evidence = buf_span(&vm->blob);
    vm->in.policy = vm->policy;
    verdict_done(&vm->verdict);
    assert_ok(attest_validate(&vm->in, &vm->verdict, &err));
}

static bool vm_found(const struct vm *vm, enum finding_id id)
{
    for (size_t i = 0; i < vm->verdict.count; i++)
        if (vm->verdict.findings[i].id == id)
            return true;
    return false;
}

static void a_blob_over_its_runtime_data_is_accepted(void **state)
{
    OWNED_VM vm;

    (void)state;
    vm_make(&vm);
    vm_validate(&vm, 2);
    assert_true(verdict_accepted(&vm.verdict));
    assert_true(json_get_bool(json_get(json_get(vm.verdict.claims, "hcl"), "vm_configuration"),
                              "secure-boot"));
}

static void other_runtime_data_is_refused(void **state)
{
    OWNED_VM vm;

    (void)state;
    vm_make(&vm);
    memcpy(strstr(buf_str(&vm.runtime), ":true"), ":null", 5);
    vm_validate(&vm, 2);
    assert_false(verdict_accepted(&vm.verdict));
    assert_true(vm_found(&vm, FINDING_SNP_REPORT_DATA));
}

/* Only the first 32 bytes are the hash; the rest must be zero. */
static void more_report_data_than_the_hash_is_refused(void **state)
{
    OWNED_VM vm;

    (void)state;
    vm_make(&vm);
    vm.world.report[0x50 + 63] = 1;
    vm_validate(&vm, 2);
    assert_true(vm_found(&vm, FINDING_SNP_REPORT_DATA));
}

static void what_cannot_be_checked_from_afar_is_refused(void **state)
{
    OWNED_VM vm;

    (void)state;
    vm_make(&vm);
    vm_validate(&vm, 4);
    assert_false(verdict_accepted(&vm.verdict));
    assert_true(vm_found(&vm, FINDING_HCL_HARDWARE));
}

static void malformed_blobs_are_refused(void **state)
{
    OWNED_VM vm;

    (void)state;
    vm_make(&vm);
    vm_validate(&vm, 3);
    assert_true(vm_found(&vm, FINDING_HCL_FORM));
    buf_reset(&vm.runtime);
    buf_add_str(&vm.runtime, "{}");
    vm_validate(&vm, 2);
    assert_false(verdict_accepted(&vm.verdict));
    assert_true(vm_found(&vm, FINDING_HCL_FORM));
}

/* --- genuine evidence ------------------------------------------------------------------------ */

#define NOW 1750000000 /* June 2025 */

struct azure_case {
    struct buf text, roots[2];
    struct span chain[2];
    struct attest_input in;
    struct policy *policy;
    struct verdict verdict;
};

static void azure_case_done(struct azure_case *a)
{
    buf_done(&a->text);
    buf_done(&a->roots[0]);
    buf_done(&a->roots[1]);
    policy_free(a->policy);
    verdict_done(&a->verdict);
}
#define OWNED_AZURE_CASE __attribute__((cleanup(azure_case_done))) struct azure_case

static void open_case(struct azure_case *a, const char *file, struct span nonce)
{
    static const char policy[] =
        "{\"version\":1,\"waive\":[\"measurement\",\"min_tcb\",\"crl\",\"pei\"],"
        "\"snp\":{},\"vtpm\":{}}";
    struct err err;

    *a =
        (struct azure_case){.text = BUF_OF(1 * MIB), .roots = {BUF_OF(64 * KIB), BUF_OF(64 * KIB)}};
    vector_read(file, &a->text);
    vector_read("snp/amd-roots-trustee/milan_ask_ark_asvk.pem", &a->roots[0]);
    vector_read("snp/amd-roots-trustee/genoa_ask_ark_asvk.pem", &a->roots[1]);
    for (size_t i = 0; i < 2; i++)
        a->chain[i] = buf_span(&a->roots[i]);
    assert_ok(policy_load(span_of_str(policy), &a->policy, &err));
    a->in = (struct attest_input){.evidence = buf_span(&a->text),
                                  .chain = {a->chain, 2},
                                  .nonce = nonce,
                                  .policy = a->policy,
                                  .now = NOW};
}

static bool accepts(struct azure_case *a)
{
    struct err err;

    verdict_done(&a->verdict);
    assert_ok(attest_validate(&a->in, &a->verdict, &err));
    return verdict_accepted(&a->verdict);
}

static bool refused_for(const struct azure_case *a, enum finding_id id)
{
    for (size_t i = 0; i < a->verdict.count; i++)
        if (a->verdict.findings[i].id == id)
            return !verdict_accepted(&a->verdict);
    return false;
}

static void must_accept(struct azure_case *a)
{
    OWNED_BUF text = BUF_OF(256 * KIB);

    if (accepts(a))
        return;
    attest_explain(&a->verdict, &text);
    fail_msg("%s", buf_str(&text));
}

static void genuine_evidence_is_accepted_with_its_nonce(void **state)
{
    static const char *const files[] = {"azure/trustee-az-snp-vtpm/evidence-v0.json",
                                        "azure/trustee-az-snp-vtpm/evidence-v1.json"};

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWNED_AZURE_CASE a;

        open_case(&a, files[i], span_of_str("challenge"));
        must_accept(&a);
        assert_string_equal(
            json_get_str(json_get(json_get(a.verdict.claims, "vtpm"), "ak"), "bound_by"), "report");
        a.in.nonce = span_of_str("challengf");
        assert_false(accepts(&a));
        assert_true(refused_for(&a, FINDING_TPM_CHALLENGE));
        a.in.nonce = span_of(NULL, 0);
        assert_false(accepts(&a));
        assert_true(refused_for(&a, FINDING_FRESHNESS));
    }
}

/* v2 and Genoa: challenges of 48 bytes, which the quote itself tells. */
static void genuine_evidence_with_a_long_nonce_is_accepted(void **state)
{
    static const char *const files[] = {"azure/trustee-az-snp-vtpm/evidence-v2.json",
                                        "azure/trustee-az-snp-vtpm/evidence-genoa.json"};

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWNED_BUF nonce = BUF_OF(64);
        OWNED_AZURE_CASE a;

        open_case(&a, files[i], span_of_str("challenge"));
        assert_false(accepts(&a));
        vector_hex(json_get_str(json_get(a.verdict.claims, "vtpm"), "extra_data"), &nonce);
        assert_int_equal(nonce.len, 48);
        a.in.nonce = buf_span(&nonce);
        must_accept(&a);
        nonce.data[47] ^= 1;
        assert_false(accepts(&a));
    }
}

/* Changes one character of a member's value, `at` characters into it. */
static void change(struct azure_case *a, const char *member, size_t at)
{
    OWNED(free_str) char *key = mem_printf("\"%s\":", member);
    char *value;

    buf_str(&a->text);
    value = strstr((char *)a->text.data, key);
    assert_non_null(value);
    value = strchr(value + strlen(key), '"') + 1 + at;
    *value = *value == 'a' ? 'b' : 'a';
}

static void changed_evidence_is_refused(void **state)
{
    static const struct {
        const char *member;
        size_t at;
        enum finding_id reason;
    } rows[] = {
        {"signature", 100, FINDING_TPM_SIGNATURE},
        {"message", 60, FINDING_TPM_SIGNATURE},
        {"pcrs", 5, FINDING_TPM_REGISTERS},
        {"hcl_report", 1900, FINDING_SNP_REPORT_DATA}, /* within the modulus of the key */
        {"hcl_report", 300, FINDING_SNP_SIGNATURE},    /* within the report */
    };

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_AZURE_CASE a;

        open_case(&a, "azure/trustee-az-snp-vtpm/evidence-v1.json", span_of_str("challenge"));
        change(&a, rows[i].member, rows[i].at);
        assert_false(accepts(&a));
        if (!refused_for(&a, rows[i].reason))
            fail_msg("row %zu is not refused for %s", i, finding_row(rows[i].reason)->id);
    }
}

/* Without its VCEK nothing proves the report, and so nothing the key. */
static void a_report_that_is_not_proven_binds_no_key(void **state)
{
    OWNED_AZURE_CASE a;
    char *vcek;

    (void)state;
    need_vectors();
    open_case(&a, "azure/trustee-az-snp-vtpm/evidence-v1.json", span_of_str("challenge"));
    buf_str(&a.text);
    vcek = strstr((char *)a.text.data, "\"vcek\"");
    memcpy(vcek, "\"none\"", 6);
    assert_false(accepts(&a));
    assert_true(refused_for(&a, FINDING_SNP_VEK_ABSENT));
    assert_true(refused_for(&a, FINDING_TPM_AK_UNBOUND));
}

/* The blob alone: genuine, but from boot; nothing in it answers a challenge. */
static void a_blob_alone_answers_no_challenge(void **state)
{
    OWNED_BUF blob = BUF_OF(8 * KIB), vcek = BUF_OF(64 * KIB);
    struct err err;
    OWNED_AZURE_CASE a;

    (void)state;
    need_vectors();
    open_case(&a, "azure/trustee-az-snp-vtpm/evidence-v1.json", span_of_str("challenge"));
    vector_read("azure/trustee-az-snp-vtpm/hcl-report.bin", &blob);
    vector_read("azure/trustee-az-snp-vtpm/vcek.pem", &vcek);
    a.in.evidence = buf_span(&blob);
    a.in.vek = buf_span(&vcek);
    assert_false(accepts(&a));
    assert_int_equal(verdict_crypto(&a.verdict), OUTCOME_PASS);
    assert_true(refused_for(&a, FINDING_FRESHNESS));
    policy_free(GIVE(a.policy));
    assert_ok(policy_load(span_of_str("{\"version\":1,\"waive\":[\"freshness\",\"measurement\","
                                      "\"min_tcb\",\"crl\"],\"snp\":{}}"),
                          &a.policy, &err));
    a.in.policy = a.policy;
    a.in.nonce = span_of(NULL, 0);
    must_accept(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_over_its_runtime_data_is_accepted),
        cmocka_unit_test(other_runtime_data_is_refused),
        cmocka_unit_test(more_report_data_than_the_hash_is_refused),
        cmocka_unit_test(what_cannot_be_checked_from_afar_is_refused),
        cmocka_unit_test(malformed_blobs_are_refused),
        cmocka_unit_test(genuine_evidence_is_accepted_with_its_nonce),
        cmocka_unit_test(genuine_evidence_with_a_long_nonce_is_accepted),
        cmocka_unit_test(changed_evidence_is_refused),
        cmocka_unit_test(a_report_that_is_not_proven_binds_no_key),
        cmocka_unit_test(a_blob_alone_answers_no_challenge),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
