/* JSON Web Signatures in compact form (RFC 7515), as tokens use them, by the rules of RFC 8725.
 *
 * What a message says about its key or algorithm is a claim of whoever sent it. So: the algorithm
 * is one of a table, all of them with public keys; it must be the one that goes with the key that
 * the caller has; keys in the header are refused or, where tokens carry them habitually, never
 * looked at; extensions that change the meaning (crit, b64, zip, enc) are refused. Members twice,
 * NULs, and base64url with padding or stray bits do not parse. */
#ifndef COCOS_ATTEST_EVIDENCE_JWS_H
#define COCOS_ATTEST_EVIDENCE_JWS_H

#include "lib/crypto/key.h"
#include "lib/json/json.h"

#define JWS_SIZE_MAX (1 * MIB)

enum jws_alg {
    JWS_RS256,
    JWS_RS384,
    JWS_RS512,
    JWS_PS256,
    JWS_PS384,
    JWS_PS512,
    JWS_ES256,
    JWS_ES384,
    JWS_EDDSA,
    JWS_ALG_COUNT
};

extern const char *const jws_alg_names[JWS_ALG_COUNT + 1]; /* NULL-terminated */

struct jws {
    struct json *header; /* owned, as are payload and signature */
    enum jws_alg alg;
    bool names_source; /* the header says where to fetch a key; nobody does */
    struct buf payload, signature;
    struct span covered; /* what the signature is over; borrowed */
};

void jws_done(struct jws *jws);
#define OWNED_JWS __attribute__((cleanup(jws_done))) struct jws

/* Takes a message; one line break after its end, as files have it, is passed over. Errors: INPUT,
 * MALFORMED. */
MUST_USE int jws_parse(struct span in, struct jws *ret, struct err *err);

/* True when the bytes look like one. */
bool jws_detect(struct span in);

/* The one algorithm that goes with a key, unless its owner says otherwise: RS256 for RSA. */
enum jws_alg jws_alg_of(const struct key *key);

/* True when the algorithm is one for keys of this kind. */
bool jws_alg_fits(enum jws_alg alg, const struct key *key);

/* 0 when the key signed the message with this algorithm. Errors: UNTRUSTED. */
MUST_USE int jws_verify(const struct jws *jws, const struct key *key, enum jws_alg alg,
                        struct err *err);

/* Signs a JSON document as ES256, ES384 or EdDSA, by the key; appended to out. type: of the header
 * ("JWT"). Errors: INPUT (an RSA key, or no private half), TOO_LARGE. */
MUST_USE int jws_sign(const struct json *payload, const char *type, const struct key *key,
                      struct buf *out, struct err *err);

#endif
