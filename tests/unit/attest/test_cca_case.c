#include "tests/unit/attest/cca_make.h"
#include "tests/unit/attest/judged.h"
#include "tests/unit/attest/vectors.h"

#include "lib/attest/cca_case.h"

/* A token, who validates it, and what that gave. */
struct scene {
    struct cca_maker maker;
    struct buf token, pem;
    struct policy *policy;
    struct attest_input in;
};

static void scene_done(struct scene *s)
{
    cca_maker_done(&s->maker);
    buf_done(&s->token);
    buf_done(&s->pem);
    policy_free(s->policy);
}
#define OWNED_SCENE __attribute__((cleanup(scene_done))) struct scene

static void scene_make(struct scene *s)
{
    struct err err;

    *s = (struct scene){.token = BUF_OF(64 * KIB), .pem = BUF_OF(4 * KIB)};
    cca_make(&s->maker);
    key_write_public_pem(s->maker.platform, &s->pem);
    s->in = (struct attest_input){.key = buf_span(&s->pem), .now = 1700000000};
    assert_ok(policy_load(span_of_str("{\"version\":1,\"waive\":[\"freshness\",\"measurement\","
                                      "\"min_tcb\",\"crl\",\"collateral\"],\"snp\":{},\"tdx\":{}}"),
                          &s->policy, &err));
    s->in.policy = s->policy;
}

static void write_token(struct scene *s)
{
    cca_write(&s->maker, &s->token);
    s->in.evidence = buf_span(&s->token);
}

/* Genuine, and accepted by no policy. */
static void a_whole_token_is_shown_and_not_judged(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    write_token(&s);
    check(&s.in, NULL, "shown and not judged");
    check_accepted(&s.in, "cca.policy", "no policy can accept such a platform yet");
    s.in.report_data = SPAN_OF_ARRAY(s.maker.challenge);
    check(&s.in, NULL, NULL);
}

static void a_token_of_another_realm_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.maker.wrong_bound = true;
    write_token(&s);
    check(&s.in, "cca.binding", NULL);
}

static void both_signatures_are_checked(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    write_token(&s);
    s.token.data[s.token.len - 1] ^= 1; /* of the realm, which is the last one */
    check(&s.in, "token.signature", "the realm's token");
    s.token.data[s.token.len - 1] ^= 1;
    check(&s.in, NULL, NULL);
    buf_reset(&s.pem);
    key_write_public_pem(s.maker.realm, &s.pem);
    s.in.key = buf_span(&s.pem);
    check(&s.in, "token.signature", "the platform's token");
    s.in.key = span_of_str("no key");
    check(&s.in, "token.key", NULL);
    s.in.key = span_of(NULL, 0);
    check(&s.in, "token.key", NULL);
}

static void another_challenge_is_told(void **state)
{
    uint8_t challenge[CCA_CHALLENGE_SIZE] = {1};
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    write_token(&s);
    s.in.report_data = SPAN_OF_ARRAY(challenge);
    check_accepted(&s.in, "cca.challenge", NULL);
}

static void malformed_tokens_are_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.in.evidence = span_of("\xd9\x01\x8f\xa0", 4);
    check(&s.in, "token.form", NULL);
}

static void no_byte_of_it_can_be_changed(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    write_token(&s);
    s.in.format = ATTEST_EAT;
    for (size_t at = 0; at < s.token.len; at++) {
        OWNED_VERDICT verdict = {0};
        struct err err;

        s.token.data[at] ^= 4;
        assert_ok(attest_validate(&s.in, &verdict, &err));
        assert_int_equal(verdict_crypto(&verdict), OUTCOME_FAIL);
        s.token.data[at] ^= 4;
    }
}

/* Whoever signed the published token published no key. */
static void a_published_token_lacks_a_key_only(void **state)
{
    OWNED_BUF bytes = BUF_OF(64 * KIB), shown = BUF_OF(64 * KIB);
    OWNED_VERDICT verdict = {0};
    OWNED_SCENE s;
    struct err err;

    (void)state;
    (void)need_vectors();
    scene_make(&s);
    vector_read("eat/trustee-cca/cca-example-token.cbor", &bytes);
    s.in.evidence = buf_span(&bytes);
    s.in.policy = NULL;
    assert_ok(attest_validate(&s.in, &verdict, &err));
    assert_true(has_finding(&verdict, "token.signature"));
    assert_true(verdict_holds(&verdict, FINDING_CCA_BINDING));
    attest_explain(&verdict, &shown);
    assert_non_null(strstr(buf_str(&shown), "the platform's token"));
    assert_null(strstr(buf_str(&shown), "the realm's token:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_token_is_shown_and_not_judged),
        cmocka_unit_test(a_token_of_another_realm_is_refused),
        cmocka_unit_test(both_signatures_are_checked),
        cmocka_unit_test(another_challenge_is_told),
        cmocka_unit_test(malformed_tokens_are_refused),
        cmocka_unit_test(no_byte_of_it_can_be_changed),
        cmocka_unit_test(a_published_token_lacks_a_key_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
