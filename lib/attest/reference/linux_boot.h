/* Direct kernel boot: what QEMU changes in a Linux kernel's setup header before the firmware
 * measures it, and the texts that the kernel's EFI stub measures.
 *
 * Source: QEMU 7.2 hw/i386/x86.c, x86_load_linux(); Linux Documentation/arch/x86/boot.rst. QEMU
 * patches nothing when SEV is on, and can hand the file over unchanged from version 10 on, so which
 * digest holds is part of a VM's record. */
#ifndef COCOS_ATTEST_REFERENCE_LINUX_BOOT_H
#define COCOS_ATTEST_REFERENCE_LINUX_BOOT_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* The part of the file that the setup header lies in. */
#define LINUX_HEAD_SIZE 0x400u

/* The first LINUX_HEAD_SIZE bytes of kernel as QEMU leaves them for a VM of ram_bytes with an
 * initrd of initrd_size bytes (0: none). INPUT when it is no Linux bzImage of protocol 2.12 or
 * later. */
MUST_USE int linux_boot_patch_head(struct span kernel, uint64_t ram_bytes, uint64_t initrd_size,
                                   uint8_t out[static LINUX_HEAD_SIZE], struct err *err);

/* The load options as the EFI stub measures them: UTF-16LE of the command line with OVMF's "
 * initrd=initrd" behind it, and the final NUL. The command line is ASCII (INPUT otherwise).
 * Appended to out. */
MUST_USE int linux_boot_load_options(const char *cmdline, bool initrd, struct buf *out,
                                     struct err *err);

#endif
