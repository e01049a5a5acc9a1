/* Key pairs that are computed from a secret rather than drawn, so that the same secret gives the
 * same pair again. The secret is as good as the private key; the caller wipes it. */
#ifndef COCOS_CRYPTO_KEY_SEED_H
#define COCOS_CRYPTO_KEY_SEED_H

#include "lib/crypto/key.h"

#define KEY_ED25519_SEED_SIZE 32

/* The Ed25519 pair of a seed (RFC 8032, 5.1.5). Errors: INTERNAL. */
MUST_USE int key_from_ed25519_seed(const uint8_t seed[static KEY_ED25519_SEED_SIZE],
                                   struct key **ret, struct err *err);

/* The pair on P-256 or P-384 whose private half is this big-endian number, as long as the curve's.
 * Errors: INPUT when it is zero, not below the curve's order, or of another length. */
MUST_USE int key_from_scalar(enum key_type curve, struct span scalar, struct key **ret,
                             struct err *err);

#endif
