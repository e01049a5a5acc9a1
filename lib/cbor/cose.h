/* COSE_Sign1 (RFC 9052, section 4.2): one signature over one payload.
 *
 * Reading and verifying are apart, so that a reader can look at the key identifier or a certificate
 * in the headers before he has a key; what he read counts after cose_sign1_verify() only. The
 * algorithm follows from the key, and the message must say the same in its protected header:
 * an algorithm that the message chose by itself is never used. Headers that are marked as critical
 * and are not understood refuse.
 *
 * Algorithms: ES256 (P-256), ES384 (P-384), EdDSA (Ed25519), PS256, PS384, PS512 (RSA). */
#ifndef COCOS_CBOR_COSE_H
#define COCOS_CBOR_COSE_H

#include "lib/cbor/cbor.h"
#include "lib/cbor/write.h"
#include "lib/crypto/key.h"

#define COSE_TAG_SIGN1 18

enum cose_alg {
    COSE_ES256 = -7,
    COSE_EDDSA = -8,
    COSE_ES384 = -35,
    COSE_PS256 = -37,
    COSE_PS384 = -38,
    COSE_PS512 = -39,
};

/* Labels of headers (RFC 9052, section 3.1; RFC 9360). */
enum cose_header {
    COSE_ALG = 1,
    COSE_CRIT = 2,
    COSE_CONTENT_TYPE = 3,
    COSE_KID = 4,
    COSE_X5CHAIN = 33,
};

struct cose_sign1 {
    struct span protected_bytes; /* borrowed, as is all the rest; empty for an empty map */
    struct cbor protected_map;   /* CBOR_NONE when empty */
    struct cbor unprotected_map;
    bool detached; /* the payload is elsewhere */
    struct span payload;
    struct span signature;
};

/* Takes a COSE_Sign1, with its tag or without. Errors: INPUT: malformed, a label in both headers,
 * or a critical header that is not there, not protected, or not understood here (other than those
 * of enum cose_header). */
MUST_USE int cose_sign1_parse(struct span in, struct cose_sign1 *ret, struct err *err);

/* A header by its label, the protected one first; CBOR_NONE when there is none. Headers that are
 * not protected are hints. */
struct cbor cose_sign1_header(const struct cose_sign1 *message, int64_t label);

/* What belongs to a message and is not in it. */
struct cose_context {
    struct span external_aad;
    struct span detached_payload;
    bool alg_unprotected; /* accept a message whose algorithm is only in the open header */
};

/* 0 when the key signed the message. context may be NULL. Errors: UNTRUSTED. */
MUST_USE int cose_sign1_verify(const struct cose_sign1 *message, const struct key *key,
                               const struct cose_context *context, struct err *err);

struct cose_content {
    struct cbor_map *protected_map;   /* headers to protect; the algorithm is added. May be NULL */
    struct cbor_map *unprotected_map; /* may be NULL */
    struct span payload;
    bool detach; /* signs the payload and leaves it out */
    struct span external_aad;
};

/* Signs and appends the tagged message, in deterministic form: ES256, ES384, EdDSA or PS512 by the
 * key. Errors: INPUT (no private half), TOO_LARGE, INTERNAL. */
MUST_USE int cose_sign1_sign(const struct key *key, const struct cose_content *content,
                             struct buf *out, struct err *err);

#endif
