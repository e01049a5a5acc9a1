#include "services/agent-api/engine/coverage.h"

#include <string.h>

/* Replaces count ranges from first on by one. */
static void replace(struct coverage *coverage, size_t first, size_t count, uint64_t from,
                    uint64_t to)
{
    size_t behind = coverage->count - first - count;

    memmove(&coverage->ranges[first + 1], &coverage->ranges[first + count],
            behind * sizeof(coverage->ranges[0]));
    coverage->ranges[first].from = from;
    coverage->ranges[first].to = to;
    coverage->count = first + 1 + behind;
}

void coverage_add(struct coverage *coverage, uint64_t from, uint64_t to)
{
    size_t first = 0, last;

    if (from >= to)
        return;
    while (first < coverage->count && coverage->ranges[first].to < from)
        first++;
    for (last = first; last < coverage->count && coverage->ranges[last].from <= to; last++) {
        if (coverage->ranges[last].from < from)
            from = coverage->ranges[last].from;
        if (coverage->ranges[last].to > to)
            to = coverage->ranges[last].to;
    }
    if (last == first && coverage->count == COVERAGE_RANGES_MAX)
        return;
    replace(coverage, first, last - first, from, to);
}

bool coverage_is_whole(const struct coverage *coverage, uint64_t size)
{
    return size == 0 ||
           (coverage->count > 0 && coverage->ranges[0].from == 0 && coverage->ranges[0].to >= size);
}
