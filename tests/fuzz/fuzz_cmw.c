/* Wrappers in every form; and whatever hostile bytes are taken for by their looks. */
#include "lib/attest/attest.h"
#include "lib/attest/evidence/cmw.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(const struct cmw_record *record, void *with)
{
    size_t *count = with;

    (*count)++;
    if (record->indicator == 0 || record->type[CMW_TYPE_SIZE - 1] != '\0')
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct attest_input in = {.evidence = span_of(data, size), .now = 1700000000};
    OWNED_VERDICT verdict = {0};
    size_t count = 0;
    struct err err;

    if (cmw_walk(in.evidence, check_record, &count, &err) == 0 &&
        (count == 0 ? size == 0 : count > CMW_RECORDS_MAX))
        abort();
    if (attest_validate(&in, &verdict, &err) == 0 && verdict_accepted(&verdict))
        abort();
    return 0;
}
