/* The volumes inside an OVMF firmware file: what its first code unpacks into memory and measures
 * before it runs it.
 *
 * The outer volume holds one file, packed with LZMA, with two volumes in it: PEIFV, the early
 * phase, and DXEFV, everything after it. Source: UEFI Platform Initialization Specification 1.7,
 * volume 3 (firmware volumes, files, sections); edk2 OvmfPkg/Sec. */
#ifndef COCOS_ATTEST_REFERENCE_VOLUME_H
#define COCOS_ATTEST_REFERENCE_VOLUME_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define VOLUMES_UNPACKED_MAX (64 * MIB)

struct volumes {
    struct buf unpacked; /* owned */
    struct span pei;     /* PEIFV, in it */
    struct span dxe;     /* DXEFV, in it */
};

void volumes_done(struct volumes *volumes);
#define OWNED_VOLUMES __attribute__((cleanup(volumes_done))) struct volumes

/* Finds and unpacks both volumes of image. Errors: INPUT (malformed, or no such volumes),
 * TOO_LARGE.
 */
MUST_USE int volumes_unpack(struct span image, struct volumes *ret, struct err *err);

/* The same of a build that may be without an early phase, as those for TDs alone are: pei is empty
 * then. */
MUST_USE int volumes_unpack_main(struct span image, struct volumes *ret, struct err *err);

/* True when this firmware has the driver that measures what a TD starts into its runtime registers
 * (OvmfPkg/Tcg/TdTcg2Dxe). Many builds start as a TD and measure nothing. */
bool volumes_measure_td(const struct volumes *volumes);

/* True when this firmware looks for the kernel as it is in its file, beside the one into whose
 * setup header QEMU writes: QEMU from version 10 on has both (fw_cfg etc/boot/kernel), and it takes
 * that one. edk2 2025.02 (Debian 13) does, 2022.11 (Debian 12) does not. */
bool volumes_take_whole_kernel(const struct volumes *volumes);

#endif
