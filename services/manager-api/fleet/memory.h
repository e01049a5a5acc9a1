/* How much memory the host has. */
#ifndef COCOS_MANAGER_FLEET_MEMORY_H
#define COCOS_MANAGER_FLEET_MEMORY_H

#include "lib/base/err.h"
#include "lib/base/span.h"

struct memory {
    uint64_t total_mib;
    uint64_t available_mib;
};

/* From /proc/meminfo. Errors: SYSTEM. */
MUST_USE int memory_read(struct memory *ret, struct err *err);

/* From its text. Errors: SYSTEM (a line that is needed is not there). */
MUST_USE int memory_parse(struct span meminfo, struct memory *ret, struct err *err);

#endif
