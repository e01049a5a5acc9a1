/* The guest's network: lo, and one interface with a fixed address. */
#ifndef COCOS_EOS_NET_H
#define COCOS_EOS_NET_H

#include "lib/base/err.h"

/* Brings up lo, and the first other interface with the address that QEMU's user network gives.
 * Errors: NOT_FOUND (no interface), SYSTEM. */
MUST_USE int net_start(struct err *err);

#endif
