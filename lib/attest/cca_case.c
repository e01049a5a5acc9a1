#include "lib/attest/cca_case.h"

#include "lib/attest/evidence/cca.h"
#include "lib/attest/token_case.h"

static void add_claims(struct attest_case *c, const struct cca *cca)
{
    struct json *claims = json_new_object();

    json_set(claims, "platform", eat_claims(&cca->platform));
    json_set(claims, "realm", eat_claims(&cca->realm));
    json_set(c->verdict->claims, "cca", claims);
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
    good = token_case_verify_given(c, &cca.platform.message, "the platform's token");
    good = verdict_check_hex(c->verdict, FINDING_CCA_BINDING, span_of(cca.hash, cca.hash_len),
                             cca.bound) &&
           good;
    if (token_case_verify(c, &cca.realm.message, cca.realm_key, "the realm's token") && good)
        verdict_prove_item(c->verdict);
    case_check_report_data(c, FINDING_CCA_CHALLENGE, cca.challenge);
    finding = verdict_add(c->verdict, FINDING_CCA_UNJUDGED);
    finding_expect(finding, "evidence of a kind that a policy has a part for");
    finding_got(finding, "the tokens of Arm's CCA, shown and not judged");
}
