/* What a party takes for proof of the machine at the other end: a policy, from a file of its own,
 * or from the manager when the party knows its digest; and whoever vouches beside the built-in
 * roots. */
#ifndef COCOS_CLI_TRUST_H
#define COCOS_CLI_TRUST_H

#include "cli/session.h"
#include "lib/httpc/channel.h"

struct trust;

/* Whether the options name a policy at all. */
bool trust_is_named(const struct evidence_options *options);

/* Reads what is named. The manager is asked for the policy of access->agent->vm only when there is
 * no file, and believed only by the digest. manifest: what the evidence must show, in hex; "" for
 * anything. Errors: USAGE, UNTRUSTED (another digest), what the manager says. */
MUST_USE int trust_load(const struct agent_access *access, const char *manifest, struct trust **ret,
                        struct err *err);
void trust_free(struct trust *trust);
DEFINE_OWNED(trust)
#define OWNED_TRUST OWNED_OF(trust)

const struct httpc_terms *trust_terms(const struct trust *trust);

/* From now on the evidence must show this manifest: what was seen once stays what it is, also on a
 * connection that is opened anew. */
void trust_pin_manifest(struct trust *trust, const uint8_t sha256[static SHA256_SIZE]);

/* Tells a person why the evidence was not accepted. */
void trust_explain(const struct verdict *verdict);

#endif
