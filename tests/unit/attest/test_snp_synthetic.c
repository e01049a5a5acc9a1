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

/* --- the other files: each in the place of the right one
 * ------------------------------------------ */

/* A report and what vouches for it, in names of files; one of them is a stranger. */
struct slots {
    const char *vek, *intermediate, *root, *crl;
};

static bool is_genuine(const struct slots *slots)
{
    struct span chain = vectors_read(slots->intermediate), root = vectors_read(slots->root);
    struct span crl = vectors_read(slots->crl);
    struct attest_input in = {.format = ATTEST_SNP,
                              .evidence = vectors_read(DIR "reports/ok-v3-milan.bin"),
                              .vek = vectors_read(slots->vek),
                              .chain = {&chain, 1},
                              .trust_roots = {&root, 1},
                              .crls = {&crl, 1},
                              .now = vectors_time("2026-06-01T00:00:00Z")};
    OWNED_VERDICT verdict = {0};
    struct err err;

    assert_ok(attest_validate(&in, &verdict, &err));
    vectors_done();
    return verdict_crypto(&verdict) == OUTCOME_PASS;
}

static const struct slots right = {DIR "certs/vcek-Milan.der", DIR "certs/ask-Milan.der",
                                   DIR "certs/ark-Milan.der", DIR "crls/milan-empty.crl"};

static void try_certificate(const char *name)
{
    const struct slots rows[] = {
        {name, right.intermediate, right.root, right.crl},
        {right.vek, name, right.root, right.crl},
        {right.vek, right.intermediate, name, right.crl},
    };
    const char *const own[] = {right.vek, right.intermediate, right.root};

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (is_genuine(&rows[i]) != (strcmp(name, own[i]) == 0))
            fail_msg("%s as the %s", name, (const char *[]){"VEK", "ASK", "ARK"}[i]);
}

static void every_other_certificate_is_refused_in_each_place(void **state)
{
    (void)state;
    need_vectors();
    assert_true(is_genuine(&right));
    assert_true(vector_each(DIR "certs", ".der", try_certificate) >= 20);
}

/* Lists of the root that revoke nobody of the chain, and lists of others, which say nothing. */
static void try_list(const char *name)
{
    static const char *const harmless[] = {"milan-empty", "milan-other-revoked", "genoa-empty"};
    struct slots slots = right;
    bool good = false;

    slots.crl = name;
    for (size_t i = 0; i < COUNT_OF(harmless); i++)
        good = strstr(name, harmless[i]) != NULL || good;
    if (is_genuine(&slots) != good)
        fail_msg("%s", name);
}

static void every_list_does_what_its_name_says(void **state)
{
    (void)state;
    need_vectors();
    assert_true(vector_each(DIR "crls", ".crl", try_list) >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_goes_as_the_manifest_says),
        cmocka_unit_test(every_other_certificate_is_refused_in_each_place),
        cmocka_unit_test(every_list_does_what_its_name_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
