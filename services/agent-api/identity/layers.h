/* The layers of the agent, by the Open Profile for DICE (lib/attest/evidence/dice_derive.h): from
 * the platform's secret to the keys of the process that serves.
 *
 *   UDS      what the platform gives (see uds.h). Its key is the root, which evidence of the
 *            platform carries.
 *   layer 0  what booted: firmware, kernel, initrd, command line (see measured.h)
 *   layer 1  the agent: the keeper's executable, the configuration that came through the share
 *   layer 2  a computation: the worker's executable, the manifest, and the run register (PCR 15)
 *            that this manifest led to, so that the same manifest a second time is another layer
 *
 * Each layer's key signs the certificate of the next; all of them are Ed25519, whose signatures are
 * the same each time. The secrets of UDS and layer 0 are gone when layers_make() returns; the
 * keeper holds layer 1's, and those of layer 2 while it hands them over. */
#ifndef COCOS_AGENT_IDENTITY_LAYERS_H
#define COCOS_AGENT_IDENTITY_LAYERS_H

#include "services/agent-api/identity/identity.h"

#define LAYERS_PROFILE "cocos.1"

struct layers;

/* boot, agent: what layers 0 and 1 were measured as; copied. Errors: INPUT, INTERNAL. */
MUST_USE int layers_make(const uint8_t uds[static DICE_CDI_SIZE], const struct dice_input *boot,
                         const struct dice_input *agent, struct layers **ret, struct err *err);
/* Wipes. */
void layers_free(struct layers *layers);
DEFINE_OWNED(layers)

/* The public key of the UDS; borrowed. */
const struct key *layers_root(const struct layers *layers);

/* What a process that serves is started for. */
struct layers_work {
    uint8_t code[DICE_HASH_SIZE]; /* its executable */
    bool has_manifest;            /* false: it waits for one, or says what became of the last */
    uint8_t manifest[SHA256_SIZE];
    uint8_t run[SHA256_SIZE]; /* the run register at its start */
    uint32_t number;          /* how many processes were started before it */
};

/* Derives and certifies the keys of a process: with a manifest by its layer 2, all of them; without
 * one by layer 1. ret is IDENTITY_SEED_NONE before. spki_sha256: of the TLS key.
 * Errors: INPUT, INTERNAL, TOO_LARGE. */
MUST_USE int layers_begin(const struct layers *layers, const struct layers_work *work,
                          struct identity_seed *ret, uint8_t spki_sha256[static SHA256_SIZE],
                          struct err *err);

#endif
