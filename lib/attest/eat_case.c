#include "lib/attest/eat_case.h"

#include "lib/attest/bundle_case.h"
#include "lib/attest/cca_case.h"
#include "lib/attest/evidence/cca.h"
#include "lib/attest/evidence/legacy_eat.h"
#include "lib/attest/token_case.h"

bool eat_case_detect(struct span evidence)
{
    return cca_detect(evidence) || eat_detect(evidence);
}

static void add_claims(struct attest_case *c, const struct eat *eat)
{
    struct json *token = json_new_object();

    json_set_str(token, "form", "cwt");
    json_set(token, "claims", eat_claims(eat));
    json_set(c->verdict->claims, "token", token);
}

/* --- facts ----------------------------------------------------------------------------------- */

static int take_time(const struct eat *eat, enum eat_claim claim, bool *ret_has, int64_t *ret,
                     struct err *err)
{
    struct cbor value = cbor_find_int(eat->claims, claim);

    *ret_has = value.kind != CBOR_NONE;
    if (*ret_has && !cbor_int(value, ret))
        return err_set(err, ERR_INPUT, "eat: claim %d is no whole number of seconds", claim);
    return 0;
}

static void take_debug(const struct eat *eat, struct token_facts *facts)
{
    struct cbor value = cbor_find_int(eat->claims, EAT_DBGSTAT);

    facts->has_debug = value.kind != CBOR_NONE;
    if (!cbor_int(value, &facts->debug))
        facts->debug = TOKEN_DEBUG_COUNT;
}

static void take_nonces(const struct attest_case *c, const struct eat *eat,
                        struct token_facts *facts)
{
    struct cbor value = cbor_find_int(eat->claims, EAT_NONCE), item;
    struct cbor_cursor cursor = cbor_begin(value);

    facts->has_nonce = value.kind != CBOR_NONE;
    facts->nonce_matches = value.kind == CBOR_BYTES && span_equal(cbor_bytes(value), c->in->nonce);
    while (cbor_next(&cursor, &item))
        if (item.kind == CBOR_BYTES && span_equal(cbor_bytes(item), c->in->nonce))
            facts->nonce_matches = true;
}

static void take_audience(const struct attest_case *c, const struct eat *eat,
                          struct token_facts *facts)
{
    struct cbor value = cbor_find_int(eat->claims, EAT_AUD), item;
    struct cbor_cursor cursor = cbor_begin(value);

    facts->has_audience = value.kind != CBOR_NONE;
    facts->audience_matches = span_equal(cbor_text(value), c->in->audience);
    while (cbor_next(&cursor, &item))
        if (span_equal(cbor_text(item), c->in->audience))
            facts->audience_matches = true;
}

static int take_facts(const struct attest_case *c, const struct eat *eat, struct token_facts *facts,
                      struct err *err)
{
    *facts = (struct token_facts){.issuer = cbor_text(cbor_find_int(eat->claims, EAT_ISS))};
    if (take_time(eat, EAT_EXP, &facts->has_expires, &facts->expires, err) < 0 ||
        take_time(eat, EAT_NBF, &facts->has_not_before, &facts->not_before, err) < 0 ||
        take_time(eat, EAT_IAT, &facts->has_issued, &facts->issued, err) < 0)
        return -1;
    take_nonces(c, eat, facts);
    take_audience(c, eat, facts);
    take_debug(eat, facts);
    return 0;
}

/* --- our own --------------------------------------------------------------------------------- */

/* The key is in the token; that it is the server's, the transcript says, and that the platform
 * signed. Where the transcript names none, nobody stands behind it. */
static bool check_binding(struct attest_case *c, const struct bundle *bundle, const struct key *key)
{
    uint8_t identity[SHA256_SIZE];
    struct transcript transcript;
    struct err unused;

    if (transcript_parse(bundle_span(&bundle->transcript), &transcript, &unused) < 0)
        return false;
    key_identity(key, identity);
    return verdict_check_hex(c->verdict, FINDING_TOKEN_BINDING,
                             transcript_get(&transcript, TRANSCRIPT_SERVER),
                             SPAN_OF_ARRAY(identity));
}

static int read_bundle(const struct eat *eat, struct bundle *ret, struct err *err)
{
    return legacy_eat_is(eat) ? legacy_eat_read(eat, ret, err) : eat_read_bundle(eat, ret, err);
}

static void check_bundle(struct attest_case *c, const struct bundle *bundle, bool legacy)
{
    bool was_under = c->under_key, was_within = c->within_legacy;

    c->under_key = true;
    c->within_legacy = legacy;
    bundle_case_check_read(c, bundle);
    c->within_legacy = was_within;
    c->under_key = was_under;
}

static void check_ours(struct attest_case *c, const struct eat *eat,
                       const struct token_facts *facts)
{
    OWNED_BUNDLE bundle = {0};
    OWNED_KEY *key = NULL;
    struct err err;
    bool good;

    verdict_open_item(c->verdict);
    if (read_bundle(eat, &bundle, &err) < 0 || eat_read_key(eat, &key, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_TOKEN_FORM, &err);
        return;
    }
    good = c->in->key.len > 0 ? token_case_verify_given(c, &eat->message, NULL)
                              : token_case_verify(c, &eat->message, key, NULL);
    if (check_binding(c, &bundle, key) && good)
        verdict_prove_item(c->verdict);
    token_case_judge(c, facts);
    if (c->policy != NULL)
        verdict_appraise_item(c->verdict);
    check_bundle(c, &bundle, legacy_eat_is(eat));
}

/* --- others ---------------------------------------------------------------------------------- */

static void check_wrapped(struct attest_case *c, const struct eat *eat,
                          const struct token_facts *facts, struct span raw)
{
    if (c->in->key.len == 0) {
        finding_got(verdict_add(c->verdict, FINDING_TOKEN_ALONE), "no key that we were given");
    } else {
        verdict_open_item(c->verdict);
        if (token_case_verify_given(c, &eat->message, NULL))
            verdict_prove_item(c->verdict);
        token_case_judge(c, facts);
        if (c->policy != NULL)
            verdict_appraise_item(c->verdict);
    }
    token_case_check_raw(c, cbor_text(cbor_find_text(eat->claims, "platform_type")), raw);
}

static void check_other(struct attest_case *c, const struct eat *eat)
{
    struct finding *finding;

    verdict_open_item(c->verdict);
    if (token_case_verify_given(c, &eat->message, NULL))
        verdict_prove_item(c->verdict);
    finding = verdict_add(c->verdict, FINDING_TOKEN_EMPTY);
    finding_expect(finding, "evidence of a platform");
    finding_got(finding, "claims only");
}

static void check_one(struct attest_case *c, struct span evidence)
{
    struct token_facts facts;
    struct eat eat;
    struct span raw;
    struct err err;

    if (eat_parse(evidence, &eat, &err) < 0 || take_facts(c, &eat, &facts, &err) < 0) {
        verdict_open_item(c->verdict);
        verdict_add_err(c->verdict, FINDING_TOKEN_FORM, &err);
        return;
    }
    verdict_pass(c->verdict, FINDING_TOKEN_FORM);
    add_claims(c, &eat);
    raw = cbor_bytes(cbor_find_text(eat.claims, "raw_report"));
    if (eat_is_ours(&eat) || legacy_eat_is(&eat)) {
        check_ours(c, &eat, &facts);
    } else if (raw.len > 0) {
        check_wrapped(c, &eat, &facts, raw);
    } else {
        check_other(c, &eat);
        token_case_judge(c, &facts);
    }
}

void eat_case_check(struct attest_case *c, struct span evidence)
{
    if (cca_detect(evidence))
        cca_case_check(c, evidence);
    else
        check_one(c, evidence);
}
