/* Keys for one use that a DICE layer certified beside the server's key: one that signs receipts,
 * one to which bytes are sealed.
 *
 * Evidence brings the chain to the server's key alone. The other keys come with chains of their
 * own, from anybody; they are worth something because the layer that certified them is the one
 * which, by the evidence, certified the server's. So the evidence must have been judged before:
 * this looks at the last certificates only. Pure. */
#ifndef COCOS_ATTEST_DICE_USE_H
#define COCOS_ATTEST_DICE_USE_H

#include "lib/attest/evidence/bundle.h"
#include "lib/crypto/key.h"

/* What a certificate says in its profile name. */
#define DICE_USE_RECEIPT "cocos/receipt/1"
#define DICE_USE_SEAL    "cocos/seal/1"

/* The key for the use at the end of the chain, a fresh one. bundle: evidence that was accepted, its
 * chain of type dice included. Errors: UNTRUSTED, with what is missing. */
MUST_USE int dice_use_find(const struct bundle *bundle, struct span chain, const char *use,
                           struct key **ret, struct err *err);

#endif
