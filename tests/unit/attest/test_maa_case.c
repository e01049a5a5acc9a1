#include "tests/unit/attest/token_make.h"

#include "lib/attest/maa_case.h"

#define TDX_POLICY(more)                                                                           \
    "{\"version\":1,\"waive\":[\"min_tcb\",\"crl\"],\"tdx\":{\"mrtd\":\"" HEX48("d7") "\"" more "}}"

static void make(struct token_scene *s, const char *policy)
{
    token_scene_make(s, KEY_P256);
    token_scene_sign(s, MAA_TDX_CLAIMS(""));
    s->policy = policy;
}

/* Signs the claims about the TD with one text in them replaced by another of the same length. */
static void sign_changed(struct token_scene *s, const char *from, const char *to)
{
    OWNED(free_str) char *text = mem_strdup(MAA_TDX_CLAIMS(""));
    char *at = strstr(text, from);

    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    token_scene_sign(s, text);
}

static void a_token_about_a_td_is_judged_by_the_tdx_part(void **state)
{
    OWNED_TOKEN_SCENE s;

    (void)state;
    make(&s, TDX_POLICY(",\"rtmr1\":\"" HEX48("11") "\""));
    token_scene_expect(&s, FINDING_COUNT);
    assert_string_equal(json_get_str(json_get(s.verdict.claims, "tdx"), "tcb_status"), "UpToDate");
    s.policy = TDX_POLICY(",\"rtmr1\":\"" HEX48("12") "\"");
    token_scene_expect(&s, FINDING_TDX_RTMR1);
    s.policy = "{\"version\":1,\"tdx\":{\"mrtd\":\"" HEX48("d8") "\"}}";
    token_scene_expect(&s, FINDING_TDX_MRTD);
    s.policy = "{\"version\":1,\"tdx\":{}}";
    token_scene_expect(&s, FINDING_TDX_MEASUREMENT_ABSENT);
    s.policy = "{\"version\":1,\"snp\":{\"measurement\":\"" HEX48("d7") "\"}}";
    token_scene_expect(&s, FINDING_KIND_REFUSED);
}

static void what_the_service_saw_of_the_td_is_judged(void **state)
{
    static const struct {
        const char *from, *to;
        enum finding_id refusal;
    } rows[] = {
        {"\"0000001000000000\"", "\"0100001000000000\"", FINDING_TDX_DEBUG},
        {"\"0000001000000000\"", "\"0000003000000000\"", FINDING_TDX_MIGRATION},
        {"\"0000001000000000\"", "\"0000001000010000\"", FINDING_TDX_ATTRIBUTES},
        {"\"0000000000000000\"", "\"0100000000000000\"", FINDING_TDX_SEAM},
        {"\"UpToDate\"", "\"Revoked\" ", FINDING_TDX_TCB_STATUS},
        {"\"UpToDate\"", "\"OK\"      ", FINDING_TOKEN_CLAIMS},
        {"\"tdx_xfam\"", "\"tdx_xfan\"", FINDING_TOKEN_CLAIMS},
    };
    OWNED_TOKEN_SCENE s;

    (void)state;
    make(&s, TDX_POLICY(""));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        sign_changed(&s, rows[i].from, rows[i].to);
        token_scene_expect(&s, rows[i].refusal);
    }
}

/* A state that the policy accepts comes with advisories, which the token does not name. */
static void advisories_that_are_not_named_are_not_allowed(void **state)
{
    OWNED_TOKEN_SCENE s;

    (void)state;
    make(&s, TDX_POLICY(",\"tcb_status\":[\"UpToDate\",\"Revoked\"]"));
    token_scene_expect(&s, FINDING_COUNT);
    sign_changed(&s, "\"UpToDate\"", "\"Revoked\" ");
    token_scene_expect(&s, FINDING_TDX_ADVISORY);
    s.policy = TDX_POLICY(",\"min_tcb_evaluation_number\":1");
    sign_changed(&s, "\"UpToDate\"", "\"UpToDate\"");
    token_scene_expect(&s, FINDING_TDX_TCB_EVALUATION); /* which nobody told us */
}

static void report_data_of_the_callers_is_compared(void **state)
{
    uint8_t report_data[64] = {0};
    OWNED_TOKEN_SCENE s;

    (void)state;
    make(&s, TDX_POLICY(""));
    s.in.nonce = span_of(NULL, 0);
    token_scene_expect(&s, FINDING_FRESHNESS);
    s.in.report_data = SPAN_OF_ARRAY(report_data);
    token_scene_expect(&s, FINDING_TDX_REPORT_DATA);
    memset(report_data, 0x9b, 48);
    token_scene_expect(&s, FINDING_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_about_a_td_is_judged_by_the_tdx_part),
        cmocka_unit_test(what_the_service_saw_of_the_td_is_judged),
        cmocka_unit_test(advisories_that_are_not_named_are_not_allowed),
        cmocka_unit_test(report_data_of_the_callers_is_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
