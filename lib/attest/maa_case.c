#include "lib/attest/maa_case.h"

#include "lib/attest/appraisal/appraise_snp.h"
#include "lib/attest/appraisal/appraise_tdx.h"
#include "lib/attest/evidence/maa.h"
#include "lib/attest/evidence/snp_claims.h"
#include "lib/attest/evidence/td_claims.h"

/* The platform signed the hash of the runtime data; what the caller asked for there is compared
 * with it. */
static void check_report_data(struct attest_case *c, enum finding_id mismatch,
                              struct span report_data)
{
    if (c->in->report_data.len > 0 &&
        verdict_check_hex(c->verdict, mismatch, c->in->report_data, report_data))
        case_mark_fresh(c);
}

static void judge_snp(struct attest_case *c, const struct json *claims)
{
    struct snp_report report;
    const struct snp_subject subject = {.report = &report, .product = SNP_GENOA, .csp_id = ""};
    struct err err;

    if (!verdict_note(c->verdict, FINDING_TOKEN_CLAIMS, maa_read_snp(claims, &report, &err), &err))
        return;
    json_set(c->verdict->claims, attest_kind_names[KIND_SNP], snp_claims(&report, SNP_GENOA));
    check_report_data(c, FINDING_SNP_REPORT_DATA, SPAN_OF_ARRAY(report.report_data));
    case_check_snp_pin(c, &report);
    if (!case_admit_kind(c, KIND_SNP))
        return;
    appraise_snp(&subject, &c->policy->snp, c->verdict);
    verdict_appraise_item(c->verdict);
}

/* The service names no advisories: a platform that has any has some that nobody allowed. */
static int take_standing(const char *status, struct dcap_proof *to, struct err *err)
{
    static const char unnamed[] = "some that the token does not name";

    if (tcb_status_find(status, &to->standing.status) < 0)
        return err_set(err, ERR_INPUT,
                       "the claim 'attester_tcb_status' is '%.40s', which is no"
                       " status of Intel's",
                       status);
    to->has_standing = true;
    if (to->standing.status != 0)
        to->standing.advisories[to->standing.advisory_count++] = unnamed;
    return 0;
}

static void judge_tdx(struct attest_case *c, const struct json *claims)
{
    struct dcap_proof proof = {.has_standing = false};
    const char *status;
    struct td_report td;
    struct json *shown;
    struct err err;
    int result = maa_read_tdx(claims, &td, &status, &err);

    if (result == 0)
        result = take_standing(status, &proof, &err);
    if (!verdict_note(c->verdict, FINDING_TOKEN_CLAIMS, result, &err))
        return;
    shown = td_claims(&td);
    json_set_str(shown, "tcb_status", status);
    json_set(c->verdict->claims, attest_kind_names[KIND_TDX], shown);
    check_report_data(c, FINDING_TDX_REPORT_DATA, SPAN_OF_ARRAY(td.report_data));
    if (!case_admit_kind(c, KIND_TDX))
        return;
    appraise_tdx(&td, &proof, &c->policy->tdx, c->verdict);
    verdict_appraise_item(c->verdict);
}

bool maa_case_judge(struct attest_case *c, const struct json *claims)
{
    static const struct {
        enum attest_kind kind;
        void (*judge)(struct attest_case *c, const struct json *claims);
    } rows[] = {[MAA_SNP] = {KIND_SNP, judge_snp}, [MAA_TDX] = {KIND_TDX, judge_tdx}};
    enum maa_subject subject = maa_detect(claims);

    if (subject == MAA_NOBODY)
        return false;
    c->seen[rows[subject].kind]++;
    rows[subject].judge(c, claims);
    return true;
}
