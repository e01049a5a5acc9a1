/* What sealed bytes (lib/crypto/seal.h) are for, so that what was sealed for one computation, or
 * one direction, opens in no other. */
#ifndef COCOS_COMPUTATION_SEALING_H
#define COCOS_COMPUTATION_SEALING_H

#include "lib/computation/manifest.h"
#include "lib/crypto/seal.h"

#define SEALING_CONTEXT_SIZE 96

/* "upload:" or "result:" and the manifest's digest in hex. Text, NUL-terminated. */
enum sealing { SEALING_UPLOAD, SEALING_RESULT };
void sealing_context(enum sealing what, const char *manifest_sha256,
                     char out[static SEALING_CONTEXT_SIZE]);

/* The keys to which a result is sealed: as many as the manifest names, at most
 * MANIFEST_CONSUMERS_MAX. Borrowed from it. Returns how many. */
size_t sealing_consumers(const struct manifest *manifest,
                         const struct key *out[static MANIFEST_CONSUMERS_MAX]);

/* The consumer of this identity; NULL when it is none. */
const struct manifest_party *sealing_find_consumer(const struct manifest *manifest,
                                                   const uint8_t identity[static SHA256_SIZE]);

#endif
