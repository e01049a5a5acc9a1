/* What a server answers instead of a document; the first byte picks the status. */
#include "lib/http/problem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int status = size > 0 ? 400 + data[0] : 400;
    struct err err;

    if (problem_to_err(status, span_part(span_of(data, size), 1, size), &err) != -1 ||
        err.kind == ERR_NONE || err.kind >= ERR_KIND_COUNT)
        abort();
    for (const char *c = err.text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            abort();
    return 0;
}
