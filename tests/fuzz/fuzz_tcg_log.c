/* Event logs: parsed, walked and replayed, as PCRs and as RTMRs. */
#include "lib/attest/evidence/boot_facts.h"
#include "lib/attest/evidence/ccel.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum digest_alg banks[] = {DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384,
                                            DIGEST_SHA512};
    struct tcg_cursor cursor;
    struct tcg_event event;
    struct pcr_bank bank;
    struct boot_facts facts;
    struct tcg_log log;
    struct err err;
    size_t count = 0;

    if (tcg_log_parse(span_of(data, size), &log, &err) < 0)
        return 0;
    cursor = tcg_log_begin(&log);
    while (tcg_log_next(&cursor, &event))
        count++;
    if (count != log.count)
        abort();
    for (size_t i = 0; i < COUNT_OF(banks); i++)
        if (tcg_log_replay(&log, banks[i], &bank, &err) == 0 && !tcg_log_has_bank(&log, banks[i]))
            abort();
    (void)!boot_facts_read(&log, BOOT_PCR, DIGEST_SHA256, 0xffffff, &facts, &err);
    if (ccel_parse(span_of(data, size), &log, &err) == 0 && ccel_replay(&log, &bank, &err) == 0 &&
        bank.set >> RTMR_COUNT != 0)
        abort();
    return 0;
}
