/* What the gateway gives up once it listens: it stands before strangers with large parsers, and
 * needs little of the kernel. */
#ifndef COCOS_GATEWAY_CONFINE_H
#define COCOS_GATEWAY_CONFINE_H

#include "lib/base/err.h"

/* From now on, for all threads: no program is started, no privilege gained, and no call of the
 * kernel made but those that a server of its kind makes; others fail. Errors: SYSTEM. */
MUST_USE int confine_self(struct err *err);

#endif
