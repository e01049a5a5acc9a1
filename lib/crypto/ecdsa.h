/* ECDSA over r and s as evidence has them: two numbers, not a DER sequence.
 *
 * A signature with r or s zero, or not below the order of the curve, is refused before any
 * arithmetic sees it. s in the upper half is valid: a signature is no identifier, since anybody can
 * make a second one of it. */
#ifndef COCOS_CRYPTO_ECDSA_H
#define COCOS_CRYPTO_ECDSA_H

#include "lib/crypto/key.h"

/* Verifies message with a P-256 key and SHA-256, or a P-384 key and SHA-384. r, s: big-endian,
 * exactly as long as the curve's order. Errors: UNTRUSTED (range, signature), INPUT (another kind
 * of key, length). */
MUST_USE int ecdsa_verify(const struct key *key, struct span message, struct span r, struct span s,
                          struct err *err);

#endif
