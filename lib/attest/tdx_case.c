#include "lib/attest/tdx_case.h"

#include "lib/attest/appraisal/appraise_run.h"
#include "lib/attest/appraisal/appraise_tdx.h"
#include "lib/attest/dcap_claims.h"
#include "lib/attest/evidence/td_claims.h"
#include "lib/attest/log_claims.h"
#include "lib/attest/tdx_logs.h"
#include "lib/attest/transcript_case.h"

bool tdx_case_detect(struct span evidence)
{
    return dcap_quote_detect(evidence, DCAP_TDX);
}

static int parse(struct span evidence, struct dcap_quote *quote, struct td_report *td,
                 struct err *err)
{
    if (dcap_quote_parse(evidence, quote, err) < 0)
        return -1;
    if (quote->tee != DCAP_TDX)
        return err_set(err, ERR_INPUT, "byte 4: the quote is of an SGX enclave, not of a TD");
    return td_report_parse(quote->body, td, err);
}

static void add_claims(struct attest_case *c, const struct dcap_quote *quote,
                       const struct td_report *td, const struct dcap_proof *proof,
                       const struct tdx_logs *logs)
{
    struct json *claims = td_claims(td);

    dcap_claims_add(claims, quote, proof);
    if (logs->has_boot)
        json_set(claims, "boot", boot_claims(&logs->boot));
    if (logs->has_run)
        json_set(claims, "run", run_claims(&logs->run));
    json_set(c->verdict->claims, attest_kind_names[KIND_TDX], claims);
}

/* The logs that the caller gives are those of a vTPM where there is one. False when the transcript
 * around the quote, where there is one, names another run. */
static bool prove_logs(struct attest_case *c, const struct td_report *td, struct tdx_logs *logs)
{
    const struct span none = {NULL, 0};
    bool ours = !c->logs_are_tpms;

    tdx_prove_logs(td, ours ? c->in->tcg_log : none, ours ? c->in->cel_log : none, c->verdict,
                   logs);
    return !logs->has_run || transcript_case_check_run(c, &logs->run);
}

void tdx_case_check(struct attest_case *c, struct span evidence)
{
    OWNED_DCAP_PROOF proof = {0};
    struct dcap_quote quote;
    struct td_report td;
    struct tdx_logs logs;
    struct err err;

    case_open_item(c, KIND_TDX);
    if (!c->logs_are_tpms) {
        case_take_beside(c, c->in->tcg_log);
        case_take_beside(c, c->in->cel_log);
    }
    if (!verdict_note(c->verdict, FINDING_DCAP_QUOTE_FORM, parse(evidence, &quote, &td, &err),
                      &err))
        return;

    dcap_prove(&quote, &td, c->in, c->verdict, &proof);
    if (prove_logs(c, &td, &logs) && proof.sound)
        verdict_prove_item(c->verdict);
    add_claims(c, &quote, &td, &proof, &logs);

    case_check_report_data(c, FINDING_TDX_REPORT_DATA, SPAN_OF_ARRAY(td.report_data));
    (void)dcap_check_end(&quote, evidence, c->verdict);
    if (!case_admit_kind(c, KIND_TDX))
        return;
    appraise_tdx(&td, &proof, &c->policy->tdx, c->verdict);
    if (logs.has_run)
        appraise_run(c, &logs.run);
    verdict_appraise_item(c->verdict);
}
