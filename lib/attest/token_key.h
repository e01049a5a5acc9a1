/* The key that a caller trusts for whoever signed: a public key or a certificate, PEM or DER, or a
 * JWK. For tokens, chains and receipts. Private to lib/attest. */
#ifndef COCOS_ATTEST_TOKEN_KEY_H
#define COCOS_ATTEST_TOKEN_KEY_H

#include "lib/attest/evidence/jwk.h"

/* Errors: INPUT. */
MUST_USE int token_key_load(struct span bytes, struct key **ret, struct err *err);

/* The same, with the algorithm that goes with it in a JWS. */
MUST_USE int token_key_load_jws(struct span bytes, struct key **ret, enum jws_alg *ret_alg,
                                struct err *err);

#endif
