/* A deadline around every call of a provider.
 *
 * Hypervisors hang: a daemon that was stopped, a disk that went away. A guarded call runs in a
 * thread of its own; when the deadline passes the caller gets TIMEOUT and the thread is left to end
 * when it may. At most GUARD_STUCK_MAX calls may hang like that; more are refused at once
 * (UNAVAILABLE), so that a hypervisor that hangs for hours does not eat the host's threads. */
#ifndef COCOS_MANAGER_VM_GUARD_H
#define COCOS_MANAGER_VM_GUARD_H

#include "services/manager-api/vm/vm.h"

#define GUARD_STUCK_MAX 32

/* Takes ownership of inner. Closing waits one more deadline for calls that hang, and leaves inner
 * behind when they do not end: the process is about to exit. */
struct vm_provider *guard_new(struct vm_provider *inner, unsigned deadline_ms);

#endif
