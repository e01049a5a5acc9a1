/* Checks signatures that others make, in the schemes that they choose: TPMs, quoting enclaves, COSE
 * and JOSE tokens. What we sign ourselves is in sign.h, with one scheme for each key.
 *
 * The caller says which scheme and hash it expects; nothing here is taken from the message. SHA-1
 * is refused. */
#ifndef COCOS_CRYPTO_VERIFY_H
#define COCOS_CRYPTO_VERIFY_H

#include "lib/crypto/key.h"

enum verify_scheme {
    VERIFY_RSA_PKCS1,    /* RSASSA-PKCS1-v1_5 */
    VERIFY_RSA_PSS,      /* MGF1 with the same hash, salt as long as the hash */
    VERIFY_RSA_PSS_SALT, /* the same with a salt of any length, as TPMs make them */
    VERIFY_ECDSA,        /* r ‖ s, each as long as the curve's numbers */
    VERIFY_ED25519,      /* has its own hash */
    VERIFY_SCHEME_COUNT
};

/* 0 when the signature is the key's over message. Errors: UNTRUSTED, also for a key that does not
 * go with the scheme, for SHA-1, and for r or s that are zero or not below the order of the curve.
 */
MUST_USE int verify_signature(const struct key *key, enum verify_scheme scheme,
                              enum digest_alg digest, struct span message, struct span signature,
                              struct err *err);

#endif
