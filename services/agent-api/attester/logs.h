/* The logs that explain the registers, where the kernel shows them. */
#ifndef COCOS_AGENT_ATTESTER_LOGS_H
#define COCOS_AGENT_ATTESTER_LOGS_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define LOGS_TCG_MAX (1 * MIB)
#define LOGS_IMA_MAX (4 * MIB)

/* Reads the firmware's event log (of the TPM, else of TDX) and the kernel's measurement list under
 * sysfs; a log that is not there is empty. Both are replaced. Errors: TOO_LARGE, SYSTEM. */
MUST_USE int logs_read(const char *sysfs, struct buf *tcg, struct buf *ima, struct err *err);

/* The measurement list alone. */
MUST_USE int logs_read_ima(const char *sysfs, struct buf *ima, struct err *err);

#endif
