#include "lib/attest/cca_case.h"

#include "lib/attest/evidence/cca.h"
#include "lib/attest/token_case.h"
#include "lib/attest/token_key.h"

static void add_claims(struct attest_case *c, const struct cca *cca)
{
    struct json *claims = json_new_object();

    json_set(claims, "platform", eat_claims(&cca->platform));
    json_set(claims, "realm", eat_claims(&cca->realm));
    json_set(c->verdict->claims, "cca", claims);
}

static bool verify(struct attest_case *c, const struct eat *token, const char *whose,
                   const struct key *key)
{
    struct err err;

    if (cose_sign1_verify(&token->message, key, NULL, &err) == 0) {
        verdict_pass(c->verdict, FINDING_TOKEN_SIGNATURE);
        return true;
    }
    err_wrap(&err, "the %s token", whose);
    verdict_add_err(c->verdict, FINDING_TOKEN_SIGNATURE, &err);
    return false;
}

static bool verify_platform(struct attest_case *c, const struct cca *cca)
{
    OWNED_KEY *key = NULL;
    struct err err;

    if (!token_case_has_key(c))
        return false;
    if (token_key_load(c->in->key, &key, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_TOKEN_KEY, &err);
        return false;
    }
    return verify(c, &cca->platform, "platform's", key);
}

void cca_case_check(struct attest_case *c, struct span evidence)
{
    OWNED_CCA cca;
    struct finding *finding;
    struct err err;
    bool good;

    verdict_open_item(c->verdict);
    if (!verdict_note(c->verdict, FINDING_TOKEN_FORM, cca_parse(evidence, &cca, &err), &err))
        return;
    add_claims(c, &cca);
    good = verify_platform(c, &cca);
    good = verdict_check_hex(c->verdict, FINDING_CCA_BINDING, span_of(cca.hash, cca.hash_len),
                             cca.bound) &&
           good;
    if (verify(c, &cca.realm, "realm's", cca.realm_key) && good)
        verdict_prove_item(c->verdict);
    case_check_report_data(c, FINDING_CCA_CHALLENGE, cca.challenge);
    finding = verdict_add(c->verdict, FINDING_CCA_UNJUDGED);
    finding_expect(finding, "evidence of a kind that a policy has a part for");
    finding_got(finding, "the tokens of Arm's CCA, shown and not judged");
}
