/* COSE_Key (RFC 9052, section 7): a public key as a CBOR map. */
#ifndef COCOS_CBOR_COSE_KEY_H
#define COCOS_CBOR_COSE_KEY_H

#include "lib/cbor/cbor.h"
#include "lib/crypto/key.h"

/* Takes a map with an Ed25519, P-256 (uncompressed), P-384 or RSA key; other members of it (use,
 * identifier) are passed over, a private half is refused. Errors: INPUT. */
MUST_USE int cose_key_read(struct cbor map, struct key **ret, struct err *err);

/* Appends the public half as a map in deterministic form. Errors: TOO_LARGE, INPUT (RSA, which we
 * do not write). */
MUST_USE int cose_key_write(const struct key *key, struct buf *out, struct err *err);

#endif
