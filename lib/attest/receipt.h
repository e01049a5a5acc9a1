/* The receipt of a computation: what ran over what, with which outcome, signed by the agent's key.
 *
 * It is a COSE_Sign1 whose payload is the receipt as JSON in its RFC 8785 form, of content type
 * RECEIPT_TYPE; and for people and scripts the same JSON with one more member, `cose`, that holds
 * the signed one in base64. Whoever reads a rendering compares it with what was signed, so a
 * rendering that says something else is refused.
 *
 * The key that signed is in the receipt. What it is worth is decided by receipt_judge.h, from
 * evidence of the platform; evidence_sha256 is the SHA-256 of that bundle.
 *
 * One table of fields reads and writes it. Pure; the agent signs, parties verify. */
#ifndef COCOS_ATTEST_RECEIPT_H
#define COCOS_ATTEST_RECEIPT_H

#include "lib/crypto/key.h"
#include "lib/json/table.h"

#define RECEIPT_TYPE     "application/vnd.cocos.receipt+json"
#define RECEIPT_TEXT_MAX (4 * MIB)
#define RECEIPT_ARGS_MAX 256
#define RECEIPT_DATA_MAX 1024

struct receipt_algorithm {
    char *type; /* "python" */
    struct json_bytes sha3_256;
    struct json_strings args;
};

struct receipt_dataset {
    char *filename;
    struct json_bytes sha3_256;
};

/* What ran the algorithm: an interpreter, or the kernel alone ("native"). */
struct receipt_runtime {
    char *name, *version;
    struct json_bytes digest; /* SHA-256 of it; may be absent */
};

struct receipt_sandbox {
    char *profile; /* which set of rules confined it */
    bool cgroup;   /* its memory and time were bounded */
};

struct receipt_result {
    struct json_bytes sha256;        /* of the archive; absent when there is none */
    struct json_bytes sealed_sha256; /* as it was given out, where it was sealed */
    uint64_t bytes;
};

struct receipt_exit {
    char *kind; /* "done", or the kind of failure */
    uint32_t code;
};

struct receipt_keys {
    struct json_blob key;  /* SPKI of the key that signs */
    struct json_blob dice; /* the chain that ends in it, where the platform has one */
};

struct receipt {
    uint32_t version;
    struct json_bytes manifest_sha256;
    struct receipt_algorithm algorithm;
    struct json_bytes requirements; /* SHA3-256; may be absent */
    struct json_list datasets;      /* of struct receipt_dataset */
    struct receipt_runtime runtime;
    struct receipt_sandbox sandbox;
    struct json_bytes egress_log_sha256; /* absent where the network was closed */
    struct receipt_result result;
    struct receipt_exit exit;
    int64_t started_at, ended_at; /* seconds since 1970 */
    struct json_bytes evidence_sha256;
    struct receipt_keys key_chain;
    struct json_blob cose; /* the signed one; filled by receipt_sign() and receipt_parse() */
};

void receipt_done(struct receipt *receipt);
#define OWNED_RECEIPT __attribute__((cleanup(receipt_done))) struct receipt

/* Signs what the receipt says: sets key_chain.key to the signer's and cose to the message. version
 * becomes 1. Errors: INPUT (no private half, something that cannot be said), TOO_LARGE. */
MUST_USE int receipt_sign(struct receipt *receipt, const struct key *signer, struct err *err);

/* The rendering of a signed receipt, appended to out. Errors: TOO_LARGE. */
MUST_USE int receipt_write(const struct receipt *receipt, struct buf *out, struct err *err);

/* Takes a rendering, or the signed receipt alone. What it says is what was signed; who signed is
 * receipt_verify()'s question. Errors: INPUT, MALFORMED; UNTRUSTED when the rendering differs. */
MUST_USE int receipt_parse(struct span in, struct receipt *ret, struct err *err);

/* 0 when the key in the receipt signed it, and is the given one; expected: NULL when the caller
 * compares the key by other means. Errors: UNTRUSTED. */
MUST_USE int receipt_verify(const struct receipt *receipt, const struct key *expected,
                            struct err *err);

/* What it says as a fresh tree, without the signed one. */
struct json *receipt_claims(const struct receipt *receipt);

/* The key in the receipt; a fresh one. Errors: INPUT. */
MUST_USE int receipt_key(const struct receipt *receipt, struct key **ret, struct err *err);

#endif
