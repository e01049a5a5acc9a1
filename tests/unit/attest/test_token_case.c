#include "tests/unit/unit.h"

#include "lib/attest/token_case.h"

#define NOW 1700000000

struct bench {
    struct attest_input in;
    struct verdict verdict;
    struct attest_case c;
};

static void bench_done(struct bench *b)
{
    verdict_done(&b->verdict);
}
#define OWNED_BENCH __attribute__((cleanup(bench_done))) struct bench

static void bench_make(struct bench *b)
{
    *b = (struct bench){.in = {.now = NOW}};
    verdict_init(&b->verdict, NULL);
    b->c = (struct attest_case){.in = &b->in, .verdict = &b->verdict};
}

/* The one finding that the facts cause; FINDING_COUNT for none. */
static void expect(struct bench *b, const struct token_facts *facts, enum finding_id id)
{
    verdict_done(&b->verdict);
    verdict_init(&b->verdict, NULL);
    token_case_judge(&b->c, facts);
    assert_int_equal(b->verdict.count, id == FINDING_COUNT ? 0 : 1);
    if (id != FINDING_COUNT)
        assert_int_equal(b->verdict.findings[0].id, id);
}

static void times_are_judged_at_the_given_time(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    expect(&b, &(struct token_facts){.has_expires = true, .expires = NOW}, FINDING_TOKEN_TIME);
    expect(&b, &(struct token_facts){.has_expires = true, .expires = NOW + 1}, FINDING_COUNT);
    expect(&b, &(struct token_facts){.has_expires = true, .expires = -1}, FINDING_TOKEN_TIME);
    expect(&b, &(struct token_facts){.has_not_before = true, .not_before = NOW + 61},
           FINDING_TOKEN_TIME);
    expect(&b, &(struct token_facts){.has_not_before = true, .not_before = NOW + 60},
           FINDING_COUNT);
    expect(&b, &(struct token_facts){.has_issued = true, .issued = INT64_MAX}, FINDING_TOKEN_TIME);
    expect(&b, &(struct token_facts){0}, FINDING_COUNT);
}

static void the_issuer_is_the_one_we_named(void **state)
{
    const struct token_facts facts = {.issuer = span_of_str("https://maa")};
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    expect(&b, &facts, FINDING_COUNT);
    b.in.issuer = span_of_str("https://maa");
    expect(&b, &facts, FINDING_COUNT);
    expect(&b, &(struct token_facts){0}, FINDING_TOKEN_ISSUER);
    b.in.issuer = span_of_str("https://maa/");
    expect(&b, &facts, FINDING_TOKEN_ISSUER);
}

static void a_token_for_others_is_refused(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    expect(&b, &(struct token_facts){.has_audience = true}, FINDING_TOKEN_AUDIENCE);
    b.in.audience = span_of_str("us");
    expect(&b, &(struct token_facts){.has_audience = true}, FINDING_TOKEN_AUDIENCE);
    expect(&b, &(struct token_facts){0}, FINDING_TOKEN_AUDIENCE);
    expect(&b, &(struct token_facts){.has_audience = true, .audience_matches = true},
           FINDING_COUNT);
}

static void our_nonce_makes_it_fresh_and_another_one_stale(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    b.in.nonce = span_of_str("ours");
    expect(&b, &(struct token_facts){0}, FINDING_TOKEN_CHALLENGE);
    assert_true(b.c.stale && !b.c.fresh);
    expect(&b, &(struct token_facts){.has_nonce = true, .nonce_matches = true}, FINDING_COUNT);
    assert_true(b.c.fresh);
}

static void a_device_that_can_be_looked_into_is_refused(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    expect(&b, &(struct token_facts){.has_debug = false}, FINDING_COUNT);
    for (int64_t debug = -1; debug <= TOKEN_DEBUG_COUNT; debug++) {
        bool good = debug >= 2 && debug <= 4; /* RFC 9711: since boot, permanently, fully */

        expect(&b, &(struct token_facts){.has_debug = true, .debug = debug},
               good ? FINDING_COUNT : FINDING_TOKEN_DEBUG);
    }
}

static void without_a_key_it_is_said(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    assert_false(token_case_has_key(&b.c));
    assert_int_equal(b.verdict.findings[0].id, FINDING_TOKEN_KEY);
}

static void evidence_of_no_known_platform_is_told(void **state)
{
    static const struct {
        const char *platform;
        enum finding_id id;
    } rows[] = {
        {"NoCC", FINDING_TOKEN_EMPTY}, {"", FINDING_TOKEN_EMPTY},
        {"snp", FINDING_TOKEN_EMPTY},  {"SNP", FINDING_TOKEN_FORM},
        {"vTPM", FINDING_TPM_FORM},    {"Azure", FINDING_FORMAT_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BENCH b;

        bench_make(&b);
        token_case_check_raw(&b.c, span_of_str(rows[i].platform), span_of_str("\xff\xff"));
        assert_int_equal(b.verdict.findings[0].id, rows[i].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_judged_at_the_given_time),
        cmocka_unit_test(the_issuer_is_the_one_we_named),
        cmocka_unit_test(a_token_for_others_is_refused),
        cmocka_unit_test(our_nonce_makes_it_fresh_and_another_one_stale),
        cmocka_unit_test(a_device_that_can_be_looked_into_is_refused),
        cmocka_unit_test(without_a_key_it_is_said),
        cmocka_unit_test(evidence_of_no_known_platform_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
