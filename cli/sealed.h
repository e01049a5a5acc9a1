/* Uploads that only the machine's own key opens, whatever becomes of TLS: lib/crypto/seal.h.
 *
 * The key is asked of the agent, and taken when the layer that certified the server's key, by the
 * evidence that this party's policy accepted, certified it for this use. */
#ifndef COCOS_CLI_SEALED_H
#define COCOS_CLI_SEALED_H

#include "cli/input.h"
#include "cli/session.h"
#include "lib/computation/sealing.h"

/* The agent's key. Errors: UNTRUSTED (no evidence was judged, another layer's key), UNSUPPORTED
 * (the machine has none), STATE. */
MUST_USE int sealed_key(struct agent *agent, struct key **ret, struct err *err);

/* An input that is sealed while it is read. */
struct sealed;

/* For the computation that the agent runs; input and key are borrowed. Errors: INPUT. */
MUST_USE int sealed_new(const struct input *input, const struct key *key, const char *computation,
                        struct sealed **ret, struct err *err);
void sealed_free(struct sealed *sealed);
DEFINE_OWNED(sealed)

/* As a body for httpc; borrows from sealed. */
struct httpc_upload sealed_upload(struct sealed *sealed);

/* All of it into a temporary file without a name, where a body must be known before it is sent.
 * Errors: SYSTEM, what reading says. */
MUST_USE int sealed_write(struct sealed *sealed, struct input *ret, struct err *err);

#endif
