/* JSON Web Keys (RFC 7517): a public key as JSON, which may say the one algorithm it is for. */
#ifndef COCOS_ATTEST_EVIDENCE_JWK_H
#define COCOS_ATTEST_EVIDENCE_JWK_H

#include "lib/attest/evidence/jws.h"

/* Takes an RSA, P-256, P-384 or Ed25519 key; ret_alg: what it says, or what goes with it. A private
 * half is refused, and so are symmetric keys. Certificates beside the key are not looked at.
 * Errors: INPUT, MALFORMED. */
MUST_USE int jwk_parse(struct span text, struct key **ret, enum jws_alg *ret_alg, struct err *err);

#endif
