/* The process of a VM, which libvirt has no call to tell: it writes its number into a file. */
#ifndef COCOS_MANAGER_VM_PROCESS_H
#define COCOS_MANAGER_VM_PROCESS_H

#include "services/manager-api/vm/vm.h"

#include <sys/types.h>

/* The directory in which libvirt at uri keeps those files; "" when it keeps none. */
void process_run_dir(const char *uri, char *out, size_t size);

/* The process of the VM; 0 when it has none, or none that is known. */
pid_t process_of(const struct vm_hypervisor *hypervisor, const char *id);

#endif
