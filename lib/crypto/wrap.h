/* Encryption as TPMs want it from outside: a seed for their endorsement key, and what the seed
 * protects. Not for our own data: it authenticates nothing. */
#ifndef COCOS_CRYPTO_WRAP_H
#define COCOS_CRYPTO_WRAP_H

#include "lib/crypto/key.h"

#define WRAP_AES_KEY_SIZE 16

/* RSAES-OAEP with SHA-256 for both hashes; appended. label: its bytes, the NUL that TPMs count
 * among them included. Errors: INPUT (no RSA key, or plain is too long for it). */
MUST_USE int wrap_rsa_oaep(const struct key *key, struct span label, struct span plain,
                           struct buf *out, struct err *err);

/* AES-128 in CFB mode with an IV of zeros: the key is for this one message. Appended. */
void wrap_aes_cfb(const uint8_t key[static WRAP_AES_KEY_SIZE], struct span plain, struct buf *out);

#endif
