/* Attestation results for others: a verdict as an EAR (draft-ietf-rats-ear) in a signed JWT, with
 * the claims of AR4SI (draft-ietf-rats-ar4si) about each kind of evidence.
 *
 * A result carries less than a verdict, and it is worth as much as its key is known. It is written
 * for programs that speak that language; ours judge evidence themselves. Pure. */
#ifndef COCOS_ATTEST_EAR_H
#define COCOS_ATTEST_EAR_H

#include "lib/attest/attest.h"
#include "lib/crypto/key.h"

#define EAR_PROFILE   "tag:github.com,2023:veraison/ear"
#define EAR_DEVELOPER "cocos"

/* Status, with the number of its tier (AR4SI, 2.3). */
enum ear_status {
    EAR_NONE = 0,
    EAR_AFFIRMING = 2,
    EAR_WARNING = 32,
    EAR_CONTRAINDICATED = 96,
};

/* "affirming"; "none" for what is no status. */
const char *ear_status_name(enum ear_status status);

struct ear_context {
    const char *build;  /* which verifier this is: a version */
    int64_t now;        /* when it judged, seconds since 1970 */
    struct span nonce;  /* the challenge that was answered; empty for none */
    struct span policy; /* the text of the policy, which is named by its digest; empty for none */
};

/* Signs the verdict with a P-256 or P-384 pair; the token is appended to out. Rejected evidence
 * makes a result too, which says so. Errors: INPUT (another key), TOO_LARGE. */
MUST_USE int ear_write(const struct verdict *verdict, const struct ear_context *context,
                       const struct key *key, struct buf *out, struct err *err);

struct ear {
    enum ear_status status; /* the worst of all submodules; EAR_NONE when there is none */
    int64_t issued;
    struct json *claims; /* all of it; owned */
};

void ear_done(struct ear *ear);
#define OWNED_EAR __attribute__((cleanup(ear_done))) struct ear

/* Takes a result that key signed. The caller judges its age, nonce and submodules. Errors: INPUT,
 * MALFORMED; UNTRUSTED when the key did not sign it. */
MUST_USE int ear_read(struct span token, const struct key *key, struct ear *ret, struct err *err);

#endif
