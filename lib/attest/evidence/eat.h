/* Entity attestation tokens (RFC 9711) as CBOR web tokens: a map of claims in COSE_Sign1.
 *
 * Three dialects matter here: any token (claims by number), those of CocosAI's first agents (a
 * platform's evidence under "raw_report"), and our own, which is a bundle in CBOR: the same
 * transcript, items, logs and endorsement, signed by the key that the transcript names as the
 * server's. It is recognised by its profile. Form only. */
#ifndef COCOS_ATTEST_EVIDENCE_EAT_H
#define COCOS_ATTEST_EVIDENCE_EAT_H

#include "lib/attest/evidence/bundle.h"
#include "lib/cbor/cose.h"

#define EAT_PROFILE  "urn:cocos:eat:1"
#define EAT_SIZE_MAX (16 * MIB)

/* Claims: RFC 8392, RFC 8747, RFC 9711. */
enum eat_claim {
    EAT_ISS = 1,
    EAT_SUB = 2,
    EAT_AUD = 3,
    EAT_EXP = 4,
    EAT_NBF = 5,
    EAT_IAT = 6,
    EAT_CNF = 8,
    EAT_NONCE = 10,
    EAT_UEID = 256,
    EAT_DBGSTAT = 263,
    EAT_PROFILE_CLAIM = 265,
    EAT_SUBMODS = 266,
};

struct eat {
    struct cose_sign1 message; /* borrowed from the input, as is all of it */
    struct cbor claims;        /* a map */
};

/* Takes a token: COSE_Sign1 with its tag or without, in the tag of a CWT or without. Errors:
 * INPUT. */
MUST_USE int eat_parse(struct span in, struct eat *ret, struct err *err);

bool eat_detect(struct span in);

/* True for a token of our own profile. */
bool eat_is_ours(const struct eat *eat);

/* Our own: the bundle in it, and the key that it says it was signed with (a fresh one). Errors:
 * INPUT. */
MUST_USE int eat_read_bundle(const struct eat *eat, struct bundle *ret, struct err *err);
MUST_USE int eat_read_key(const struct eat *eat, struct key **ret, struct err *err);

/* Signs a bundle as a token of our profile with the server's pair; issued: seconds since 1970, 0
 * when the agent does not know. Appended to out. Errors: INPUT, TOO_LARGE. */
MUST_USE int eat_write(const struct bundle *bundle, const struct key *key, int64_t issued,
                       struct buf *out, struct err *err);

/* The claims as JSON, for a verdict: bytes in hex, long ones and long lists cut. A fresh object. */
struct json *eat_claims(const struct eat *eat);

#endif
