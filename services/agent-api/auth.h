/* Who asks, and whether the manifest lets him.
 *
 * A caller is a key. He shows it by the client certificate of the connection, or by a signature
 * over the request (lib/http/signature.h) that is bound to this connection, to this computation and
 * to being used once. A signature, where there is one, decides alone. */
#ifndef COCOS_AGENT_AUTH_H
#define COCOS_AGENT_AUTH_H

#include "lib/computation/manifest.h"
#include "lib/httpd/httpd.h"
#include "services/agent-api/engine/engine.h"

struct auth;

/* owner (may be NULL) is the only key that may set a computation. Borrowed. */
struct auth *auth_new(struct engine *engine, const struct key *owner);
void auth_free(struct auth *auth);
DEFINE_OWNED(auth)

/* What a request's caller is, once he is admitted. */
struct caller {
    struct manifest *manifest;     /* the computation he was admitted to, a reference; or NULL */
    uint8_t identity[SHA256_SIZE]; /* of his key */
    bool is_signed;                /* by a signature, not a certificate */
    bool is_pending;               /* the key that proves it is in the body: auth_check_owner() */
};

/* The hook of the service: proves who asks (401) and whether he may (403; 404 for a dataset that is
 * not declared; 409 without a computation, and for another than the one that Cocos-Computation
 * names). */
MUST_USE int auth_admit(struct auth *auth, struct httpd_request *rq, struct err *err);

const struct caller *auth_caller(const struct httpd_request *rq);

/* For the operation that sets the computation, when its body is known: the caller is the manifest's
 * owner, and the owner whom the share names, if it names one; and what he signed is this
 * manifest. Errors: UNAUTHENTICATED, FORBIDDEN. */
MUST_USE int auth_check_owner(struct auth *auth, struct httpd_request *rq,
                              const struct manifest *manifest, struct err *err);

#endif
