#include "tests/unit/unit.h"

#include "lib/attest/appraisal/appraise_run.h"

#define HEX_11 "1111111111111111111111111111111111111111111111111111111111111111"

struct bench {
    struct policy *policy;
    struct verdict verdict;
    struct attest_case c;
    struct run_log run;
};

static void bench_done(struct bench *b)
{
    policy_free(b->policy);
    verdict_done(&b->verdict);
}
#define OWNED_BENCH __attribute__((cleanup(bench_done))) struct bench

/* A run of one manifest; manifest and configuration are all 0x11. */
static void bench_make(struct bench *b, const char *members)
{
    OWNED(free_str) char *text = mem_printf("{\"version\":1%s}", members);
    struct err err;

    *b = (struct bench){.run = {.has_config = true, .manifests = 1}};
    memset(b->run.config, 0x11, sizeof(b->run.config));
    memset(b->run.manifest, 0x11, sizeof(b->run.manifest));
    assert_ok(policy_load(span_of_str(text), &b->policy, &err));
    verdict_init(&b->verdict, b->policy);
    b->c = (struct attest_case){.policy = b->policy, .verdict = &b->verdict};
}

static void assert_only(const struct bench *b, enum finding_id id)
{
    assert_int_equal(b->verdict.count, 1);
    assert_int_equal(b->verdict.findings[0].id, id);
}

#define BOTH ",\"manifest_sha256\":\"" HEX_11 "\",\"config_sha256\":\"" HEX_11 "\""

static void another_manifest_is_refused(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b, BOTH);
    b.run.manifest[31] ^= 1;
    appraise_run(&b.c, &b.run);
    assert_only(&b, FINDING_RUN_MANIFEST);
}

static void another_configuration_is_refused(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b, BOTH);
    b.run.config[0] ^= 1;
    appraise_run(&b.c, &b.run);
    assert_only(&b, FINDING_RUN_CONFIG);
}

static void a_demanded_manifest_that_was_not_set_is_refused(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b, BOTH);
    b.run.manifests = 0;
    appraise_run(&b.c, &b.run);
    assert_only(&b, FINDING_RUN_MANIFEST);
}

static void a_demanded_manifest_whose_computation_has_ended_is_refused_and_told(void **state)
{
    OWNED_BENCH b, any;

    (void)state;
    bench_make(&b, BOTH);
    b.run.ended = true;
    appraise_run(&b.c, &b.run);
    assert_only(&b, FINDING_RUN_MANIFEST);
    assert_string_equal(b.verdict.findings[0].got, "none: the computation of " HEX_11 " has ended");

    bench_make(&any, ""); /* who demands none is told nothing */
    any.run.ended = true;
    appraise_run(&any.c, &any.run);
    assert_int_equal(any.verdict.count, 0);
}

static void computations_that_have_ended_count_as_well(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b, "");
    b.run.manifests = 2;
    b.run.ended = true;
    appraise_run(&b.c, &b.run);
    assert_only(&b, FINDING_RUN_MANIFESTS);
}

static void a_second_manifest_is_refused_unless_the_policy_allows_it(void **state)
{
    OWNED_BENCH b, more;

    (void)state;
    bench_make(&b, BOTH);
    b.run.manifests = 2;
    appraise_run(&b.c, &b.run);
    assert_only(&b, FINDING_RUN_MANIFESTS);

    bench_make(&more, BOTH ",\"max_manifests\":2");
    more.run.manifests = 2;
    appraise_run(&more.c, &more.run);
    assert_int_equal(more.verdict.count, 0);
}

static void what_the_policy_names_is_marked_as_judged(void **state)
{
    OWNED_BENCH b, none;

    (void)state;
    bench_make(&b, BOTH);
    appraise_run(&b.c, &b.run);
    assert_int_equal(b.verdict.count, 0);
    assert_true(b.c.manifest_judged && b.c.config_judged);

    bench_make(&none, "");
    appraise_run(&none.c, &none.run);
    assert_false(none.c.manifest_judged || none.c.config_judged);
}

static void without_a_policy_nothing_is_judged(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b, BOTH);
    b.c.policy = NULL;
    b.run.manifests = 9;
    appraise_run(&b.c, &b.run);
    assert_int_equal(b.verdict.count, 0);
    assert_false(b.c.manifest_judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_manifest_is_refused),
        cmocka_unit_test(another_configuration_is_refused),
        cmocka_unit_test(a_demanded_manifest_that_was_not_set_is_refused),
        cmocka_unit_test(a_demanded_manifest_whose_computation_has_ended_is_refused_and_told),
        cmocka_unit_test(computations_that_have_ended_count_as_well),
        cmocka_unit_test(a_second_manifest_is_refused_unless_the_policy_allows_it),
        cmocka_unit_test(what_the_policy_names_is_marked_as_judged),
        cmocka_unit_test(without_a_policy_nothing_is_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
