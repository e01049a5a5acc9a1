/* How long one waits for a peer: a purse of time that waiting empties and each KiB that moves fills
 * by a second, up to where it began. So a pause is borne, a trickle for ever is not. */
#ifndef COCOS_GATEWAY_H2_PACE_H
#define COCOS_GATEWAY_H2_PACE_H

#include "lib/base/mem.h"

#include <stdbool.h>
#include <stdint.h>

#define H2_PACE_RATE KIB /* bytes a second */

struct h2_pace {
    int64_t max_ms, left_ms;
};

static inline struct h2_pace h2_pace_of(unsigned max_ms)
{
    return (struct h2_pace){max_ms, max_ms};
}

/* Bytes moved. */
void h2_pace_fill(struct h2_pace *pace, uint64_t bytes);

/* Time was spent waiting. False when the purse is empty. */
bool h2_pace_spend(struct h2_pace *pace, int64_t waited_ms);

#endif
