/* HTTP message signatures (RFC 9421) in the one profile that this system uses, and Content-Digest
 * (RFC 9530) that goes with it.
 *
 * Covered, in this order: "@method" "@path" "@query" "content-digest" (whenever there is a body)
 * "cocos-computation" "cocos-channel"; parameters created, expires, nonce, keyid, alg, tag="cocos".
 * The Signature-Input and Signature fields carry one signature labelled "cocos"; anything else is
 * refused.
 *
 * cocos-computation is the manifest's SHA-256 in hex, cocos-channel the RFC 9266 exporter of the
 * connection in hex, so that a signature is worth nothing in another computation, on another
 * connection, a second time, or after five minutes. */
#ifndef COCOS_HTTP_SIGNATURE_H
#define COCOS_HTTP_SIGNATURE_H

#include "lib/crypto/key.h"
#include "lib/crypto/sign.h"

#define SIGNATURE_LIFETIME_MAX_S 300
#define SIGNATURE_SKEW_S         60
#define SIGNATURE_NONCE_MAX      64
#define SIGNATURE_HEADER_MAX     4096

/* The parts of a request that a signature covers. Strings are borrowed; NULL means absent. */
struct signature_message {
    const char *method;         /* "PUT" */
    const char *path;           /* as in the request line */
    const char *query;          /* without '?', "" or NULL when there is none */
    const char *content_digest; /* the header's value */
    const char *computation;    /* Cocos-Computation */
    const char *channel;        /* Cocos-Channel */
};

struct signature_params {
    int64_t created;
    int64_t expires;
    char nonce[SIGNATURE_NONCE_MAX + 1];
    char key_id[KEY_IDENTITY_TEXT_SIZE];
    enum sign_alg alg;
};

/* Signs; the two header values are appended to input and signature. created, expires and a fresh
 * nonce are taken from params; key_id and alg are the key's. Errors: INPUT (a part is missing). */
MUST_USE int signature_make(const struct signature_message *message, const struct key *key,
                            const struct signature_params *params, struct buf *input,
                            struct buf *signature, struct err *err);

/* What came with a request; the header values are NULL when they did not come. */
struct signature_fields {
    const char *input;     /* Signature-Input */
    const char *signature; /* Signature */
    bool has_body;         /* the request announces one */
};

/* Reads and checks the form of the two header values: label, covered components (all that must be
 * there, in any order, content-digest exactly when there is a body), parameters, times against now.
 * The signature's bytes are appended to signature_bytes. Errors: UNAUTHENTICATED with the reason.
 */
MUST_USE int signature_parse(const struct signature_fields *fields, int64_t now,
                             struct signature_params *ret, struct buf *signature_bytes,
                             struct err *err);

/* Verifies what signature_parse() read, with the key that key_id names. Errors: UNAUTHENTICATED. */
MUST_USE int signature_verify(const struct signature_message *message, const char *input,
                              struct span signature_bytes, const struct key *key, struct err *err);

/* "sha-256=:BASE64:" and back; the reader wants exactly one sha-256 member and ignores others.
 * Errors: MALFORMED. */
void content_digest_write(const uint8_t sha256[static SHA256_SIZE], struct buf *out);
MUST_USE int content_digest_read(const char *value, uint8_t out[static SHA256_SIZE],
                                 struct err *err);

/* Nonces seen lately: a set with expiry. It holds at most NONCE_SET_MAX of them, and of each key at
 * most NONCE_KEY_MAX, so that it takes many keys to leave no room for others. Not thread-safe by
 * itself. */
#define NONCE_SET_MAX  65536
#define NONCE_KEY_MAX  4096
#define NONCE_KEYS_MAX 1024
struct nonce_set;
struct nonce_set *nonce_set_new(void);
void nonce_set_free(struct nonce_set *set);
DEFINE_OWNED(nonce_set)
/* 0 when (key_id, nonce) is new, and remembers it until expires + skew; UNAUTHENTICATED when it was
 * seen, or could have been while the clock went astray; TOO_MANY when there are as many of this
 * key, or of all, that have not expired. key_id: as signature_parse() reads it. */
MUST_USE int nonce_set_add(struct nonce_set *set, const char *key_id, const char *nonce,
                           int64_t expires, int64_t now, struct err *err);

#endif
