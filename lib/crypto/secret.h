/* Secrets: bytes that are wiped when they go out of scope and compared in constant time. A secret
 * never enters an error text or a log. */
#ifndef COCOS_CRYPTO_SECRET_H
#define COCOS_CRYPTO_SECRET_H

#include "lib/base/err.h"
#include "lib/base/span.h"

struct secret {
    uint8_t *data;
    size_t len;
};

/* Owned bytes of the given length, zeroed. */
struct secret secret_new(size_t len);
void secret_done(struct secret *secret);
#define OWNED_SECRET __attribute__((cleanup(secret_done))) struct secret

/* True when both have the same length and bytes; the time depends on the length only. */
bool secret_equal(struct span a, struct span b);

/* Fills with bytes from the system's generator; aborts when it fails, since nothing can be safe
 * then. */
void random_bytes(void *out, size_t len);

/* A random UUID (version 4) in its text form. */
#define UUID_TEXT_SIZE 37
void random_uuid(char out[static UUID_TEXT_SIZE]);

#endif
