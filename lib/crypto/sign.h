/* Signatures, named as RFC 9421 names them. */
#ifndef COCOS_CRYPTO_SIGN_H
#define COCOS_CRYPTO_SIGN_H

#include "lib/crypto/key.h"

enum sign_alg {
    SIGN_RSA_PSS_SHA512,    /* salt of 64 bytes */
    SIGN_ECDSA_P256_SHA256, /* r ‖ s, 64 bytes */
    SIGN_ECDSA_P384_SHA384, /* r ‖ s, 96 bytes */
    SIGN_ED25519,
    SIGN_ALG_COUNT
};

extern const char *const sign_alg_names[]; /* "rsa-pss-sha512" ..., NULL-terminated */

/* The one algorithm that goes with a key. */
enum sign_alg sign_alg_of(const struct key *key);

/* Signs message; the signature is appended to out. */
MUST_USE int sign_message(const struct key *key, struct span message, struct buf *out,
                          struct err *err);

/* 0 when the signature is the key's over message, ERR_UNTRUSTED otherwise. */
MUST_USE int sign_verify(const struct key *key, struct span message, struct span signature,
                         struct err *err);

#endif
