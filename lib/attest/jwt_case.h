/* JSON web tokens as a kind of evidence: see case.h. Private to lib/attest.
 *
 * A token is the word of whoever holds its key, so the caller gives that key. What it says about a
 * platform is judged by the policy's part for it: tokens of Azure's attestation service about SNP
 * machines. Evidence within a token (as CocosAI's first agents send it) is judged by itself, with
 * the token's signature or without. */
#ifndef COCOS_ATTEST_JWT_CASE_H
#define COCOS_ATTEST_JWT_CASE_H

#include "lib/attest/case.h"

bool jwt_case_detect(struct span evidence);
void jwt_case_check(struct attest_case *c, struct span evidence);

#endif
