/* Every case of vectors/snp-synthetic, as its manifest says. */
#include "tests/unit/attest/vectors.h"

#include "lib/attest/attest.h"

#define DIR "snp-synthetic/"

static struct policy *policy_of(const struct json *snp)
{
    static const char *const waived[] = {"freshness", "measurement", "min_tcb", "crl"};
    OWNED_JSON *json = json_new_object();
    struct json *waive = json_new_array();
    OWNED_BUF text = BUF_OF(64 * KIB);
    struct policy *policy = NULL;
    struct err err;

    for (size_t i = 0; i < COUNT_OF(waived); i++)
        json_add(waive, json_new_str(waived[i]));
    json_set_int(json, "version", 1);
    json_set(json, "waive", waive);
    json_set(json, "snp", json_new_copy(snp));
    json_write(json, &text);
    assert_ok(policy_load(buf_span(&text), &policy, &err));
    return policy;
}

static struct span file_of(const struct json *one, const char *key)
{
    char name[256];

    if (json_get_str(one, key) == NULL)
        return span_of(NULL, 0);
    snprintf(name, sizeof(name), DIR "%s", json_get_str(one, key));
    return vectors_read(name);
}

static bool run_case(const struct json *one)
{
    OWNED_POLICY *policy = policy_of(json_get(one, "policy"));
    struct span chain = file_of(one, "intermediate");
    struct span root = file_of(one, "trusted_root");
    struct span crl = file_of(one, "crl");
    struct attest_input in = {.format = ATTEST_SNP,
                              .evidence = file_of(one, "report"),
                              .vek = file_of(one, "vek"),
                              .chain = {&chain, 1},
                              .trust_roots = {&root, 1},
                              .crls = {&crl, crl.len > 0 ? 1 : 0},
                              .policy = policy,
                              .now = vectors_time(json_get_str(one, "now"))};
    bool expected = strcmp(json_get_str(one, "expect"), "accept") == 0;
    OWNED_VERDICT verdict = {0};
    OWNED_BUF text = BUF_OF(1 * MIB);
    struct err err;

    assert_ok(attest_validate(&in, &verdict, &err));
    if (verdict_accepted(&verdict) == expected && (expected || verdict.count > 0)) {
        vectors_done();
        return true;
    }
    attest_explain(&verdict, &text);
    printf("%s: expected %s (%s), got\n%s\n", json_get_str(one, "name"),
           json_get_str(one, "expect"), json_get_str(one, "why"), buf_str(&text));
    vectors_done();
    return false;
}

/* Which findings refuse a case, so that it is refused for its own reason. */
static void every_case_goes_as_the_manifest_says(void **state)
{
    OWNED_JSON *manifest = NULL;
    const struct json *cases;
    size_t failed = 0;
    struct err err;

    (void)state;
    if (vectors_dir() == NULL)
        skip();
    assert_ok(json_parse(vectors_read(DIR "manifest-open.json"), &manifest, &err));
    vectors_done();
    cases = json_get(manifest, "cases");
    assert_true(json_count(cases) > 50);
    for (size_t i = 0; i < json_count(cases); i++)
        failed += run_case(json_at(cases, i)) ? 0 : 1;
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_goes_as_the_manifest_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
