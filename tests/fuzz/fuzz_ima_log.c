/* IMA measurement lists: walked, replayed, and matched against what the replay gave. */
#include "lib/attest/evidence/ima_log.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ima_replay replay, matched;
    struct span in = span_of(data, size);
    struct err err;

    if (ima_log_replay(in, DIGEST_SHA256, &replay, &err) < 0)
        return 0;
    if (ima_log_match(in, DIGEST_SHA256, pcr_bank_get(&replay.bank, IMA_PCR), &matched, &err) < 0)
        abort();
    if (matched.entries > replay.entries)
        abort();
    if (ima_check_aggregate(&replay, &replay.bank, 1, &err) == 0)
        abort();
    return 0;
}
