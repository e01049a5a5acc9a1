/* Policies from files: JSON, or a CoRIM that says one (docs/policy.md).
 *
 * A signed CoRIM that nobody checks is worth less than one that is not signed, because it looks
 * like more: without a key it is refused. A key that is given must have signed. */
#ifndef COCOS_CLI_POLICY_FILE_H
#define COCOS_CLI_POLICY_FILE_H

#include "lib/attest/policy.h"
#include "lib/attest/reference/corim.h"
#include "lib/httpc/httpc.h"

struct policy_trust {
    const char *key;  /* file with the public key of the signer; NULL: none */
    int64_t now;      /* when the CoRIM and its signature must be valid */
    bool only_a_look; /* take a signed one without a key, and say that nobody checked */
};

/* The document of a policy, as policy_decode() takes it. Errors: USAGE (cannot be opened, is no
 * policy), UNTRUSTED (signature, validity). */
MUST_USE int policy_file_read(const char *path, const struct policy_trust *trust, struct json **ret,
                              struct err *err);

/* What a manager says that a VM must show; vm: id or name. Errors: NOT_FOUND, STATE, UNREACHABLE,
 * what the manager says. */
MUST_USE int policy_file_fetch(struct httpc *manager, const char *vm, struct json **ret,
                               struct err *err);

/* SHA-256 of the canonical form, in hex, so that white space and order do not matter: what
 * --policy-sha256 names. Errors: INPUT. */
#define POLICY_DIGEST_SIZE (2 * SHA256_SIZE + 1)
MUST_USE int policy_file_digest(const struct json *document, char out[static POLICY_DIGEST_SIZE],
                                struct err *err);

/* Checks the signature and the validity of a parsed CoRIM as trust says. */
MUST_USE int policy_file_check(const char *path, const struct corim *corim,
                               const struct policy_trust *trust, struct err *err);

#endif
