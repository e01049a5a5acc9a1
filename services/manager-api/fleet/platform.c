#include "services/manager-api/fleet/platform.h"

#include <stdio.h>
#include <string.h>

static const enum tee tees[VM_PLATFORM_COUNT] = {
    [VM_PLATFORM_SNP] = TEE_SNP,
    [VM_PLATFORM_TDX] = TEE_TDX,
    [VM_PLATFORM_SEV] = TEE_SEV,
    [VM_PLATFORM_SEV_ES] = TEE_SEV_ES,
};

static void say(struct platform *platform, const char *reason, const char *remedy)
{
    snprintf(platform->reason, sizeof(platform->reason), "%s", reason);
    snprintf(platform->remedy, sizeof(platform->remedy), "%s", remedy);
}

void platform_judge(enum vm_platform platform, const struct platform_host *host,
                    struct platform *ret)
{
    struct tee_probe probe = host->tee;
    struct tee_verdict verdict;

    *ret = (struct platform){.available = platform == VM_PLATFORM_VM};
    if (ret->available) {
        say(ret, "a plain VM with an emulated TPM: measured, not protected from the host", "");
        return;
    }
    memcpy(probe.libvirt, host->hypervisor.offers, sizeof(probe.libvirt));
    tee_judge(tees[platform], &probe, &verdict);
    say(ret, verdict.reason, verdict.remedy);
    ret->available = verdict.available && host->kvm;
    if (verdict.available && !host->kvm)
        say(ret, "the host has it, and the manager emulates the processor",
            "set COCOS_MANAGER_ACCEL to auto or kvm");
    /* No party could tell such a guest from one that the host made up. */
    if (platform == VM_PLATFORM_SEV || platform == VM_PLATFORM_SEV_ES) {
        if (ret->available)
            say(ret, "the host has it, and such a guest can prove to nobody what it is",
                "ask for platform 'snp'");
        ret->available = false;
    }
}
