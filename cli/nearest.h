/* "Did you mean": the known word that is nearest to one that was mistyped. */
#ifndef COCOS_CLI_NEAREST_H
#define COCOS_CLI_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 64

struct nearest {
    const char *wanted;
    char best[NEAREST_MAX]; /* "" while nothing is near enough */
    size_t distance;
};

struct nearest nearest_of(const char *wanted);
void nearest_try(struct nearest *nearest, const char *candidate);

#endif
