/* For lib/crypto only: OpenSSL takes any 32 bytes for an Ed25519 public key. Some of them are no
 * point, and for a few points of small order anybody can make signatures that verify. */
#ifndef COCOS_CRYPTO_ED25519_POINT_H
#define COCOS_CRYPTO_ED25519_POINT_H

#include <stdbool.h>
#include <stdint.h>

#define ED25519_POINT_SIZE 32

/* True when the bytes are the one encoding (RFC 8032, section 5.1.3) of a point on the curve whose
 * order is not 1, 2, 4 or 8. */
bool ed25519_point_is_sound(const uint8_t point[static ED25519_POINT_SIZE]);

#endif
