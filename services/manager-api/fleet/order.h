/* Whether what somebody asks for can be had on this host at all: what needs no look at other VMs.
 */
#ifndef COCOS_MANAGER_FLEET_ORDER_H
#define COCOS_MANAGER_FLEET_ORDER_H

#include "lib/api/vm.h"
#include "services/manager-api/fleet/images.h"
#include "services/manager-api/fleet/platform.h"

/* Processors that a VM may have at most. */
unsigned order_cpus_max(void);

/* Whether a VM may be connected to the computation server that it is to take orders from. servers:
 * the addresses that this host allows, HOST:PORT separated by commas, or "*". Errors: INPUT,
 * UNSUPPORTED with what would help. */
MUST_USE int order_check_cvms(const struct vm_spec *spec, const char *servers, struct err *err);

/* Checks the spec against host and image. platform auto becomes the best there is. Errors: INPUT
 * and UNSUPPORTED, with the pointer of the member. */
MUST_USE int order_check(const struct vm_spec *spec, const struct image *image,
                         const struct platform_host *host, enum vm_platform *ret_platform,
                         struct err *err);

#endif
