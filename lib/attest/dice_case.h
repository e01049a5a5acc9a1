/* DICE chains as a kind of evidence: see case.h. Private to lib/attest.
 *
 * A chain is as good as its root: the key of the device secret must be the caller's (--key, or the
 * key of a --trust-root), or the chain brings evidence of a platform that carries it. Within a
 * wrapper with a transcript, the last key must be the server's. */
#ifndef COCOS_ATTEST_DICE_CASE_H
#define COCOS_ATTEST_DICE_CASE_H

#include "lib/attest/case.h"

bool dice_case_detect(struct span evidence);
void dice_case_check(struct attest_case *c, struct span evidence);

#endif
