#include "lib/attest/tdx_logs.h"

#include "lib/attest/evidence/ccel.h"

#define FIRMWARE_REGISTERS 3 /* RTMR 0 to 2 */

static const char *const ccel_name = "event log";
static const char *const cel_name = "canonical event log";

static void add_malformed(struct verdict *verdict, const char *name, const struct err *err)
{
    struct finding *finding = verdict_add(verdict, FINDING_TDX_LOG_FORM);

    finding_subject(finding, "%s", name);
    finding_got(finding, "%s", err->text);
}

static void add_mismatch(struct verdict *verdict, const char *name, unsigned index,
                         struct span quoted, struct span replayed)
{
    struct finding *finding = verdict_add(verdict, FINDING_TDX_LOG);

    finding_subject(finding, "%s, RTMR %u,", name, index);
    finding_expect_hex(finding, quoted);
    finding_got_hex(finding, replayed);
}

/* False when a register of the firmware contradicts the log. */
static bool compare(const struct td_report *td, const struct pcr_bank *replayed,
                    struct verdict *verdict, struct tdx_logs *ret)
{
    bool good = true;

    for (unsigned i = 0; i < RTMR_COUNT; i++) {
        struct span quoted = SPAN_OF_ARRAY(td->rtmr[i]), value = pcr_bank_get(replayed, i);

        if (span_equal(quoted, value)) {
            ret->proven |= 1u << i;
        } else if (i < FIRMWARE_REGISTERS) {
            add_mismatch(verdict, ccel_name, i, quoted, value);
            good = false;
        }
    }
    return good;
}

static void note_unproven(struct verdict *verdict, uint32_t proven)
{
    struct finding *finding;

    if ((proven >> RUN_RTMR & 1) != 0)
        return;
    finding = verdict_add(verdict, FINDING_TDX_LOG_UNPROVEN);
    finding_subject(finding, "RTMR %d", RUN_RTMR);
    finding_got(finding, "%s: RTMR %d", ccel_name, RUN_RTMR);
}

static void prove_boot(const struct td_report *td, struct span ccel, struct verdict *verdict,
                       struct tdx_logs *ret)
{
    struct pcr_bank replayed;
    struct tcg_log log;
    struct err err;

    if (ccel_parse(ccel, &log, &err) < 0 || ccel_replay(&log, &replayed, &err) < 0) {
        add_malformed(verdict, ccel_name, &err);
        return;
    }
    if (!compare(td, &replayed, verdict, ret)) {
        ret->proven = 0;
        return;
    }
    verdict_pass(verdict, FINDING_TDX_LOG);
    /* The log counts registers from MRTD on. */
    if (boot_facts_read(&log, BOOT_RTMR, DIGEST_SHA384, ret->proven << 1, &ret->boot, &err) < 0) {
        verdict_add_err(verdict, FINDING_TDX_LOG_FACTS, &err);
        return;
    }
    ret->has_boot = true;
    note_unproven(verdict, ret->proven);
}

static void prove_run(const struct td_report *td, struct span cel, struct verdict *verdict,
                      struct tdx_logs *ret)
{
    struct span quoted = SPAN_OF_ARRAY(td->rtmr[RUN_RTMR]);
    struct run_log run;
    struct err err;

    if (run_log_read(cel, &run, &err) < 0) {
        add_malformed(verdict, cel_name, &err);
        return;
    }
    if (!run.has_config)
        return;
    if (!span_equal(quoted, SPAN_OF_ARRAY(run.rtmr))) {
        add_mismatch(verdict, cel_name, RUN_RTMR, quoted, SPAN_OF_ARRAY(run.rtmr));
        return;
    }
    verdict_pass(verdict, FINDING_TDX_LOG);
    ret->has_run = true;
    ret->run = run;
}

void tdx_prove_logs(const struct td_report *td, struct span ccel, struct span cel,
                    struct verdict *verdict, struct tdx_logs *ret)
{
    *ret = (struct tdx_logs){0};
    if (cel.len > 0)
        prove_run(td, cel, verdict, ret);
    if (ccel.len > 0)
        prove_boot(td, ccel, verdict, ret);
}
