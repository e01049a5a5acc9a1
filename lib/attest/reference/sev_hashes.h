/* The table of kernel hashes that QEMU puts into a page of the firmware, so that kernel, initrd and
 * command line become part of the launch measurement.
 *
 * Source: QEMU target/i386/sev.c, sev_add_kernel_loader_hashes(). */
#ifndef COCOS_ATTEST_REFERENCE_SEV_HASHES_H
#define COCOS_ATTEST_REFERENCE_SEV_HASHES_H

#include "lib/base/err.h"
#include "lib/base/span.h"

/* Header 18 bytes, three entries of 50, padded to 16. */
#define SEV_HASHES_SIZE 176u

/* kernel and initrd are files as given to QEMU; an absent initrd is empty, an absent command line
 * NULL. */
void sev_hashes_make(struct span kernel, struct span initrd, const char *append,
                     uint8_t out[static SEV_HASHES_SIZE]);

#endif
