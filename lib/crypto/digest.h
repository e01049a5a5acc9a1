/* Digests, in one go or in pieces. */
#ifndef COCOS_CRYPTO_DIGEST_H
#define COCOS_CRYPTO_DIGEST_H

#include "lib/base/err.h"
#include "lib/base/span.h"

enum digest_alg {
    DIGEST_SHA1,
    DIGEST_SHA256,
    DIGEST_SHA384,
    DIGEST_SHA512,
    DIGEST_SHA3_256,
    DIGEST_SHA3_384,
    DIGEST_SHA3_512,
    DIGEST_ALG_COUNT
};

#define DIGEST_SIZE_MAX 64
#define SHA256_SIZE     32
#define SHA384_SIZE     48
#define SHA512_SIZE     64

size_t digest_size(enum digest_alg alg);
const char *digest_name(enum digest_alg alg); /* "sha256", "sha3-256", ... */

/* Digest of bytes into out, which holds digest_size(alg). */
void digest_of(enum digest_alg alg, struct span bytes, uint8_t *out);

/* In pieces. A digest may be updated by one thread at a time. */
struct digest;
struct digest *digest_new(enum digest_alg alg);
void digest_free(struct digest *digest);
DEFINE_OWNED(digest)
#define OWNED_DIGEST OWNED_OF(digest)
void digest_add(struct digest *digest, struct span bytes);
/* Writes the digest and starts afresh. */
void digest_finish(struct digest *digest, uint8_t *out);

/* HMAC (RFC 2104) with SHA-256, SHA-384 or SHA-512. */
void hmac_of(enum digest_alg alg, struct span key, struct span bytes, uint8_t *out);

#endif
