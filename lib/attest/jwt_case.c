#include "lib/attest/jwt_case.h"

#include "lib/attest/evidence/maa.h"
#include "lib/attest/maa_case.h"
#include "lib/attest/token_case.h"
#include "lib/attest/token_key.h"
#include "lib/base/text.h"

#define NONCE_MAX  1024
#define NONCES_MAX 16
#define AUDIENCES  64

bool jwt_case_detect(struct span evidence)
{
    return jws_detect(evidence);
}

/* --- claims ---------------------------------------------------------------------------------- */

static bool take_time(const struct json *claims, const char *name, int64_t *ret)
{
    const struct json *value = json_get(claims, name);

    *ret = json_int(value);
    return json_kind_of(value) == JSON_KIND_INTEGER;
}

/* Bytes in a text, in whichever way the issuer writes them. */
static bool is_text_of(const char *text, struct span bytes)
{
    OWNED_BUF hex = BUF_OF(NONCE_MAX), standard = BUF_OF(NONCE_MAX), url = BUF_OF(NONCE_MAX);
    struct span in = span_of_str(text);
    struct err unused;

    if (text == NULL)
        return false;
    return (text_decode_base64url(in, &url, &unused) == 0 && span_equal(buf_span(&url), bytes)) ||
           (text_decode_base64(in, &standard, &unused) == 0 &&
            span_equal(buf_span(&standard), bytes)) ||
           (text_decode_hex(in, &hex, &unused) == 0 && span_equal(buf_span(&hex), bytes));
}

static void take_nonces(const struct attest_case *c, const struct json *claims,
                        struct token_facts *facts)
{
    const struct json *several = json_get(claims, "eat_nonce");
    const char *one[] = {json_get_str(claims, "eat_nonce"), json_get_str(claims, "nonce"),
                         maa_nonce(claims)};
    struct span nonce = c->in->nonce;

    for (size_t i = 0; i < COUNT_OF(one); i++) {
        facts->has_nonce = facts->has_nonce || one[i] != NULL;
        facts->nonce_matches = facts->nonce_matches || is_text_of(one[i], nonce);
    }
    if (json_kind_of(several) != JSON_KIND_ARRAY)
        return;
    for (size_t i = 0; i < json_count(several) && i < NONCES_MAX; i++) {
        facts->has_nonce = true;
        facts->nonce_matches =
            facts->nonce_matches || is_text_of(json_str(json_at(several, i)), nonce);
    }
}

static void take_audience(const struct attest_case *c, const struct json *claims,
                          struct token_facts *facts)
{
    const struct json *audience = json_get(claims, "aud");

    facts->has_audience = audience != NULL;
    facts->audience_matches = span_equal(span_of_str(json_str(audience)), c->in->audience);
    if (json_kind_of(audience) != JSON_KIND_ARRAY)
        return;
    for (size_t i = 0; i < json_count(audience) && i < AUDIENCES; i++)
        if (span_equal(span_of_str(json_str(json_at(audience, i))), c->in->audience))
            facts->audience_matches = true;
}

/* By its name, or by its number as in CBOR. */
static void take_debug(const struct json *claims, struct token_facts *facts)
{
    const struct json *value = json_get(claims, "dbgstat");
    const char *name = json_str(value);

    facts->has_debug = value != NULL;
    facts->debug =
        json_kind_of(value) == JSON_KIND_INTEGER ? json_int(value) : (int64_t)TOKEN_DEBUG_COUNT;
    for (int i = 0; name != NULL && i < TOKEN_DEBUG_COUNT; i++)
        if (strcmp(name, token_debug_names[i]) == 0)
            facts->debug = i;
}

/* Times that are there and are no integers are told as malformed. */
static int take_facts(const struct attest_case *c, const struct json *claims,
                      struct token_facts *facts, struct err *err)
{
    static const char *const times[] = {"exp", "nbf", "iat"};

    *facts = (struct token_facts){.issuer = span_of_str(json_get_str(claims, "iss"))};
    if (json_kind_of(claims) != JSON_KIND_OBJECT)
        return err_set(err, ERR_INPUT, "jwt: the claims are no object");
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        const struct json *value = json_get(claims, times[i]);

        if (value != NULL && json_kind_of(value) != JSON_KIND_INTEGER)
            return err_set(err, ERR_INPUT, "jwt: '%s' is no whole number of seconds", times[i]);
    }
    facts->has_expires = take_time(claims, "exp", &facts->expires);
    facts->has_not_before = take_time(claims, "nbf", &facts->not_before);
    facts->has_issued = take_time(claims, "iat", &facts->issued);
    take_nonces(c, claims, facts);
    take_audience(c, claims, facts);
    take_debug(claims, facts);
    return 0;
}

static void add_claims(struct attest_case *c, const struct jws *jws, const struct json *claims)
{
    struct json *token = json_new_object();

    json_set_str(token, "form", "jwt");
    json_set_str(token, "algorithm", jws_alg_names[jws->alg]);
    json_set(token, "claims", json_new_copy(claims));
    json_set(c->verdict->claims, "token", token);
}

/* --- the signature --------------------------------------------------------------------------- */

static bool verify(struct attest_case *c, const struct jws *jws)
{
    OWNED_KEY *key = NULL;
    enum jws_alg alg;
    struct err err;

    if (!token_case_has_key(c))
        return false;
    if (token_key_load_jws(c->in->key, &key, &alg, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_TOKEN_KEY, &err);
        return false;
    }
    if (jws_verify(jws, key, alg, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_TOKEN_SIGNATURE, &err);
        return false;
    }
    verdict_pass(c->verdict, FINDING_TOKEN_SIGNATURE);
    if (jws->names_source)
        finding_got(verdict_add(c->verdict, FINDING_TOKEN_SOURCE), "jku");
    return true;
}

/* --- what is in it --------------------------------------------------------------------------- */

static void judge_contents(struct attest_case *c, const struct json *claims)
{
    struct finding *finding;

    if (maa_case_judge(c, claims))
        return;
    finding = verdict_add(c->verdict, FINDING_TOKEN_EMPTY);
    finding_expect(finding, "evidence, or claims of a verifier that is known here");
    finding_got(finding, "other claims");
}

/* Evidence within is genuine or not whoever wrapped it; so a token without a key that we know is
 * opened, and not believed. */
static void check_wrapped(struct attest_case *c, const struct jws *jws, const struct json *claims,
                          const struct token_facts *facts)
{
    OWNED_BUF raw = BUF_OF(JWS_SIZE_MAX);
    struct span text = span_of_str(json_get_str(claims, "raw_report"));
    struct err err;

    if (c->in->key.len == 0) {
        finding_got(verdict_add(c->verdict, FINDING_TOKEN_ALONE), "no key that we were given");
    } else {
        verdict_open_item(c->verdict);
        if (verify(c, jws))
            verdict_prove_item(c->verdict);
        token_case_judge(c, facts);
        if (c->policy != NULL)
            verdict_appraise_item(c->verdict);
    }
    if (text_decode_base64(text, &raw, &err) < 0) {
        err_wrap(&err, "raw_report");
        verdict_add_err(c->verdict, FINDING_TOKEN_FORM, &err);
        return;
    }
    token_case_check_raw(c, span_of_str(json_get_str(claims, "platform_type")), buf_span(&raw));
}

static void check(struct attest_case *c, const struct jws *jws, const struct json *claims)
{
    struct token_facts facts;
    struct err err;

    if (take_facts(c, claims, &facts, &err) < 0) {
        verdict_open_item(c->verdict);
        verdict_add_err(c->verdict, FINDING_TOKEN_FORM, &err);
        return;
    }
    verdict_pass(c->verdict, FINDING_TOKEN_FORM);
    add_claims(c, jws, claims);
    if (json_get_str(claims, "raw_report") != NULL) {
        check_wrapped(c, jws, claims, &facts);
        return;
    }
    verdict_open_item(c->verdict);
    if (verify(c, jws))
        verdict_prove_item(c->verdict);
    token_case_judge(c, &facts);
    judge_contents(c, claims);
}

void jwt_case_check(struct attest_case *c, struct span evidence)
{
    OWNED_JSON *claims = NULL;
    OWNED_JWS jws = {0};
    struct err err;

    if (jws_parse(evidence, &jws, &err) < 0 ||
        json_parse(buf_span(&jws.payload), &claims, &err) < 0) {
        verdict_open_item(c->verdict);
        verdict_add_err(c->verdict, FINDING_TOKEN_FORM, &err);
        return;
    }
    check(c, &jws, claims);
}
