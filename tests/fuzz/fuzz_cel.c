/* Canonical event logs in every encoding, and the log of our own agent. */
#include "lib/attest/evidence/run_log.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span in = span_of(data, size);
    struct run_log run;
    struct pcr_bank bank;
    struct err err;
    bool replayed = cel_log_replay(in, DIGEST_SHA256, &bank, &err) == 0;

    if (run_log_read(in, &run, &err) == 0 && replayed &&
        !span_equal(pcr_bank_get(&bank, RUN_PCR), SPAN_OF_ARRAY(run.pcr)))
        abort();
    return 0;
}
