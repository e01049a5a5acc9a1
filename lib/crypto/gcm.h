/* AES-GCM (NIST SP 800-38D) with nonces of 96 bits and tags of 128, message by message. Whoever
 * uses it sees to it that no nonce comes twice under one key. */
#ifndef COCOS_CRYPTO_GCM_H
#define COCOS_CRYPTO_GCM_H

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/span.h"

#define GCM_NONCE_SIZE 12
#define GCM_TAG_SIZE   16

struct gcm;

/* key: 16 or 32 bytes, which need not be kept; one direction. Aborts on another length. */
struct gcm *gcm_new(struct span key, bool seals);
void gcm_free(struct gcm *gcm);
DEFINE_OWNED(gcm)
#define OWNED_GCM OWNED_OF(gcm)

struct gcm_message {
    const uint8_t *nonce; /* GCM_NONCE_SIZE bytes */
    struct span aad;
    struct span text; /* what is sealed: the plain one; what is opened: with its tag */
};

/* Writes text.len + GCM_TAG_SIZE bytes. */
void gcm_seal(struct gcm *gcm, const struct gcm_message *message, uint8_t *out);

/* Writes text.len - GCM_TAG_SIZE bytes, which are wiped when they do not hold. Errors: UNTRUSTED.
 */
MUST_USE int gcm_open(struct gcm *gcm, const struct gcm_message *message, uint8_t *out,
                      struct err *err);

#endif
