/* The key that a caller trusts for whoever signed: a public key or a certificate, PEM or DER. For
 * tokens, chains and receipts. Private to lib/attest. */
#ifndef COCOS_ATTEST_TOKEN_KEY_H
#define COCOS_ATTEST_TOKEN_KEY_H

#include "lib/crypto/key.h"

/* Errors: INPUT. */
MUST_USE int token_key_load(struct span bytes, struct key **ret, struct err *err);

#endif
