/* The first state of a virtual processor as a hypervisor sets it up, in the form that SEV-ES and
 * SEV-SNP measure: one page, the save area of AMD APM volume 2, table B-4, zeros behind it. */
#ifndef COCOS_ATTEST_REFERENCE_VMSA_H
#define COCOS_ATTEST_REFERENCE_VMSA_H

#include "lib/base/err.h"
#include "lib/base/span.h"

#define VMSA_SIZE       4096u
#define VMSA_BSP_EIP    0xfffffff0u /* the reset vector */
#define VMSA_SNP_ACTIVE 0x1u        /* SEV_FEATURES of an SNP guest, as QEMU asks for them */

/* Whose habits: hypervisors differ in a few flags and registers. EC2_OLD is EC2 before it set RDX.
 */
enum vmsa_vmm { VMSA_QEMU, VMSA_EC2, VMSA_EC2_OLD, VMSA_GCE, VMSA_VMM_COUNT };

extern const char *const vmsa_vmm_names[]; /* "QEMU" "ec2" "ec2-old" "gce", NULL-terminated */

struct vmsa_shape {
    enum vmsa_vmm vmm;
    uint32_t eip;       /* VMSA_BSP_EIP, or where application processors start */
    uint32_t signature; /* CPUID leaf 1 EAX, see vcpu.h */
    uint64_t features;  /* SEV_FEATURES; 0 for SEV-ES */
};

/* The page of a processor that starts in real mode. */
void vmsa_make(const struct vmsa_shape *shape, uint8_t out[static VMSA_SIZE]);

/* The page of a processor that starts in an SVSM: flat 32-bit protected mode at rip. */
void vmsa_make_svsm(uint32_t rip, uint64_t features, uint8_t out[static VMSA_SIZE]);

#endif
