#include "lib/attest/sim_case.h"

#include "lib/attest/appraisal/appraise_snp.h"
#include "lib/attest/evidence/sim.h"
#include "lib/attest/evidence/snp_claims.h"

bool sim_case_detect(struct span evidence)
{
    (void)evidence;
    return false;
}

static void add_claims(struct attest_case *c, const struct snp_report *report)
{
    struct json *claims = json_new_object();

    json_set_bool(claims, "simulated", true);
    json_set(claims, "report", snp_claims(report, SNP_PRODUCT_UNKNOWN));
    json_set(c->verdict->claims, attest_kind_names[KIND_SIM], claims);
}

static void add_warning(struct attest_case *c)
{
    struct finding *finding = verdict_add(c->verdict, FINDING_SIM_SIMULATED);

    finding_expect(finding, "a platform");
    finding_got(finding, "none: this evidence is SIMULATED and protects nothing");
}

static bool prove(struct attest_case *c, const struct snp_report *report)
{
    const char *root = c->policy != NULL ? c->policy->sim.root : NULL;
    OWNED_KEY *key = NULL;
    struct finding *finding;
    struct err err;

    finding = verdict_check(c->verdict, FINDING_SIM_ROOT, root != NULL);
    if (finding != NULL) {
        finding_expect(finding, "a key in sim.root");
        finding_got(finding, "none");
        return false;
    }
    if (key_load_public_pem(span_of_str(root), &key, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_SIM_ROOT, &err);
        return false;
    }
    if (sim_report_check(report, key, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_SIM_SIGNATURE, &err);
        return false;
    }
    verdict_pass(c->verdict, FINDING_SIM_SIGNATURE);
    return true;
}

/* What a policy says about SNP holds for the machine that is simulated. */
static void appraise(struct attest_case *c, const struct snp_report *report)
{
    const struct snp_subject subject = {.report = report, .csp_id = ""};

    if (!case_admit_kind(c, KIND_SIM))
        return;
    if (c->policy->named[KIND_SNP]) {
        appraise_snp(&subject, &c->policy->snp, c->verdict);
        case_check_snp_pin(c, report);
    }
    verdict_appraise_item(c->verdict);
}

void sim_case_check(struct attest_case *c, struct span evidence)
{
    struct snp_report report;
    struct err err;

    case_open_item(c, KIND_SIM);
    add_warning(c);
    if (sim_report_parse(evidence, &report, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_SIM_FORM, &err);
        return;
    }
    verdict_pass(c->verdict, FINDING_SIM_FORM);
    add_claims(c, &report);
    if (prove(c, &report))
        verdict_prove_item(c->verdict);
    case_check_report_data(c, FINDING_SIM_REPORT_DATA, SPAN_OF_ARRAY(report.report_data));
    appraise(c, &report);
}
