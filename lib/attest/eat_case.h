/* Entity attestation tokens in CBOR as a kind of evidence: see case.h. Private to lib/attest.
 *
 * A token of our profile is a bundle, signed once more by the key that its transcript names. Tokens
 * of CocosAI's first agents hold a platform's evidence, which is judged by itself, unless an agent
 * of ours wrote them (evidence/legacy_eat.h): those are bundles, too. Any other token is the word
 * of whoever holds its key. */
#ifndef COCOS_ATTEST_EAT_CASE_H
#define COCOS_ATTEST_EAT_CASE_H

#include "lib/attest/case.h"

bool eat_case_detect(struct span evidence);
void eat_case_check(struct attest_case *c, struct span evidence);

#endif
