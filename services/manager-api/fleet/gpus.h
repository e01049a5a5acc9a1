/* GPUs of the host in the hands of VMs: which are asked for, that each is in one VM's hands only,
 * and how a VM gets them. A VM's record names its own ("0000:41:00.0,0000:42:00.0"), so who has
 * which is known again after a restart. */
#ifndef COCOS_MANAGER_FLEET_GPUS_H
#define COCOS_MANAGER_FLEET_GPUS_H

#include "services/manager-api/fleet/entry.h"

/* Whether this host has what is asked for and can hand it over; then the record's text. Errors:
 * INPUT and UNSUPPORTED with a pointer. */
MUST_USE int gpus_choose(const struct fleet *fleet, const struct vm_spec *spec,
                         char out[static VM_GPUS_SIZE], struct err *err);

/* With the lock held. Errors: STATE (another VM has one of them). */
MUST_USE int gpus_check_free(const struct fleet *fleet, const char *gpus, struct err *err);

/* Their places on the bus, and a window for their memory. */
void gpus_place(const struct fleet *fleet, const char *gpus, struct vm_place *place);

/* Each of a record's; item holds GPU_ADDRESS_SIZE bytes. *at is the text in the beginning; false at
 * the end. */
bool gpus_next(const char **at, char *item);

#endif
