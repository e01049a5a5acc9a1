/* What this host can protect VMs with: SEV-SNP, TDX, SEV, SEV-ES, and when it cannot, why, and what
 * would help.
 *
 * Looking (tee_probe) and judging (tee_judge) are apart, so that every host that exists can be told
 * to the judge. A chain of things has to be there: a processor, a kernel that switched the feature
 * on, its device, a QEMU and a libvirt that know it. The first one that is missing is the reason.
 */
#ifndef COCOS_HOST_TEE_H
#define COCOS_HOST_TEE_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum tee { TEE_SNP, TEE_TDX, TEE_SEV, TEE_SEV_ES, TEE_COUNT };

extern const char *const tee_names[]; /* "snp" "tdx" "sev" "sev-es", NULL-terminated */

/* What the processor says of itself, by CPUID. */
struct tee_cpu {
    char vendor[13];  /* "AuthenticAMD", "GenuineIntel" */
    uint32_t sev_eax; /* leaf 8000001F; 0 when there is none */
};

/* A switch that may not be there at all. */
enum tee_switch { TEE_ABSENT, TEE_OFF, TEE_ON };

/* What was found on the host. */
struct tee_probe {
    struct tee_cpu cpu;
    enum tee_switch module[TEE_COUNT]; /* the parameter of kvm_amd or kvm_intel */
    int sev_errno;                     /* 0: /dev/sev can be opened */
    bool qemu;                         /* qemu-system-x86_64 is installed */
    bool quotes;                       /* the socket of TDX's quote service is there */
    char firmware[TEE_COUNT][64];      /* that the host's packages have; "" for none */
    enum tee_switch
        libvirt[TEE_COUNT]; /* offers it; ABSENT: it did not say. The caller's to fill */
};

/* Looks. root is put before every path ("" for the host itself); cpu is borrowed, NULL for the
 * processor that we run on. */
void tee_probe(const char *root, const struct tee_cpu *cpu, struct tee_probe *ret);

/* Where the service that makes TDX quotes listens. */
#define TEE_QUOTE_SOCKET "/var/run/tdx-qgs/qgs.socket"

struct tee_verdict {
    bool available;
    char reason[256]; /* why, or why not; one sentence */
    char remedy[256]; /* what would help; "" when nothing is needed */
};

void tee_judge(enum tee tee, const struct tee_probe *probe, struct tee_verdict *ret);

#endif
