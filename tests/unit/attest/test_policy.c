#include "tests/unit/unit.h"

#include "lib/attest/policy.h"
#include "lib/attest/policy_vtpm.h"

#define HEX16 "00112233445566778899aabbccddeeff"
#define HEX32 HEX16 HEX16
#define HEX48 HEX16 HEX16 HEX16
#define HEX64 HEX32 HEX32

static struct policy *load(const char *text)
{
    struct policy *policy = NULL;
    struct err err;

    assert_ok(policy_load(span_of_str(text), &policy, &err));
    return policy;
}

static void check_refused(const char *text, const char *pointer)
{
    OWNED_POLICY *policy = NULL;
    struct err err;

    if (policy_load(span_of_str(text), &policy, &err) == 0)
        fail_msg("was accepted: %s", text);
    if (strcmp(err.pointer, pointer) != 0)
        fail_msg("expected '%s', got '%s' (%s)", pointer, err.pointer, err.text);
}

static void what_is_not_a_policy_is_refused(void **state)
{
    (void)state;
    check_refused("", "");
    check_refused("[]", "");
    check_refused("null", "");
    check_refused("{}", "/version");
    check_refused("{\"version\":2}", "/version");
    check_refused("{\"version\":\"1\"}", "/version");
    check_refused("{\"version\":1}x", "");
}

static void members_that_nobody_knows_are_refused(void **state)
{
    (void)state;
    check_refused("{\"version\":1,\"snpp\":{}}", "/snpp");
    check_refused("{\"version\":1,\"snp\":{\"mesurement\":[]}}", "/snp/mesurement");
    check_refused("{\"version\":1,\"snp\":{\"min_tcb\":{\"micro\":1}}}", "/snp/min_tcb/micro");
    check_refused("{\"version\":1,\"waive\":[\"crl\",\"debug\"]}", "/waive/1");
    check_refused("{\"version\":1,\"platforms\":[\"sev\"]}", "/platforms/0");
    check_refused("{\"version\":1,\"snp\":{},\"snp\":{}}", "/snp");
    check_refused("{\"version\":1,\"vtpm\":{\"pcrs\":{\"md5\":{}}}}", "/vtpm/pcrs/md5");
}

static void digests_have_their_length_and_case(void **state)
{
    (void)state;
    check_refused("{\"version\":1,\"snp\":{\"measurement\":[\"" HEX32 "\"]}}",
                  "/snp/measurement/0");
    check_refused("{\"version\":1,\"snp\":{\"measurement\":\"" HEX64 "\"}}", "/snp/measurement/0");
    check_refused("{\"version\":1,\"snp\":{\"host_data\":\"" HEX16 "\"}}", "/snp/host_data/0");
    check_refused("{\"version\":1,\"snp\":{\"report_data\":\"" HEX32 "\"}}", "/snp/report_data");
    check_refused("{\"version\":1,\"snp\":{\"chip_id\":\"" HEX32 "\"}}", "/snp/chip_id/0");
    check_refused("{\"version\":1,\"manifest_sha256\":\"" HEX16 "\"}", "/manifest_sha256");
    check_refused("{\"version\":1,\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":\"" HEX16 "\"}}}}",
                  "/vtpm/pcrs/sha256/4");
    check_refused("{\"version\":1,\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":5}}}}",
                  "/vtpm/pcrs/sha256/4");
    check_refused("{\"version\":1,\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":{}}}}}",
                  "/vtpm/pcrs/sha256/4");
    check_refused("{\"version\":1,\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":[\"" HEX32 "\",5]}}}}",
                  "/vtpm/pcrs/sha256/4/1");
    check_refused("{\"version\":1,\"tdx\":{\"mrtd\":[\"" HEX48 "\",\"AA" HEX16 HEX16
                  "00112233445566778899aabbccddee\"]}}",
                  "/tdx/mrtd/1");
}

static void numbers_have_their_bounds(void **state)
{
    (void)state;
    check_refused("{\"version\":1,\"snp\":{\"vmpl\":4}}", "/snp/vmpl");
    check_refused("{\"version\":1,\"snp\":{\"vmpl\":-1}}", "/snp/vmpl");
    check_refused("{\"version\":1,\"snp\":{\"min_tcb\":{\"bl\":256}}}", "/snp/min_tcb/bl");
    check_refused("{\"version\":1,\"snp\":{\"min_launch_mit_vector\":\"3\"}}",
                  "/snp/min_launch_mit_vector");
    check_refused("{\"version\":1,\"snp\":{\"min_launch_mit_vector\":\"0x\"}}",
                  "/snp/min_launch_mit_vector");
    check_refused("{\"version\":1,\"snp\":{\"min_launch_mit_vector\":\"0x12345678123456789\"}}",
                  "/snp/min_launch_mit_vector");
    check_refused("{\"version\":1,\"snp\":{\"min_current_mit_vector\":-1}}",
                  "/snp/min_current_mit_vector");
    check_refused("{\"version\":1,\"vtpm\":{\"pcrs\":{\"sha256\":{\"24\":\"" HEX32 "\"}}}}",
                  "/vtpm/pcrs/sha256/24");
    check_refused("{\"version\":1,\"vtpm\":{\"pcrs\":{\"sha256\":{\"04\":\"" HEX32 "\"}}}}",
                  "/vtpm/pcrs/sha256/04");
}

static void the_contracts_example_is_a_policy(void **state)
{
    OWNED_POLICY *policy = load(
        "{\"version\": 1, \"waive\": [], \"platforms\": [\"snp\"], \"manifest_sha256\": null,"
        "\"max_manifests\": 1, \"config_sha256\": null,"
        "\"snp\": {\"measurement\": [], \"report_data\": null, \"host_data\": null, \"vmpl\": 0,"
        "\"min_tcb\": {}, \"min_committed_tcb\": {}, \"min_launch_tcb\": {}, \"chip_id\": [],"
        "\"csp_id\": [], \"id_key_digest\": null, \"author_key_digest\": null,"
        "\"require_no_smt\": false, \"require_alias_check\": false,"
        "\"require_ciphertext_hiding\": false, \"min_current_mit_vector\": null,"
        "\"min_launch_mit_vector\": null},"
        "\"tdx\": {\"mrtd\": [], \"rtmr0\": [], \"rtmr1\": [], \"rtmr2\": [], \"rtmr3\": [],"
        "\"mrconfigid\": null, \"mrowner\": null, \"mrownerconfig\": null, \"mrseam\": [],"
        "\"min_tee_tcb_svn\": null, \"tcb_status\": [\"UpToDate\"],"
        "\"min_tcb_evaluation_number\": null, \"allow_advisories\": []},"
        "\"sgx\": {\"mrenclave\": [], \"mrsigner\": [], \"tcb_status\": [\"UpToDate\"]},"
        "\"vtpm\": {\"pcrs\": {\"sha256\": {\"4\": \"" HEX32 "\"}}, \"pei_digests\": [],"
        "\"ak_sha256\": [], \"ek_roots\": [], \"emulated\": false},"
        "\"dice\": {\"required\": false}, \"sim\": {\"root\": null}}");

    (void)state;
    for (int i = 0; i < KIND_COUNT; i++)
        assert_true(policy->named[i]);
    assert_int_equal(policy->snp.measurement.count, 0);
    assert_false(policy_tcb_named(&policy->snp.min_tcb));
    assert_false(policy->snp.current_mit.present);
    assert_int_equal(policy->vtpm.pcr_count, 1);
    assert_int_equal(policy->vtpm.pcr[0].index, 4);
    assert_int_equal(policy->vtpm.pcr[0].bank, DIGEST_SHA256);
    assert_true(policy_accepts_platform(policy, KIND_SNP));
    assert_false(policy_accepts_platform(policy, KIND_TDX));
}

static void a_value_stands_for_a_list_of_one(void **state)
{
    OWNED_POLICY *policy =
        load("{\"version\":1,\"waive\":\"crl\",\"platforms\":\"snp\",\"snp\":{\"measurement\":"
             "\"" HEX48 "\",\"csp_id\":\"CN=x\"},\"tdx\":{\"tcb_status\":\"OutOfDate\"},"
             "\"vtpm\":{\"ek_roots\":\"-----BEGIN\\nx\",\"pcrs\":{\"sha1\":{\"0\":[\"" HEX16
             "00112233\"]}}}}");

    (void)state;
    assert_true(policy->waives[WAIVE_CRL]);
    assert_int_equal(policy->snp.measurement.count, 1);
    assert_string_equal(policy->snp.csp_id.items[0], "CN=x");
    assert_int_equal(policy->tdx.tcb_status.count, 1);
    assert_string_equal(policy->tdx.tcb_status.items[0], "OutOfDate");
    assert_int_equal(policy->vtpm.ek_root.count, 1);
    assert_int_equal(policy->vtpm.pcr[0].digests.count, 1);
}

static void what_is_not_said_has_the_strict_meaning(void **state)
{
    OWNED_POLICY *policy = load("{\"version\":1,\"snp\":{},\"tdx\":{\"tcb_status\":[]}}");

    (void)state;
    assert_int_equal(policy->snp.vmpl, 0);
    assert_int_equal(policy->max_manifests, 1);
    assert_string_equal(policy->tdx.tcb_status.items[0], "UpToDate");
    assert_string_equal(policy->sgx.tcb_status.items[0], "UpToDate");
    assert_int_equal(policy->tdx.min_tcb_evaluation_number, POLICY_UNSET);
    assert_false(policy->vtpm.emulated);
    for (int i = 0; i < WAIVER_COUNT; i++)
        assert_false(policy->waives[i]);
}

static void a_part_that_is_absent_is_a_kind_that_is_refused(void **state)
{
    OWNED_POLICY *none = load("{\"version\":1}");
    OWNED_POLICY *null = load("{\"version\":1,\"snp\":null}");
    OWNED_POLICY *snp = load("{\"version\":1,\"snp\":{}}");

    (void)state;
    for (int i = 0; i < KIND_COUNT; i++) {
        assert_true(policy_accepts_kind(none, (enum attest_kind)i));
        assert_true(policy_accepts_kind(null, (enum attest_kind)i));
        assert_int_equal(policy_accepts_kind(snp, (enum attest_kind)i), i == KIND_SNP);
    }
}

static void masks_are_numbers_or_hex(void **state)
{
    OWNED_POLICY *policy = load("{\"version\":1,\"snp\":{\"min_current_mit_vector\":11,"
                                "\"min_launch_mit_vector\":\"0xfedcba9876543210\"}}");

    (void)state;
    assert_true(policy->snp.current_mit.present && policy->snp.current_mit.bits == 11);
    assert_true(policy->snp.launch_mit.bits == 0xfedcba9876543210);
}

static void values_match_whole(void **state)
{
    OWNED_POLICY *policy = load("{\"version\":1,\"snp\":{\"host_data\":[\"" HEX32 "\"]}}");
    uint8_t bytes[64];
    struct err err;

    (void)state;
    assert_ok(text_parse_hex(HEX64, bytes, sizeof(bytes), &err));
    assert_true(policy_allows_hex(&policy->snp.host_data, span_of(bytes, 32)));
    assert_false(policy_allows_hex(&policy->snp.host_data, span_of(bytes, 31)));
    assert_false(policy_allows_hex(&policy->snp.host_data, span_of(bytes, 33)));
    assert_false(policy_allows_hex(&policy->snp.host_data, span_of(bytes, 0)));
    assert_false(policy_allows_hex(&policy->snp.measurement, span_of(bytes, 0)));
}

static void values_are_listed_for_people(void **state)
{
    char words[] = "a\0b\0c\0d\0e";
    char *items[] = {words, words + 2, words + 4, words + 6, words + 8};
    OWNED_BUF text = BUF_OF(100);
    struct json_strings values = {items, 1};

    (void)state;
    policy_write_values(&values, &text);
    assert_string_equal(buf_str(&text), "a");
    buf_reset(&text);
    values.count = 3;
    policy_write_values(&values, &text);
    assert_string_equal(buf_str(&text), "a, b or c");
    buf_reset(&text);
    values.count = 5;
    policy_write_values(&values, &text);
    assert_string_equal(buf_str(&text), "a, b, c, d or 1 more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_a_policy_is_refused),
        cmocka_unit_test(members_that_nobody_knows_are_refused),
        cmocka_unit_test(digests_have_their_length_and_case),
        cmocka_unit_test(numbers_have_their_bounds),
        cmocka_unit_test(the_contracts_example_is_a_policy),
        cmocka_unit_test(a_value_stands_for_a_list_of_one),
        cmocka_unit_test(what_is_not_said_has_the_strict_meaning),
        cmocka_unit_test(a_part_that_is_absent_is_a_kind_that_is_refused),
        cmocka_unit_test(masks_are_numbers_or_hex),
        cmocka_unit_test(values_match_whole),
        cmocka_unit_test(values_are_listed_for_people),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
