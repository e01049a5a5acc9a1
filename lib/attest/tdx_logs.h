/* What the logs of a TD prove, by the runtime registers of its quote: the firmware's own log
 * (CCEL), and what our agent wrote about its run.
 *
 * Registers that the firmware extends (RTMR 0 to 2) must be what the log says; RTMR 3 belongs to
 * who runs after it, and may hold more. Nothing counts of a register that the log does not lead to.
 * Private to lib/attest. */
#ifndef COCOS_ATTEST_TDX_LOGS_H
#define COCOS_ATTEST_TDX_LOGS_H

#include "lib/attest/evidence/boot_facts.h"
#include "lib/attest/evidence/run_log.h"
#include "lib/attest/evidence/td_report.h"
#include "lib/attest/verdict.h"

struct tdx_logs {
    uint32_t proven; /* bit i: the firmware's log leads to RTMR i */
    bool has_boot;
    struct boot_facts boot; /* borrows from the log */
    bool has_run;
    struct run_log run;
};

/* Proves what can be proven, with findings for all that does not hold. ccel, cel: empty for none.
 */
void tdx_prove_logs(const struct td_report *td, struct span ccel, struct span cel,
                    struct verdict *verdict, struct tdx_logs *ret);

#endif
