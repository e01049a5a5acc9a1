/* Which bytes of a file were sent, as a few disjoint ranges. Not thread-safe by itself. */
#ifndef COCOS_AGENT_ENGINE_COVERAGE_H
#define COCOS_AGENT_ENGINE_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many gaps are remembered; who fetches in more scattered pieces at once is not counted for the
 * piece that does not fit, and can fetch it again. */
#define COVERAGE_RANGES_MAX 128

struct coverage {
    size_t count;
    struct {
        uint64_t from, to;         /* [from, to) */
    } ranges[COVERAGE_RANGES_MAX]; /* ascending, neither overlapping nor touching */
};

/* Adds [from, to). */
void coverage_add(struct coverage *coverage, uint64_t from, uint64_t to);

/* True when [0, size) was added, whatever the pieces. */
bool coverage_is_whole(const struct coverage *coverage, uint64_t size);

#endif
