/* For lib/crypto only: OpenSSL's handles of public keys on the NIST curves.
 *
 * OpenSSL sets a curve up anew for every key, which takes longer than anything else about the key.
 * Here each curve is set up once, when it is first asked for, and then never changes: the one thing
 * that this library keeps, and nothing that anybody can see but by the time it saves. */
#ifndef COCOS_CRYPTO_CURVE_H
#define COCOS_CRYPTO_CURVE_H

#include "lib/crypto/openssl.h"

/* A fresh handle of a point on KEY_P256 or KEY_P384. NULL when it is not uncompressed (SEC 1,
 * 2.3.3), not on the curve, or a coordinate is not below the field's prime, and for other types;
 * why is in OpenSSL's queue, at most. Threads: any. */
EVP_PKEY *curve_key(enum key_type curve, struct span point);

#endif
