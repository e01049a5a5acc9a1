/* Python requirements as an algorithm's provider may send them. */
#include "services/agent-api/runner/requirements.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const globs[] = {"/usr/lib/python3/dist-packages", NULL};
    OWNED_BUF log = BUF_OF(64 * KIB);
    struct err err;
    size_t missing = 0;

    if (requirements_check(span_of(data, size), globs, &missing, &log, &err) == 0 &&
        (missing > 0) != (log.len > 0))
        abort();
    return 0;
}
