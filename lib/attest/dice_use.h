/* Keys for one use that a DICE layer certified beside the server's key: one that signs receipts,
 * one to which bytes are sealed.
 *
 * Evidence brings the chain to the server's key alone. The other keys come with chains of their
 * own, from anybody; they are worth something because the layer that certified them is the one
 * which, by the evidence, certified the server's. So the evidence must have been judged before:
 * this looks at the last certificates only.
 *
 * The layer must be a computation's, and its manifest the one that the platform shows. Processes
 * that wait for a manifest are certified as well, by the agent's layer: their keys stand for no
 * computation. Pure. */
#ifndef COCOS_ATTEST_DICE_USE_H
#define COCOS_ATTEST_DICE_USE_H

#include "lib/attest/evidence/bundle.h"
#include "lib/crypto/key.h"

/* What a certificate says in its profile name. */
#define DICE_USE_RECEIPT "cocos/receipt/1"
#define DICE_USE_SEAL    "cocos/seal/1"

/* What a layer that serves is for: its configuration descriptor, a CBOR map. */
#define DICE_LAYER_COMPUTATION "computation"
enum dice_layer_member {
    DICE_LAYER_WHAT = 1, /* text: "computation", "waiting" */
    DICE_LAYER_OF = 2,   /* of a computation: the manifest's SHA-256, bytes; or a number */
    DICE_LAYER_RUN = 3,  /* the run register when it began, bytes */
};

/* 0 when the layer that certified the server's key is that of the computation whose manifest the
 * transcript names. bundle: as below. Errors: UNTRUSTED. */
MUST_USE int dice_use_check_computation(const struct bundle *bundle, struct err *err);

/* The key for the use at the end of the chain, a fresh one. bundle: evidence that was accepted, its
 * chain of type dice included, by a layer of which dice_use_check_computation() says 0. Errors:
 * UNTRUSTED, with what is missing. */
MUST_USE int dice_use_find(const struct bundle *bundle, struct span chain, const char *use,
                           struct key **ret, struct err *err);

#endif
