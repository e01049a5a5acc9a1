#include "tests/unit/attest/bundle_make.h"

#include "lib/attest/ear.h"
#include "lib/attest/evidence/jws.h"

static struct key *key;

static int make_key(void **state)
{
    struct err err;

    (void)state;
    return key_generate(KEY_P384, 0, &key, &err);
}

static int free_key(void **state)
{
    key_free(key);
    return agent_forget_keys(state);
}

static void write(const struct agent *a, struct buf *token)
{
    const struct ear_context context = {
        .build = "1.0", .now = FAKE_SNP_NOW, .nonce = a->in.nonce, .policy = buf_span(&a->policy)};
    struct err err;

    buf_reset(token);
    assert_ok(ear_write(&a->verdict, &context, key, token, &err));
}

/* Reads the result back; the value of a claim about SNP. */
static int64_t claim(struct span token, enum ear_status status, const char *name)
{
    OWNED_EAR ear = {0};
    const struct json *snp;
    struct err err;

    assert_ok(ear_read(token, key, &ear, &err));
    assert_int_equal(ear.status, status);
    assert_int_equal(ear.issued, FAKE_SNP_NOW);
    snp = json_get(json_get(ear.claims, "submods"), "snp");
    assert_string_equal(json_get_str(snp, "ear.status"), ear_status_name(status));
    assert_true(text_starts_with(json_get_str(snp, "ear.appraisal-policy-id"), "sha-256:"));
    return json_get_int(json_get(snp, "ear.trustworthiness-vector"), name);
}

static void make_agent(struct agent *a, const char *policy)
{
    agent_make(a);
    a->in.nonce = SPAN_OF_ARRAY(a->channel_bytes[0]);
    a->vtpm = false;
    agent_policy(a, "");
    if (policy != NULL) {
        buf_reset(&a->policy);
        buf_add_str(&a->policy, policy);
    }
    agent_sign(a);
    agent_write(a);
    agent_validate(a);
}

static void a_rejection_is_contraindicated_where_it_belongs(void **state)
{
    OWNED_BUF token = BUF_OF(64 * KIB);
    OWNED_AGENT other_code, old_tcb;

    (void)state;
    make_agent(&other_code,
               "{\"version\":1,\"waive\":[\"crl\",\"min_tcb\"],\"snp\":{\"measurement\":"
               "\"1111111111111111111111111111111111111111111111111111111111111111"
               "11111111111111111111111111111111\"}}");
    write(&other_code, &token);
    assert_int_equal(claim(buf_span(&token), EAR_CONTRAINDICATED, "executables"),
                     EAR_CONTRAINDICATED);
    assert_int_equal(claim(buf_span(&token), EAR_CONTRAINDICATED, "instance-identity"),
                     EAR_AFFIRMING);

    make_agent(&old_tcb, "{\"version\":1,\"waive\":[\"crl\",\"measurement\"],"
                         "\"snp\":{\"min_tcb\":{\"ucode\":255}}}");
    write(&old_tcb, &token);
    assert_int_equal(claim(buf_span(&token), EAR_CONTRAINDICATED, "hardware"), EAR_CONTRAINDICATED);
}

static void what_is_not_genuine_is_so_in_every_claim(void **state)
{
    OWNED_BUF token = BUF_OF(64 * KIB);
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, NULL);
    a.world.report[0x90] ^= 1;
    agent_write(&a);
    agent_validate(&a);
    write(&a, &token);
    assert_int_equal(claim(buf_span(&token), EAR_CONTRAINDICATED, "hardware"), 99);
    assert_int_equal(claim(buf_span(&token), EAR_CONTRAINDICATED, "configuration"), 99);
}

static void accepted_evidence_is_affirmed_or_warned_about(void **state)
{
    OWNED_BUF token = BUF_OF(64 * KIB);
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, NULL);
    assert_true(verdict_accepted(&a.verdict));
    write(&a, &token);
    /* The policy waives revocation lists and the minimum of the TCB. */
    assert_int_equal(claim(buf_span(&token), EAR_WARNING, "executables"), EAR_AFFIRMING);
    assert_int_equal(claim(buf_span(&token), EAR_WARNING, "hardware"), EAR_WARNING);
}

static void nothing_recognised_is_a_result_too(void **state)
{
    OWNED_BUF token = BUF_OF(64 * KIB);
    const struct attest_input in = {.evidence = span_of_str("???")};
    const struct ear_context context = {.build = "1.0", .now = 1};
    OWNED_VERDICT verdict;
    OWNED_EAR ear = {0};
    struct err err;

    (void)state;
    assert_ok(attest_validate(&in, &verdict, &err));
    assert_ok(ear_write(&verdict, &context, key, &token, &err));
    assert_ok(ear_read(buf_span(&token), key, &ear, &err));
    assert_int_equal(ear.status, EAR_CONTRAINDICATED);
    assert_non_null(json_get(json_get(ear.claims, "submods"), "unknown"));
}

static void only_keys_of_the_two_curves_sign(void **state)
{
    const struct ear_context context = {.build = "1.0"};
    OWNED_BUF token = BUF_OF(64 * KIB);
    OWNED_KEY *other = NULL;
    OWNED_VERDICT verdict = {0};
    struct err err;

    (void)state;
    verdict_init(&verdict, NULL);
    assert_ok(key_generate(KEY_ED25519, 0, &other, &err));
    assert_fails(ear_write(&verdict, &context, other, &token, &err), ERR_INPUT);
}

static int read_claims(const char *text, struct err *err)
{
    OWNED_BUF token = BUF_OF(8 * KIB);
    OWNED_JSON *json = NULL;
    OWNED_EAR ear = {0};

    assert_int_equal(json_parse(span_of_str(text), &json, err), 0);
    assert_int_equal(jws_sign(json, "JWT", key, &token, err), 0);
    return ear_read(buf_span(&token), key, &ear, err);
}

#define PROFILE "\"eat_profile\":\"" EAR_PROFILE "\""

static void what_is_no_result_is_refused(void **state)
{
    OWNED_BUF token = BUF_OF(64 * KIB);
    OWNED_KEY *other = NULL;
    struct ear ear;
    OWNED_AGENT a;
    struct err err;

    (void)state;
    assert_fails(read_claims("{}", &err), ERR_INPUT);
    assert_fails(read_claims("{\"iat\":1,\"eat_profile\":\"tag:other\"}", &err), ERR_INPUT);
    assert_fails(read_claims("{" PROFILE "}", &err), ERR_INPUT);
    assert_fails(read_claims("{" PROFILE ",\"iat\":1,\"submods\":{\"a\":{}}}", &err), ERR_INPUT);
    assert_fails(
        read_claims("{" PROFILE ",\"iat\":1,\"submods\":{\"a\":{\"ear.status\":\"fine\"}}}", &err),
        ERR_INPUT);
    make_agent(&a, NULL);
    write(&a, &token);
    assert_ok(key_generate(KEY_P384, 0, &other, &err));
    assert_fails(ear_read(buf_span(&token), other, &ear, &err), ERR_UNTRUSTED);
}

static void the_worst_submodule_decides(void **state)
{
    OWNED_BUF token = BUF_OF(8 * KIB);
    OWNED_JSON *json = NULL;
    OWNED_EAR ear = {0};
    struct err err;

    (void)state;
    assert_ok(json_parse(span_of_str("{" PROFILE ",\"iat\":1,\"submods\":"
                                     "{\"a\":{\"ear.status\":\"affirming\"},"
                                     "\"b\":{\"ear.status\":\"none\"},"
                                     "\"c\":{\"ear.status\":\"warning\"}}}"),
                         &json, &err));
    assert_ok(jws_sign(json, "JWT", key, &token, &err));
    assert_ok(ear_read(buf_span(&token), key, &ear, &err));
    assert_int_equal(ear.status, EAR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rejection_is_contraindicated_where_it_belongs),
        cmocka_unit_test(what_is_not_genuine_is_so_in_every_claim),
        cmocka_unit_test(accepted_evidence_is_affirmed_or_warned_about),
        cmocka_unit_test(nothing_recognised_is_a_result_too),
        cmocka_unit_test(only_keys_of_the_two_curves_sign),
        cmocka_unit_test(what_is_no_result_is_refused),
        cmocka_unit_test(the_worst_submodule_decides),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
