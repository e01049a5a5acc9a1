#include "lib/attest/vtpm_replay.h"

#include "lib/attest/evidence/cel.h"

int vtpm_replay(const struct tcg_log *log, struct span cel, const struct pcr_bank *quoted,
                struct vtpm_replay *ret, struct err *err)
{
    struct vtpm_replay replay = {.quoted = quoted};
    struct pcr_bank further;

    if (tcg_log_replay(log, quoted->alg, &replay.firmware, err) < 0)
        return -1;
    further = replay.firmware;
    if (cel.len > 0 && cel_log_extend(cel, &further, err) < 0)
        return -1;
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        struct span value = pcr_bank_get(quoted, i);

        if (!pcr_bank_has(&replay.firmware, i) || !pcr_bank_has(quoted, i))
            continue;
        if (span_equal(value, pcr_bank_get(&replay.firmware, i)) ||
            span_equal(value, pcr_bank_get(&further, i)))
            replay.proven |= 1u << i;
        else
            replay.contradicted |= 1u << i;
    }
    *ret = replay;
    return 0;
}
