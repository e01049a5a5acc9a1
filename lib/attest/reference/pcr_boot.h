/* The PCRs of a VM that OVMF boots directly into a Linux kernel, or into a unified kernel image
 * that lies on a disk, predicted from files and the VM's shape.
 *
 * PCR 1 to 7 and 9 follow from kernel, initrd, command line, RAM size and the Secure Boot
 * variables; 11 is a unified image's (see uki.h), otherwise zero; 8 and 12 to 14 stay zero; 15 is
 * the agent's (see pcr_run.h); 10 follows from 0 to 9 by IMA's boot_aggregate. PCR 0 holds the
 * firmware itself: the digests of its version and of DXEFV follow from the file (see
 * boot_reference.h), the one of PEIFV on RAM size and vCPU count as well (see pei.h).
 *
 * Sources: TCG PC Client Platform Firmware Profile 1.05, section 3.3.4; edk2 (what OVMF measures);
 * Linux drivers/firmware/efi/libstub (PCR 9). Checked against quotes of real VMs. */
#ifndef COCOS_ATTEST_REFERENCE_PCR_BOOT_H
#define COCOS_ATTEST_REFERENCE_PCR_BOOT_H

#include "lib/attest/evidence/pcr.h"
#include "lib/attest/reference/secure_boot.h"
#include "lib/base/err.h"
#include "lib/base/span.h"

/* Where on the board's own bus the disk is that a unified image is started from. */
#define PCR_BOOT_DISK_SLOT 0x1d

/* What a VM boots. secure_boot_authority: the EFI_SIGNATURE_DATA entry of db that verified the
 * kernel. */
struct pcr_boot_input {
    struct span kernel; /* the file */
    bool unified;       /* with systemd's stub, initrd and command line: what is said of them here
                           is not looked at. EFI/BOOT/BOOTX64.EFI of an unpartitioned FAT disk */
    bool qemu_patches;  /* QEMU changed the setup header (see linux_boot.h) */
    uint64_t ram_bytes;
    const uint8_t *initrd_sha256; /* of the file as given to QEMU; NULL: no initrd */
    uint64_t initrd_size;
    const char *cmdline; /* as given to QEMU */
    struct secure_boot_vars secure_boot;
    struct span secure_boot_authority;
};

/* Fills registers 1 to 9 and 11 to 14 of bank (its algorithm is the one to predict; only SHA-256
 * has been checked against firmware, so others are UNSUPPORTED). Errors: INPUT. */
MUST_USE int pcr_boot_predict(const struct pcr_boot_input *input, struct pcr_bank *bank,
                              struct err *err);

/* PCR 0 from the digests of its three events: version, PEIFV, DXEFV, and the separator. */
void pcr_boot_firmware(const uint8_t crtm_version[static SHA256_SIZE],
                       const uint8_t peifv[static SHA256_SIZE],
                       const uint8_t dxefv[static SHA256_SIZE], uint8_t out[static SHA256_SIZE]);

/* PCR 10 after IMA's first record, from registers 0 to 9 of bank. */
void pcr_boot_aggregate(const struct pcr_bank *bank, uint8_t out[static SHA256_SIZE]);

#endif
