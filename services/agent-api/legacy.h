/* The signature of older clients: over the name of a role, and nothing else.
 *
 * It says neither what is sent nor when, nor over which connection, so whoever has seen one can use
 * it for ever. It counts only where the manifest says `legacy.signatures`, and only from the
 * gateway of this machine, which such clients speak to; the log says so each time. */
#ifndef COCOS_AGENT_LEGACY_H
#define COCOS_AGENT_LEGACY_H

#include "lib/computation/role.h"

/* Which party of the manifest signed the name of the role that the deed takes:
 * "algorithm-provider", "data-provider" or "consumer". signature is base64: of RSASSA-PKCS1-v1_5 or
 * ECDSA (in DER) with SHA-256, or of Ed25519. ret_identity is that of its key. Errors:
 * UNAUTHENTICATED: not base64, by nobody of that role, or there is no such role for the deed. */
MUST_USE int legacy_find_signer(const struct manifest *manifest, enum deed deed,
                                const char *signature, uint8_t ret_identity[static SHA256_SIZE],
                                struct err *err);

#endif
