/* Messages of a process that serves strangers, as the keeper reads them. The first byte says
 * whether a descriptor came along. */
#include "services/agent-api/pact/pact.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pact_record record;
    struct span text;
    struct err err;

    if (size == 0 || pact_parse(span_of(data + 1, size - 1), data[0] & 1, &record, &text, &err) < 0)
        return 0;
    if (text.len > PACT_TEXT_MAX || record.kind >= PACT_KIND_COUNT)
        abort();
    if (record.kind == PACT_ACTIVATE && (record.challenge.blob_len > PACT_CHALLENGE_MAX ||
                                         record.challenge.encrypted_len > PACT_CHALLENGE_MAX))
        abort();
    if (record.kind == PACT_BROKEN && pact_raise(&record.failure, &err) == 0)
        abort();
    return 0;
}
