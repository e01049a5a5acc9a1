/* The range of an ECDSA signature's two numbers, looked at before any arithmetic sees them.
 *
 * A verifier that skips this accepts r = s = 0 for every message (CVE-2022-21449). s in the upper
 * half of the range is valid: a signature is no identifier, since anybody can make a second one of
 * it. */
#ifndef COCOS_CRYPTO_ECDSA_H
#define COCOS_CRYPTO_ECDSA_H

#include "lib/crypto/key.h"

/* UNTRUSTED unless both halves of signature, r ‖ s in big-endian, are above zero and below the
 * order of the curve, KEY_P256 or KEY_P384, and exactly as long as it. */
MUST_USE int ecdsa_check_range(enum key_type curve, struct span signature, struct err *err);

#define ECDSA_SIGNATURE_MAX 96 /* of r ‖ s */

/* A signature as X.509 and most programs have it, SEQUENCE { r INTEGER, s INTEGER } in DER, as
 * r ‖ s; *ret_len is how long that is for the curve. UNTRUSTED when it is anything else. */
MUST_USE int ecdsa_from_der(enum key_type curve, struct span der,
                            uint8_t out[static ECDSA_SIGNATURE_MAX], size_t *ret_len,
                            struct err *err);

#endif
