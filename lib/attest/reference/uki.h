/* PCR 11 of a unified kernel image: what systemd-stub measures of the file it is part of, and what
 * systemd adds as the boot goes on.
 *
 * For each section that the image has, in this order, the stub extends the name with its final NUL,
 * then the content as it is in memory: .linux .osrel .cmdline .initrd .ucode .splash .dtb .uname
 * .sbat .pcrpkey. The signature over all this (.pcrsig) is the only one left out. systemd-pcrphase
 * then extends a word at each milestone. Source: systemd-stub(7), systemd-measure(1),
 * systemd-pcrphase.service(8). */
#ifndef COCOS_ATTEST_REFERENCE_UKI_H
#define COCOS_ATTEST_REFERENCE_UKI_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/crypto/digest.h"

/* The milestones of a boot, in order: "enter-initrd" "leave-initrd" "sysinit" "ready". */
extern const char *const uki_phases[]; /* NULL-terminated */

/* The register when the stub hands over, in the bank of alg. Errors: INPUT (no PE file, no kernel
 * in it, two sections of a name, a section that is far larger in memory than in the file). */
MUST_USE int uki_measure(struct span file, enum digest_alg alg, uint8_t *out, struct err *err);

/* The register after a milestone. */
void uki_enter_phase(const char *phase, enum digest_alg alg, uint8_t *value);

#endif
