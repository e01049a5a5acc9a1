/* Whether what somebody asks for can be had on this host at all: what needs no look at other VMs.
 */
#ifndef COCOS_MANAGER_FLEET_ORDER_H
#define COCOS_MANAGER_FLEET_ORDER_H

#include "lib/api/vm.h"
#include "services/manager-api/fleet/images.h"

/* One way of protecting a VM, on this host. */
struct platform {
    enum vm_platform platform;
    bool available;
    const char *reason; /* why, or why not */
    const char *remedy; /* what would make it available; NULL when it is */
};

/* All of them, VM_PLATFORM_COUNT. */
const struct platform *platform_table(void);

/* Processors that a VM may have at most. */
unsigned order_cpus_max(void);

/* Checks the spec against host and image. platform auto becomes the best there is. Errors: INPUT
 * and UNSUPPORTED, with the pointer of the member. */
MUST_USE int order_check(const struct vm_spec *spec, const struct image *image,
                         enum vm_platform *ret_platform, struct err *err);

#endif
