/* The hypervisor behind libvirt.
 *
 * One connection, opened when it is first needed and opened again when libvirtd restarted; a thread
 * of its own runs libvirt's event loop, which answers keep-alives and tells of VMs that changed. */
#ifndef COCOS_MANAGER_VM_LIBVIRT_H
#define COCOS_MANAGER_VM_LIBVIRT_H

#include "services/manager-api/vm/vm.h"

/* uri: "qemu:///system", "qemu:///session", or "test:///default" and the like, which is libvirt's
 * own driver that only pretends. Does not connect yet. At most one at a time in a process, since
 * libvirt's event loop is the process's. Errors: INPUT (uri), SYSTEM. */
MUST_USE int libvirt_open(const char *uri, const struct vm_watcher *watcher,
                          struct vm_provider **ret, struct err *err);

#endif
