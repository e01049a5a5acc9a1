/* How long to wait before a server that is away is tried again: pauses that double up to the
 * longest, and are never quite the same. */
#ifndef COCOS_GATEWAY_CVMS_PAUSE_H
#define COCOS_GATEWAY_CVMS_PAUSE_H

#include <stdint.h>

/* most_ms: the longest. failures: attempts in a row that came to nothing, this one included.
 * chance: where between half of the pause and all of it, so that machines that lost one server do
 * not come back at once. At least 1. */
int64_t cvms_pause_ms(uint64_t most_ms, unsigned failures, uint16_t chance);

#endif
