#include "lib/attest/attest.h"

static const char *const labels[] = {
    [SEVERITY_ERROR] = "REFUSED", [SEVERITY_WARNING] = "excused", [SEVERITY_INFO] = "note"};

/* What a check that was told by its failure alone wanted, by the last part of its id. */
static const char *usual_expectation(const char *id)
{
    static const struct {
        const char *last, *words;
    } rows[] = {
        {".form", "the layout that the document below gives"},
        {".signature", "a signature that verifies under the signer's key"},
        {".time", "the time of judging within the validity"},
        {".issuer", "issuers that may issue"},
        {".name", "the names that the document below gives"},
        {".replay", "events that lead to the quoted values"},
        {".log", "events that lead to the quoted values"},
        {".facts", "events that agree with each other"},
        {".contradiction", "events that agree with each other"},
        {".identity", "what its maker publishes"},
        {".level", "a level that the platform reaches"},
        {".module", "a module that its maker publishes"},
        {".revoked", "certificates that nobody took back"},
    };
    const char *last = strrchr(id, '.');

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(last, rows[i].last) == 0)
            return rows[i].words;
    return NULL;
}

static void explain_finding(const struct finding *finding, struct buf *out)
{
    const struct finding_row *row = finding_row(finding->id);
    const char *expected =
        finding->expected != NULL ? finding->expected : usual_expectation(row->id);

    buf_printf(out, "%s  %s\n  checked   ", labels[finding->severity], row->id);
    finding_write_what(finding, out);
    if (expected != NULL)
        buf_printf(out, "\n  expected  %s", expected);
    if (finding->got != NULL)
        buf_printf(out, "\n  got       %s", finding->got);
    buf_add_str(out, "\n  to mend   ");
    finding_write_hint(finding, out);
    buf_printf(out, "\n  see       %s\n\n", row->spec);
}

void attest_explain(const struct verdict *verdict, struct buf *out)
{
    static const char *const answers[] = {
        [OUTCOME_FAIL] = "no", [OUTCOME_PASS] = "yes", [OUTCOME_NONE] = "not asked"};
    size_t held = 0;

    buf_printf(out, "%s\n  genuine and whole?    %s\n  what the policy asks? %s\n\n",
               verdict_accepted(verdict) ? "ACCEPTED" : "REJECTED",
               answers[verdict_crypto(verdict)], answers[verdict_policy(verdict)]);
    for (int severity = SEVERITY_ERROR; severity <= SEVERITY_INFO; severity++)
        for (size_t i = 0; i < verdict->count; i++)
            if ((int)verdict->findings[i].severity == severity)
                explain_finding(&verdict->findings[i], out);
    for (int id = 0; id < FINDING_COUNT; id++)
        held += verdict_holds(verdict, (enum finding_id)id) ? 1 : 0;
    buf_printf(out, "%zu kind%s of checks held.\n", held, held == 1 ? "" : "s");
}
