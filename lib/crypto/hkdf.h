/* HKDF (RFC 5869): keys from a secret, each for its own purpose. */
#ifndef COCOS_CRYPTO_HKDF_H
#define COCOS_CRYPTO_HKDF_H

#include "lib/crypto/digest.h"

struct hkdf {
    enum digest_alg alg; /* SHA-256, SHA-384 or SHA-512 */
    struct span secret;  /* the input keying material */
    struct span salt;
    struct span info; /* at most HKDF_INFO_MAX bytes */
};

#define HKDF_INFO_MAX 256
#define HKDF_OUT_MAX  1024

/* Extracts and expands into len bytes, at most HKDF_OUT_MAX; aborts beyond the ceilings, which only
 * a mistake of the caller can meet. */
void hkdf_derive(const struct hkdf *in, uint8_t *out, size_t len);

/* The second half alone: expands a key that was extracted, of the digest's size. */
void hkdf_expand(enum digest_alg alg, struct span key, struct span info, uint8_t *out, size_t len);

#endif
