/* What libvirt says about its host, read from the documents it says it in. */
#ifndef COCOS_MANAGER_VM_CAPABILITIES_H
#define COCOS_MANAGER_VM_CAPABILITIES_H

#include "lib/base/span.h"
#include "services/manager-api/vm/vm.h"

#define CAPABILITIES_MAX (4 * MIB)

/* From virConnectGetCapabilities(): the user that guests run as, when libvirt gives them one. */
void capabilities_read_user(struct span xml, struct vm_hypervisor *ret);

/* From virConnectGetDomainCapabilities(): whether guests can have an emulated TPM. */
void capabilities_read_devices(struct span xml, struct vm_hypervisor *ret);

/* From the same document: by what guests can be protected. */
void capabilities_read_protection(struct span xml, struct vm_hypervisor *ret);

#endif
