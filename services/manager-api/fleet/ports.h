/* Which port of the host's loopback a VM's agent is reached at. */
#ifndef COCOS_MANAGER_FLEET_PORTS_H
#define COCOS_MANAGER_FLEET_PORTS_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct ports {
    uint16_t first, last;
};

/* "20000-20999". Errors: USAGE. */
MUST_USE int ports_parse(const char *text, struct ports *ret, struct err *err);

/* A port of the range that nobody listens on right now and that taken() does not claim, looked for
 * from a random place, since several managers may share a host. Somebody may still take it before
 * QEMU does; then QEMU's start fails and the caller asks again. Errors: TOO_MANY (none is free). */
MUST_USE int ports_pick(const struct ports *ports, bool (*taken)(void *ctx, uint16_t port),
                        void *ctx, uint16_t *ret, struct err *err);

#endif
