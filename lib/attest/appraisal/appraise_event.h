/* Which event of a boot is another one than the policy knows: a register that differs says only
 * that something does. Private to lib/attest. */
#ifndef COCOS_ATTEST_APPRAISE_EVENT_H
#define COCOS_ATTEST_APPRAISE_EVENT_H

#include "lib/attest/vtpm_proof.h"

/* Judges vtpm.initrd_sha256, and where PCR 4 or 9 differs from the policy, names the first event in
 * the proven log that is not what leads there: the kernel's image, its command line, its initrd.
 * For want of a log that proves them nothing is named, but then PCR 9 must be a value of the
 * policy's wherever initrd_sha256 is. */
void appraise_events(const struct policy_vtpm *policy, const struct vtpm_proof *proof,
                     struct verdict *verdict);

#endif
