/* The ways of protecting a VM, and which of them this host has. */
#ifndef COCOS_MANAGER_FLEET_PLATFORM_H
#define COCOS_MANAGER_FLEET_PLATFORM_H

#include "services/manager-api/vm/vm.h"

/* What there is to judge by. */
struct platform_host {
    struct tee_probe tee; /* found at the start */
    struct vm_hypervisor hypervisor;
    bool kvm;
};

struct platform {
    bool available;
    char reason[256]; /* why, or why not */
    char remedy[256]; /* what would make it available, or better; "" for nothing */
};

void platform_judge(enum vm_platform platform, const struct platform_host *host,
                    struct platform *ret);

#endif
