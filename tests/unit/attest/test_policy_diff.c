#include "tests/unit/unit.h"

#include "lib/attest/policy_diff.h"

#define A48                                                                                        \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaa"
#define B48                                                                                        \
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" \
    "bbbb"

/* What only the first and only the second accept, as "member: sentence", one or none. */
static const struct {
    const char *first, *second, *only_first, *only_second;
} cases[] = {
    {"{}", "{}", NULL, NULL},
    {"{\"snp\":{}}", "{\"snp\":{\"vmpl\":0,\"csp_id\":[]},\"waive\":null,\"max_manifests\":1}",
     NULL, NULL},
    {"{\"tdx\":{\"tcb_status\":\"UpToDate\"}}", "{\"tdx\":{}}", NULL, NULL},
    {"{}", "{\"snp\":{\"measurement\":\"x\"},\"waive\":[]}",
     "tdx: tdx evidence; the other does not speak of it",
     "snp.measurement: snp evidence where the launch measurement is x"},
    {"{\"snp\":{\"measurement\":[\"a\",\"b\"]}}", "{\"snp\":{\"measurement\":[\"b\",\"c\"]}}",
     "snp.measurement: snp evidence where the launch measurement is a",
     "snp.measurement: snp evidence where the launch measurement is c"},
    {"{\"waive\":[\"measurement\"],\"snp\":{}}", "{\"snp\":{\"measurement\":[\"b\"]}}",
     "waive: evidence with waived: measurement", NULL},
    {"{\"snp\":{\"host_data\":\"a\"}}", "{\"snp\":{}}", NULL,
     "snp.host_data: snp evidence whatever HOST_DATA is; the other wants a"},
    {"{\"snp\":{\"vmpl\":2}}", "{\"snp\":{}}", "snp.vmpl: snp evidence where the VMPL is 2",
     "snp.vmpl: snp evidence where the VMPL is 0"},
    {"{\"snp\":{\"min_tcb\":{\"bl\":4}}}", "{\"snp\":{\"min_tcb\":{\"bl\":2}}}", NULL,
     "snp.min_tcb.bl: snp evidence where the reported TCB's boot loader is 2 or more; the other "
     "wants 4"},
    {"{\"max_manifests\":5}", "{}",
     "max_manifests: evidence with up to 5 manifests since boot; the other stops at 1", NULL},
    {"{\"snp\":{\"min_current_mit_vector\":\"0x5\"}}", "{\"snp\":{\"min_current_mit_vector\":1}}",
     NULL,
     "snp.min_current_mit_vector: snp evidence where the current mitigations lack bits of 0x4"},
    {"{\"snp\":{\"require_no_smt\":true}}", "{\"snp\":{\"require_no_smt\":false}}", NULL,
     "snp.require_no_smt: snp evidence that does not show that SMT is excluded"},
    {"{\"vtpm\":{\"emulated\":true}}", "{\"vtpm\":{}}",
     "vtpm.emulated: vtpm evidence of an emulated TPM", NULL},
    {"{\"tdx\":{\"tcb_status\":[\"UpToDate\",\"OutOfDate\"]}}", "{\"tdx\":{}}",
     "tdx.tcb_status: tdx evidence with TCB status: OutOfDate", NULL},
    {"{\"tdx\":{\"min_tee_tcb_svn\":\"0304\"}}", "{\"tdx\":{\"min_tee_tcb_svn\":\"0302\"}}", NULL,
     "tdx.min_tee_tcb_svn: tdx evidence where byte 1 of TEE_TCB_SVN is 2 or more; the other wants "
     "4"},
    {"{\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":[\"a\",\"b\"]}}}}",
     "{\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":\"a\",\"9\":\"c\"}}}}", "vtpm.pcrs: *", NULL},
    {"{\"vtpm\":{\"ek_roots\":[\"-----BEGIN CERTIFICATE-----\"]}}", "{\"vtpm\":{}}",
     "vtpm.ek_roots: vtpm evidence with root of TPM makers: (PEM)", NULL},
    {"{\"snp\":{\"csp_id\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]}}", "{\"snp\":{\"csp_id\":\"6\"}}",
     "snp.csp_id: snp evidence where the cloud provider is 1 or 2 or 3 or 4 or 1 more", NULL},
    {"{\"snp\":{\"measurement\":\"a\"}}", "{\"snp\":{}}",
     "snp.measurement: snp evidence where the launch measurement is a", NULL},
};

static void check_side(size_t number, const struct json *list, const char *wanted)
{
    const struct json *entry = json_at(list, 0);
    OWNED(free_str) char *said = NULL;

    if (wanted == NULL) {
        if (json_count(list) != 0)
            fail_msg("case %zu: '%s' is too much", number, json_get_str(entry, "accepts"));
        return;
    }
    if (json_count(list) == 0)
        fail_msg("case %zu: nothing is said of '%s'", number, wanted);
    said = mem_printf("%s: %s", json_get_str(entry, "member"), json_get_str(entry, "accepts"));
    if (text_ends_with(wanted, "*"))
        said[strlen(wanted) - 1] = '*', said[strlen(wanted)] = '\0';
    if (strcmp(said, wanted) != 0)
        fail_msg("case %zu: '%s', wanted '%s'", number, said, wanted);
}

static void each_difference_is_told_on_its_side(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_JSON *first = NULL, *second = NULL, *diff = NULL, *mirror = NULL;

        assert_ok(json_parse(span_of_str(cases[i].first), &first, &err));
        assert_ok(json_parse(span_of_str(cases[i].second), &second, &err));
        diff = policy_diff(first, second);
        check_side(i, json_get(diff, "only_first"), cases[i].only_first);
        check_side(i, json_get(diff, "only_second"), cases[i].only_second);
        mirror = policy_diff(second, first);
        check_side(i, json_get(mirror, "only_first"), cases[i].only_second);
        check_side(i, json_get(mirror, "only_second"), cases[i].only_first);
    }
}

static void registers_are_told_one_by_one(void **state)
{
    OWNED_JSON *first = NULL, *second = NULL, *diff = NULL;
    OWNED_BUF text = BUF_OF(4096);
    struct err err;

    (void)state;
    assert_ok(json_parse(span_of_str("{\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":[\"a\",\"b\"]}}}}"),
                         &first, &err));
    assert_ok(json_parse(
        span_of_str("{\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":\"a\"},\"sha384\":{\"0\":\"c\"}}}}"),
        &second, &err));
    diff = policy_diff(first, second);
    json_write(diff, &text);
    assert_string_equal(buf_str(&text), "{\"only_first\":[{\"member\":\"vtpm.pcrs\",\"accepts\":"
                                        "\"vtpm evidence where PCR 4 (sha256) is "
                                        "b\"},{\"member\":\"vtpm.pcrs\",\"accepts\":\"vtpm "
                                        "evidence whatever PCR 0 (sha384) is; the other "
                                        "wants c\"}],\"only_second\":[]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_difference_is_told_on_its_side),
        cmocka_unit_test(registers_are_told_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
