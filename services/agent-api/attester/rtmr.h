/* The runtime registers of TDX, as kernels since 6.16 show them: a file each, which holds the
 * register, and to which 48 bytes are written to extend it.
 *
 * Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest of the kernel. */
#ifndef COCOS_AGENT_ATTESTER_RTMR_H
#define COCOS_AGENT_ATTESTER_RTMR_H

#include "lib/base/err.h"
#include "lib/crypto/digest.h"

/* Extends the run register (run_log.h says with what a digest of this size is filled up) under
 * sysfs. *ret_done is false where the kernel has no such file. Errors: SYSTEM. */
MUST_USE int rtmr_extend(const char *sysfs, const uint8_t digest[static SHA256_SIZE],
                         bool *ret_done, struct err *err);

#endif
