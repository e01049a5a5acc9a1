/* Whether the user that VMs run as can get at a file: a home directory that only its owner may
 * enter is the usual reason for a VM that does not start, and QEMU's own words do not name it. */
#ifndef COCOS_MANAGER_FLEET_REACH_H
#define COCOS_MANAGER_FLEET_REACH_H

#include "services/manager-api/vm/vm.h"

/* Checks every directory above path (absolute). Errors: SYSTEM naming the one and what would help.
 */
MUST_USE int reach_check(const char *path, const struct vm_hypervisor *hypervisor, struct err *err);

#endif
