/* What signed tokens have in common, JWT or CWT: who signed, when, for whom, in answer to what; and
 * the platform's evidence that may be in them. Private to lib/attest. */
#ifndef COCOS_ATTEST_TOKEN_CASE_H
#define COCOS_ATTEST_TOKEN_CASE_H

#include "lib/attest/case.h"
#include "lib/cbor/cose.h"

/* Read from the claims by whoever knows their encoding. */
struct token_facts {
    bool has_expires, has_not_before, has_issued;
    int64_t expires, not_before, issued; /* seconds since 1970 */
    struct span issuer;                  /* text */
    bool has_audience, audience_matches;
    bool has_nonce, nonce_matches; /* compared with the caller's, where he gave one */
    bool has_debug;
    int64_t debug; /* of enum token_debug; anything else is not known */
};

/* The claim dbgstat: whether the device can be looked into. */
enum token_debug {
    TOKEN_DEBUG_ENABLED,
    TOKEN_DEBUG_DISABLED, /* now, but perhaps not since its boot */
    TOKEN_DEBUG_DISABLED_SINCE_BOOT,
    TOKEN_DEBUG_DISABLED_PERMANENTLY,
    TOKEN_DEBUG_DISABLED_FULLY,
    TOKEN_DEBUG_COUNT
};
extern const char *const token_debug_names[TOKEN_DEBUG_COUNT]; /* as JSON has them */

/* Times, issuer, audience, debugging and challenge. Adds findings; notes freshness. */
void token_case_judge(struct attest_case *c, const struct token_facts *facts);

/* The caller's key verifies the token, or may. False, with a finding, when there is none. */
bool token_case_has_key(struct attest_case *c);

/* Whether key signed the message; a finding either way. whose: "the realm's token", before the
 * reason of a failure; NULL where there is one token only. */
bool token_case_verify(struct attest_case *c, const struct cose_sign1 *message,
                       const struct key *key, const char *whose);
/* The same for the key that the caller gave; that he gave none is a finding. */
bool token_case_verify_given(struct attest_case *c, const struct cose_sign1 *message,
                             const char *whose);

/* The evidence in a token of the agents of CocosAI's first generation: by the name of the platform,
 * bytes in the form of that platform's library. It stands by itself: their tokens are signed with a
 * key that nobody publishes. */
void token_case_check_raw(struct attest_case *c, struct span platform, struct span raw);

#endif
