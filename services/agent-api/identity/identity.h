/* Who a process of the agent is: keys that are derived from one secret and written nowhere, and for
 * each the DICE chain that leads from the platform's secret to it.
 *
 * The secret and the chains come from the keeper (layers.h); the process that serves gets nothing
 * else of the layers before. Before a manifest its keys are certified by layer 1, the agent; with
 * one all of them are certified by layer 2, the computation, so that who knows the chain knows
 * which manifest a key belongs to. The keys end with the process.
 *
 * Read-only after identity_make(): any thread. */
#ifndef COCOS_AGENT_IDENTITY_IDENTITY_H
#define COCOS_AGENT_IDENTITY_IDENTITY_H

#include "services/agent-api/identity/keys.h"

#define IDENTITY_PIN_SIZE  64
#define IDENTITY_CHAIN_MAX (16 * KIB)

/* What the keeper hands over. */
struct identity_seed {
    uint8_t cdi[DICE_CDI_SIZE]; /* secret */
    /* Chains in CBOR (lib/attest/evidence/dice_chain.h) without the platform's evidence for their
     * root, which is in every bundle. Empty for a key that nothing certifies. */
    struct buf chain[IDENTITY_USE_COUNT];
};

#define IDENTITY_SEED_NONE                                                                         \
    ((struct identity_seed){.chain = {BUF_OF(IDENTITY_CHAIN_MAX), BUF_OF(IDENTITY_CHAIN_MAX),      \
                                      BUF_OF(IDENTITY_CHAIN_MAX)}})

/* Wipes. */
void identity_seed_done(struct identity_seed *seed);
#define OWNED_IDENTITY_SEED __attribute__((cleanup(identity_seed_done))) struct identity_seed

struct identity {
    struct key *keys[IDENTITY_USE_COUNT];  /* pairs */
    struct buf chains[IDENTITY_USE_COUNT]; /* see struct identity_seed */
    struct buf certificate;                /* of the TLS key: X.509, self-signed; PEM */
    struct buf key;                        /* the TLS key; PEM, secret */
    uint8_t spki_sha256[SHA256_SIZE];      /* of the TLS key */
    char pin[IDENTITY_PIN_SIZE];           /* "sha256//BASE64", as curl's --pinnedpubkey takes it */
};

/* Derives everything; now: seconds since 1970. Errors: INTERNAL. */
MUST_USE int identity_make(const struct identity_seed *seed, int64_t now, struct identity *ret,
                           struct err *err);
void identity_done(struct identity *identity);

/* The pin of a key. */
void identity_write_pin(const uint8_t spki_sha256[static SHA256_SIZE],
                        char out[static IDENTITY_PIN_SIZE]);

#endif
