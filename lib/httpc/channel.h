/* The attested channel: a connection on which the other end has proven what it is, before a byte of
 * ours that matters goes out.
 *
 * httpc_attest() asks for evidence with a fresh nonce and verifies it against the terms. The
 * evidence is bound to the connection by the secret that both ends of it export from TLS, so a
 * relay in between has nothing to show. From then on every request of the client is held back,
 * before its first byte, unless it would go out on that very connection; when the connection was
 * closed, the new one is attested by the same terms first, and nothing is sent when that does not
 * hold.
 *
 * A TPM whose maker is to vouch for it (the policy names roots for endorsement keys) is asked a
 * second time: it has to open a secret that only it can read (endorsement/credential.h). */
#ifndef COCOS_HTTPC_CHANNEL_H
#define COCOS_HTTPC_CHANNEL_H

#include "lib/attest/attest.h"
#include "lib/attest/evidence/transcript.h"
#include "lib/httpc/httpc.h"

/* What makes the other end good. Borrowed by the client until it is freed, or asked to attest by
 * others. */
struct httpc_terms {
    /* Policy, and who vouches: chain, crls, trust_roots, collateral. A nonce of 32 bytes, for who
     * keeps the evidence; a fresh one where there is none. The rest is filled in here. */
    struct attest_input given;
    const char *const *types; /* kinds of evidence to ask for; NULL: all there are */
};

struct httpc_attested {
    struct verdict verdict;
    struct buf bundle;            /* the evidence, as it came */
    struct transcript transcript; /* what it is about; nothing unless has_transcript */
    bool has_transcript;
};

void httpc_attested_done(struct httpc_attested *attested);
#define OWNED_HTTPC_ATTESTED __attribute__((cleanup(httpc_attested_done))) struct httpc_attested

/* Asks and judges. 0 when there is a verdict, whatever it says: the client is bound to the
 * connection only when it accepts (verdict_accepted()). Errors: what httpc_perform() says, INPUT
 * (what came cannot be judged at all). */
MUST_USE int httpc_attest(struct httpc *client, const struct httpc_terms *terms,
                          struct httpc_attested *ret, struct err *err);

/* The body of such a question, for who asks without a channel; types as in the terms. */
struct json *httpc_question(struct span nonce, const char *const *types);

#endif
