/* Durations as Go writes them, "1h0m0s" or "1.5h", which existing clients send. */
#ifndef COCOS_GATEWAY_MANAGER_DURATION_H
#define COCOS_GATEWAY_MANAGER_DURATION_H

#include "lib/base/err.h"

#include <stdint.h>

/* Numbers with at most one point and the units h m s ms us ns, one after the other, in milliseconds
 * rounded up; at most a hundred years. Errors: INPUT, also for a sign. */
MUST_USE int duration_parse_go(const char *text, uint64_t *ret_ms, struct err *err);

#endif
