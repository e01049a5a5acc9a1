/* What OVMF measures into PCR 0: its version, and its two volumes as they lie in memory.
 *
 * The later volume, DXEFV, is measured as it is in the file. The early one, PEIFV, runs where it
 * lies, and by then its platform driver has written what it found out about the machine into its
 * own data: so the digest changes with RAM size and vCPU count. The place is one structure
 * (EFI_HOB_PLATFORM_INFO, edk2 OvmfPkg/Include/Library/PlatformInitLib.h), and what stands in it
 * follows from the machine; so for a build of which the place is known the digest is computed, and
 * for others it is recorded from a VM once (pei_find_place()).
 *
 * Computed are the values on QEMU's q35 with sleep states on (off for builds that need system
 * management mode, which do not start with them), and a processor that says 40 bits of
 * physical addresses, as qemu64 does, and whose maker is not Intel; another processor needs a
 * recorded digest. */
#ifndef COCOS_ATTEST_REFERENCE_PEI_H
#define COCOS_ATTEST_REFERENCE_PEI_H

#include "lib/attest/reference/shape.h"
#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/crypto/digest.h"

/* The size of that structure, from the first member that is written on. */
#define PEI_INFO_SIZE 0x74u

/* Over this much RAM the layout of addresses, and with it the structure, is another. */
#define PEI_RAM_MAX (30 * GIB)

/* True for a build of which the place is known; what else these builds measure is known as well. */
bool pei_is_known(struct span pei);

/* The digest of the volume pei for a VM of that shape, when the build is a known one. NOT_FOUND for
 * an unknown build, UNSUPPORTED for a shape of which nobody knows what the structure holds. */
MUST_USE int pei_predict(struct span pei, const struct vm_shape *shape,
                         uint8_t out[static SHA256_SIZE], struct err *err);

/* Tries where the structure would have to lie for the volume to have that digest, in a VM of that
 * shape: what makes a build a known one. NOT_FOUND when it lies nowhere. Slow: a second or more. */
MUST_USE int pei_find_place(struct span pei, const struct vm_shape *shape,
                            const uint8_t digest[static SHA256_SIZE], size_t *ret, struct err *err);

/* The digest of the version event: text is ASCII, "" for builds that have no version. */
void pei_version_digest(const char *text, uint8_t out[static SHA256_SIZE]);

#endif
