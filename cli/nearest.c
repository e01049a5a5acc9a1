#include "cli/nearest.h"

#include "lib/base/mem.h"

#include <stdio.h>
#include <string.h>

#define DISTANCE_MAX 2

struct nearest nearest_of(const char *wanted)
{
    return (struct nearest){.wanted = wanted, .distance = DISTANCE_MAX + 1};
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Levenshtein's distance, with one row of the matrix at a time. */
static size_t distance_of(const char *a, const char *b)
{
    size_t row[NEAREST_MAX];
    size_t length = strlen(b);

    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t above = row[j + 1];

            row[j + 1] = least(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
            diagonal = above;
        }
    }
    return row[length];
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
    size_t distance;

    if (strlen(candidate) >= NEAREST_MAX || strlen(nearest->wanted) >= NEAREST_MAX)
        return;
    distance = distance_of(nearest->wanted, candidate);
    if (distance < nearest->distance) {
        nearest->distance = distance;
        snprintf(nearest->best, sizeof(nearest->best), "%s", candidate);
    }
}
