/* Who stands behind a receipt: the key that signs it, and evidence of the machine made for it.
 *
 * The evidence is of kind boot, since it belongs to no connection; the server in its transcript is
 * the key with which parties see this agent. Its nonce is random, and not a digest of the receipt:
 * hosts see what a platform signs, and could confirm a guessed result by it. */
#ifndef COCOS_AGENT_WITNESS_H
#define COCOS_AGENT_WITNESS_H

#include "lib/attest/receipt.h"
#include "lib/crypto/key.h"
#include "services/agent-api/pact/line.h"

struct witness {
    struct line *line;        /* borrowed, as all of it */
    const struct key *signer; /* a pair */
    struct span chain;        /* in which the machine certified it; empty: it has none */
};

/* Names the key, has evidence made and signs. A machine that cannot prove anything signs all the
 * same: without evidence_sha256, which no verifier accepts. Errors: what signing says. */
MUST_USE int witness_sign(const struct witness *witness, struct receipt *receipt,
                          struct buf *evidence, struct err *err);

#endif
