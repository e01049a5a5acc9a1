#include "tests/unit/attest/token_make.h"
#include "tests/unit/attest/vectors.h"

#include "lib/attest/jwt_case.h"

static void a_verifiers_token_is_accepted_by_the_snp_part(void **state)
{
    OWNED_TOKEN_SCENE s;

    (void)state;
    token_scene_make(&s, KEY_P256);
    token_scene_sign(&s, MAA_CLAIMS(""));
    token_scene_expect(&s, FINDING_COUNT);
    assert_string_equal(json_get_str(json_get(s.verdict.claims, "token"), "algorithm"), "ES256");
    assert_non_null(json_get(s.verdict.claims, "snp"));
}

static void the_key_must_be_given_and_be_the_signers(void **state)
{
    OWNED_BUF other = BUF_OF(4 * KIB);
    OWNED_KEY *key = NULL;
    OWNED_TOKEN_SCENE s;
    struct err err;

    (void)state;
    token_scene_make(&s, KEY_P256);
    token_scene_sign(&s, MAA_CLAIMS(""));
    s.in.key = span_of(NULL, 0);
    token_scene_expect(&s, FINDING_TOKEN_KEY);
    s.in.key = span_of_str("secret"); /* as one would give for HS256 */
    token_scene_expect(&s, FINDING_TOKEN_KEY);
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    key_write_public_pem(key, &other);
    s.in.key = buf_span(&other);
    token_scene_expect(&s, FINDING_TOKEN_SIGNATURE);
    assert_int_equal(verdict_crypto(&s.verdict), OUTCOME_FAIL);
}

static void claims_are_judged(void **state)
{
    OWNED_TOKEN_SCENE s;

    (void)state;
    token_scene_make(&s, KEY_P384);
    token_scene_sign(&s, MAA_CLAIMS("\"aud\":\"somebody\","));
    token_scene_expect(&s, FINDING_TOKEN_AUDIENCE);
    s.in.audience = span_of_str("us");
    token_scene_sign(&s, MAA_CLAIMS("\"aud\":[\"somebody\",\"us\"],"));
    token_scene_expect(&s, FINDING_COUNT);
    s.in.audience = span_of(NULL, 0);

    token_scene_sign(&s, MAA_CLAIMS(""));
    s.in.issuer = span_of_str("https://other");
    token_scene_expect(&s, FINDING_TOKEN_ISSUER);
    s.in.issuer = span_of_str("https://maa");
    s.in.nonce = span_of_str("another");
    token_scene_expect(&s, FINDING_TOKEN_CHALLENGE);
    s.in.nonce = span_of_str("our challenge");
    s.in.now = TOKEN_NOW + 1000;
    token_scene_expect(&s, FINDING_TOKEN_TIME);
    s.in.now = TOKEN_NOW - 2000;
    token_scene_expect(&s, FINDING_TOKEN_TIME);
}

/* dbgstat, by name and by number. */
static void a_device_that_can_be_looked_into_is_refused(void **state)
{
    static const struct {
        const char *claim;
        bool good;
    } rows[] = {
        {"\"enabled\"", false},
        {"\"disabled\"", false},
        {"\"disabled-since-boot\"", true},
        {"\"disabled-permanently\"", true},
        {"\"disabled-fully-and-permanently\"", true},
        {"\"Disabled-since-boot\"", false},
        {"0", false},
        {"2", true},
        {"5", false},
        {"2.0", false},
        {"null", false},
        {"[2]", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED(free_str)
        char *claims = mem_printf("{\"dbgstat\":%s,%s", rows[i].claim, MAA_CLAIMS("") + 1);
        OWNED_TOKEN_SCENE s;

        token_scene_make(&s, KEY_P256);
        token_scene_sign(&s, claims);
        token_scene_expect(&s, rows[i].good ? FINDING_COUNT : FINDING_TOKEN_DEBUG);
    }
}

static void report_data_of_the_callers_is_compared(void **state)
{
    uint8_t report_data[64] = {0};
    OWNED_TOKEN_SCENE s;

    (void)state;
    token_scene_make(&s, KEY_P256);
    token_scene_sign(&s, MAA_CLAIMS(""));
    s.in.report_data = SPAN_OF_ARRAY(report_data);
    token_scene_expect(&s, FINDING_SNP_REPORT_DATA);
    memset(report_data, 0x9b, 48);
    token_scene_expect(&s, FINDING_COUNT);
}

static void report_data_of_the_policys_is_compared(void **state)
{
    OWNED_TOKEN_SCENE s;

    (void)state;
    token_scene_make(&s, KEY_P256);
    token_scene_sign(&s, MAA_CLAIMS(""));
    s.policy = "{\"version\":1,\"waive\":[\"measurement\",\"min_tcb\"],"
               "\"snp\":{\"report_data\":\"" HEX48("11") HEX16("11") "\"}}";
    token_scene_expect(&s, FINDING_SNP_REPORT_DATA);
    s.policy = "{\"version\":1,\"waive\":[\"measurement\",\"min_tcb\"],"
               "\"snp\":{\"report_data\":\"" HEX48("9b") HEX16("00") "\"}}";
    s.in.nonce = span_of(NULL, 0);
    token_scene_expect(&s, FINDING_COUNT);
}

static void the_policy_holds_for_what_the_verifier_saw(void **state)
{
    OWNED_TOKEN_SCENE s;

    (void)state;
    token_scene_make(&s, KEY_P256);
    token_scene_sign(&s, MAA_CLAIMS(""));
    s.policy = "{\"version\":1,\"snp\":{\"measurement\":\"" HEX48("11") "\"}}";
    token_scene_expect(&s, FINDING_SNP_MEASUREMENT);
    s.policy = "{\"version\":1,\"waive\":[\"measurement\"],\"snp\":{\"min_tcb\":{\"ucode\":116}}}";
    token_scene_expect(&s, FINDING_SNP_TCB_REPORTED);
    s.policy = "{\"version\":1,\"waive\":[\"measurement\",\"min_tcb\"],"
               "\"snp\":{\"min_launch_tcb\":{\"ucode\":1}}}";
    token_scene_expect(&s, FINDING_SNP_TCB_LAUNCH); /* which nobody told us */
    s.policy = "{\"version\":1,\"waive\":[\"measurement\"],\"tdx\":{\"mrtd\":[]},"
               "\"vtpm\":{\"emulated\":false}}";
    token_scene_expect(&s, FINDING_KIND_REFUSED);
}

static void malformed_claims_are_refused(void **state)
{
    static const char *const claims[] = {
        "[]",
        "\"x\"",
        "{\"exp\":\"1700000900\"}",
        "{\"exp\":1.5}",
        "{\"nbf\":true}",
        "{\"iat\":null}",
    };
    OWNED_TOKEN_SCENE s;

    (void)state;
    token_scene_make(&s, KEY_P256);
    for (size_t i = 0; i < COUNT_OF(claims); i++) {
        token_scene_sign(&s, claims[i]);
        token_scene_expect(&s, FINDING_TOKEN_FORM);
    }
    token_scene_sign(&s, "{\"x-ms-attestation-type\":\"sevsnpvm\"}");
    token_scene_expect(&s, FINDING_TOKEN_CLAIMS);
    token_scene_sign(&s, "{\"admin\":true}");
    token_scene_expect(&s, FINDING_TOKEN_EMPTY);
}

/* A payload whose members are there twice, which another reader may take otherwise. */
static void members_twice_are_refused(void **state)
{
    OWNED_BUF payload = BUF_OF(8 * KIB);
    OWNED_TOKEN_SCENE s;

    (void)state;
    token_scene_make(&s, KEY_P256);
    buf_add_str(&s.text, "eyJhbGciOiJFUzI1NiJ9.");
    text_encode_base64url(span_of_str("{\"iss\":\"a\",\"iss\":\"b\"}"), &s.text);
    buf_add_str(&s.text, ".AAAA");
    token_scene_expect(&s, FINDING_TOKEN_FORM);
}

static void no_bit_of_a_token_can_be_changed(void **state)
{
    OWNED_POLICY *policy = NULL;
    OWNED_TOKEN_SCENE s;
    struct err err;

    (void)state;
    token_scene_make(&s, KEY_ED25519);
    token_scene_sign(&s, MAA_CLAIMS(""));
    token_scene_expect(&s, FINDING_COUNT);
    assert_ok(policy_load(span_of_str(s.policy), &policy, &err));
    s.in.policy = policy;
    s.in.format = ATTEST_JWT;
    for (size_t at = 0; at < s.text.len; at += 11) {
        OWNED_VERDICT verdict;

        s.text.data[at] ^= 1;
        s.in.evidence = buf_span(&s.text);
        assert_ok(attest_validate(&s.in, &verdict, &err));
        assert_false(verdict_accepted(&verdict));
        s.text.data[at] ^= 1;
    }
}

/* --- what others' tokens wrap ---------------------------------------------------------------- */

/* A token of CocosAI's first agents around the bytes. */
static void wrap(struct token_scene *s, const char *platform, struct span raw)
{
    OWNED_BUF claims = BUF_OF(256 * KIB);

    buf_printf(&claims, "{\"platform_type\":\"%s\",\"raw_report\":\"", platform);
    text_encode_base64(raw, &claims);
    buf_add_str(&claims, "\"}");
    token_scene_sign(s, buf_str(&claims));
}

static void evidence_in_a_token_is_judged_by_itself(void **state)
{
    OWNED_TOKEN_SCENE s;

    (void)state;
    token_scene_make(&s, KEY_P256);
    s.in.key = span_of(NULL, 0);
    wrap(&s, "NoCC", span_of_str("sample"));
    token_scene_expect(&s, FINDING_TOKEN_EMPTY);
    assert_true(token_scene_found(&s, FINDING_TOKEN_ALONE));
    wrap(&s, "vTPM", span_of_str("sample"));
    token_scene_expect(&s, FINDING_TPM_FORM);
    token_scene_sign(&s, "{\"platform_type\":\"SNP\",\"raw_report\":\"?\"}");
    token_scene_expect(&s, FINDING_TOKEN_FORM);
}

/* --- a genuine token ------------------------------------------------------------------------- */

static void a_genuine_token_of_an_unknown_key_is_refused(void **state)
{
    OWNED_TOKEN_SCENE s;

    (void)state;
    (void)need_vectors();
    token_scene_make(&s, KEY_RSA);
    vector_read("jwt/azure-maa/ClientLibTests-token.jwt", &s.text);
    s.in.nonce = span_of_str("ADE0101");
    s.in.now = 1680180000;
    token_scene_expect(&s, FINDING_TOKEN_SIGNATURE);
    assert_false(token_scene_found(&s, FINDING_TOKEN_TIME));
    assert_false(token_scene_found(&s, FINDING_TOKEN_CHALLENGE));
    assert_string_equal(
        json_get_str(json_get(json_get(s.verdict.claims, "token"), "claims"), "iss"),
        "https://sharedweu.weu.attest.azure.net");
    s.in.now = TOKEN_NOW;
    token_scene_expect(&s, FINDING_TOKEN_TIME);
    s.in.key = span_of(NULL, 0);
    token_scene_expect(&s, FINDING_TOKEN_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verifiers_token_is_accepted_by_the_snp_part),
        cmocka_unit_test(the_key_must_be_given_and_be_the_signers),
        cmocka_unit_test(claims_are_judged),
        cmocka_unit_test(a_device_that_can_be_looked_into_is_refused),
        cmocka_unit_test(report_data_of_the_callers_is_compared),
        cmocka_unit_test(report_data_of_the_policys_is_compared),
        cmocka_unit_test(the_policy_holds_for_what_the_verifier_saw),
        cmocka_unit_test(malformed_claims_are_refused),
        cmocka_unit_test(members_twice_are_refused),
        cmocka_unit_test(no_bit_of_a_token_can_be_changed),
        cmocka_unit_test(evidence_in_a_token_is_judged_by_itself),
        cmocka_unit_test(a_genuine_token_of_an_unknown_key_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
