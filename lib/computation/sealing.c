#include "lib/computation/sealing.h"

#include <stdio.h>

static const char *const names[] = {[SEALING_UPLOAD] = "upload", [SEALING_RESULT] = "result"};

_Static_assert(MANIFEST_CONSUMERS_MAX <= SEAL_RECIPIENTS_MAX, "all of them fit into a header");

void sealing_context(enum sealing what, const char *manifest_sha256,
                     char out[static SEALING_CONTEXT_SIZE])
{
    snprintf(out, SEALING_CONTEXT_SIZE, "%s:%.64s", names[what], manifest_sha256);
}

size_t sealing_consumers(const struct manifest *manifest,
                         const struct key *out[static MANIFEST_CONSUMERS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < manifest->result_consumers.count; i++)
        if (manifest_consumer(manifest, i)->seal)
            out[count++] = manifest_consumer(manifest, i)->public_key;
    return count;
}

const struct manifest_party *sealing_find_consumer(const struct manifest *manifest,
                                                   const uint8_t identity[static SHA256_SIZE])
{
    for (size_t i = 0; i < manifest->result_consumers.count; i++)
        if (manifest_party_is(manifest_consumer(manifest, i), identity))
            return manifest_consumer(manifest, i);
    return NULL;
}
