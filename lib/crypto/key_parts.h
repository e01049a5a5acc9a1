/* Public keys that come as numbers: the modulus and exponent, or the coordinates, that a TPM, a
 * quote, a JWK or a COSE key holds. They pass the same checks as keys in any other form. */
#ifndef COCOS_CRYPTO_KEY_PARTS_H
#define COCOS_CRYPTO_KEY_PARTS_H

#include "lib/crypto/key.h"

/* All numbers are big-endian and may have leading zeros or lack them. Errors: INPUT (a size or type
 * that key.h does not allow, a point that is not on its curve). */
MUST_USE int key_from_rsa(struct span modulus, struct span exponent, struct key **ret,
                          struct err *err);
MUST_USE int key_from_point(enum key_type curve, struct span x, struct span y, struct key **ret,
                            struct err *err);

/* The 32 bytes of RFC 8032. */
MUST_USE int key_from_ed25519(struct span point, struct key **ret, struct err *err);

#endif
