/* Range, If-Range and If-None-Match, one a line, against sizes small and huge. */
#include "lib/http/range.h"

#include "lib/base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t sizes[] = {0, 1, 100, 1ULL << 40, UINT64_MAX};
    OWNED(free_str) char *text = mem_copy(data, size);
    char *tags = strchr(text, '\n');
    uint64_t from, to;

    if (tags != NULL)
        *tags++ = '\0';
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        enum range_result result = range_parse(text, sizes[i], &from, &to);

        if (to > sizes[i] || (result == RANGE_PART && from >= to) ||
            (result != RANGE_PART && (from != 0 || to != sizes[i])))
            abort();
    }
    if (tags != NULL && etag_is(tags, "abc") && !etag_list_matches(tags, "abc"))
        abort();
    return 0;
}
