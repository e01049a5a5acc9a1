/* One replay of the firmware's log, and of what user space added, against the registers of one
 * quote. Private to lib/attest. */
#ifndef COCOS_ATTEST_VTPM_REPLAY_H
#define COCOS_ATTEST_VTPM_REPLAY_H

#include "lib/attest/evidence/tcg_log.h"

#define PCR_FIRMWARE_COUNT 8 /* PCR 0 to 7 are extended before the operating system runs */

struct vtpm_replay {
    const struct pcr_bank *quoted;
    struct pcr_bank firmware; /* what the log alone gives */
    uint32_t proven;          /* registers of the log that are quoted with the replayed value */
    uint32_t contradicted;    /* registers of the log that are quoted with another */
};

/* cel may be empty; its records go on where the log ends. Errors: INPUT, MALFORMED. */
MUST_USE int vtpm_replay(const struct tcg_log *log, struct span cel, const struct pcr_bank *quoted,
                         struct vtpm_replay *ret, struct err *err);

#endif
