#include "tests/unit/unit.h"

#include "lib/attest/policy_narrow.h"

#define A                                                                                          \
    "\""                                                                                           \
    "aa"                                                                                           \
    "\""
#define B                                                                                          \
    "\""                                                                                           \
    "bb"                                                                                           \
    "\""

/* document, other, and what becomes of document; NULL: refused with what stands in says. */
static const struct {
    const char *document, *other, *result, *says;
} cases[] = {
    {"{}", "{\"snp\":{\"measurement\":[" A "]}}", "{\"snp\":{\"measurement\":[" A "]}}", NULL},
    {"{}", "{\"snp\":{\"measurement\":" A "},\"tdx\":{\"mrtd\":" B "}}",
     "{\"snp\":{\"measurement\":[" A "]},\"tdx\":{\"mrtd\":[" B "]}}", NULL},
    {"{\"snp\":{\"measurement\":[" A "," B "]}}", "{\"snp\":{\"measurement\":" A "}}",
     "{\"snp\":{\"measurement\":[" A "]}}", NULL},
    {"{\"snp\":{\"measurement\":[" B "]}}", "{\"snp\":{\"measurement\":" A "}}", NULL,
     "the launch measurement is none that the policy accepts: 'f' has aa"},
    {"{\"vtpm\":{}}", "{\"snp\":{\"measurement\":" A "}}", NULL, "name its part"},
    {"{\"snp\":{}}", "{\"snp\":{\"measurement\":" A "},\"tdx\":{\"mrtd\":" B "}}",
     "{\"snp\":{\"measurement\":[" A "]}}", NULL},
    {"{\"manifest_sha256\":" A "}", "{\"manifest_sha256\":" A "}", "{\"manifest_sha256\":" A "}",
     NULL},
    {"{\"manifest_sha256\":" A "}", "{\"manifest_sha256\":" B "}", NULL, "the manifest is none"},
    {"{\"snp\":{}}", "{\"manifest_sha256\":" B "}", "{\"snp\":{},\"manifest_sha256\":" B "}", NULL},
    {"{\"snp\":{}}", "{\"snp\":{\"vmpl\":0}}", "{\"snp\":{\"vmpl\":0}}", NULL},
    {"{\"snp\":{}}", "{\"snp\":{\"vmpl\":2}}", NULL, "the VMPL is none"},
    {"{\"snp\":{\"vmpl\":2}}", "{\"snp\":{\"vmpl\":2}}", "{\"snp\":{\"vmpl\":2}}", NULL},
    {"{\"snp\":{\"min_tcb\":{\"bl\":4}}}", "{\"snp\":{\"min_tcb\":{\"bl\":3,\"snp\":9}}}",
     "{\"snp\":{\"min_tcb\":{\"bl\":4,\"snp\":9}}}", NULL},
    {"{\"snp\":{\"min_tcb\":{\"bl\":3}}}", "{\"snp\":{\"min_tcb\":{\"bl\":4}}}",
     "{\"snp\":{\"min_tcb\":{\"bl\":4}}}", NULL},
    {"{}", "{\"max_manifests\":3}", "{}", NULL},
    {"{\"max_manifests\":4}", "{\"max_manifests\":3}", "{\"max_manifests\":3}", NULL},
    {"{\"snp\":{\"min_launch_mit_vector\":1}}", "{\"snp\":{\"min_launch_mit_vector\":\"0x6\"}}",
     "{\"snp\":{\"min_launch_mit_vector\":\"0x7\"}}", NULL},
    {"{\"snp\":{}}", "{\"snp\":{\"min_launch_mit_vector\":4}}",
     "{\"snp\":{\"min_launch_mit_vector\":\"0x4\"}}", NULL},
    {"{\"snp\":{}}", "{\"snp\":{\"require_no_smt\":true,\"require_alias_check\":false}}",
     "{\"snp\":{\"require_no_smt\":true}}", NULL},
    {"{\"tdx\":{\"min_tee_tcb_svn\":\"0304\"}}", "{\"tdx\":{\"min_tee_tcb_svn\":\"0205\"}}",
     "{\"tdx\":{\"min_tee_tcb_svn\":\"0305\"}}", NULL},
    {"{\"tdx\":{}}", "{\"tdx\":{\"min_tee_tcb_svn\":\"0205\"}}",
     "{\"tdx\":{\"min_tee_tcb_svn\":\"0205\"}}", NULL},
    {"{\"vtpm\":{}}", "{\"vtpm\":{\"emulated\":true,\"ak_sha256\":" A "}}", "{\"vtpm\":{}}", NULL},
    {"{\"waive\":[]}", "{\"waive\":[\"crl\"]}", "{\"waive\":[]}", NULL},
    {"{\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":[" A "," B "],\"5\":" A "}}}}",
     "{\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":" B ",\"9\":" A ",\"7\":null},\"sha384\":{\"1\":" A
     "}}}}",
     "{\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":[" B "],\"5\":" A ",\"9\":[" A "]},"
     "\"sha384\":{\"1\":[" A "]}}}}",
     NULL},
    {"{\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":" A "}}}}",
     "{\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":" B "}}}}", NULL, "PCR 4 of 'f' is none"},
    {"{\"vtpm\":{}}", "{\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":" B "}}}}",
     "{\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":[" B "]}}}}", NULL},
    {"{\"snp\":{\"min_launch_mit_vector\":\"zz\"}}", "{\"snp\":{\"min_launch_mit_vector\":4}}",
     NULL, "mask"},
};

static void what_both_demand_is_left(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_JSON *document = NULL, *other = NULL;
        OWNED_BUF text = BUF_OF(4096);
        int result;

        assert_ok(json_parse(span_of_str(cases[i].document), &document, &err));
        assert_ok(json_parse(span_of_str(cases[i].other), &other, &err));
        result = policy_narrow(document, other, "'f'", &err);
        if (cases[i].result == NULL) {
            if (result == 0 || strstr(err.text, cases[i].says) == NULL)
                fail_msg("case %zu: %s", i, result == 0 ? "was taken" : err.text);
            continue;
        }
        if (result < 0)
            fail_msg("case %zu: %s", i, err.text);
        json_write(document, &text);
        assert_string_equal(buf_str(&text), cases[i].result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_both_demand_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
