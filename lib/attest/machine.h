/* One verdict is about one machine, and under one key.
 *
 * Wrappers hold several pieces of evidence, each of which may be genuine and acceptable by itself.
 * Together they say something about one machine only where something ties them: a bundle's
 * transcript, a report that names the TPM's key, a DICE chain that ends in the key of the
 * transcript. What merely lies side by side may come from anywhere, and whoever put it there would
 * have it judged by the best of it. So a second platform, a TPM that the platform does not name and
 * a chain that nothing ties are refused.
 *
 * A caller who gives a key demands a signature by it. Whoever takes a signed wrapper off its
 * content must not get round that. */
#ifndef COCOS_ATTEST_MACHINE_H
#define COCOS_ATTEST_MACHINE_H

#include "lib/attest/case.h"

/* A platform: what runs code and vouches for it, unlike a TPM or a chain beside one. */
bool machine_has_platform(const struct attest_case *c);

/* Adds findings when the items that were seen are not all of one machine. */
void machine_judge(struct attest_case *c);

/* Adds a finding when something that was seen is not under the key that the caller gave. */
void machine_judge_key(struct attest_case *c);

#endif
