/* A digest that is computed beside something else: while one thread writes a block, the hasher's
 * own thread hashes it. SHA3 is what bounds receiving, so that nothing else may stand in its line.
 *
 * Used by one thread at a time; small blocks are hashed at once, without a thread. */
#ifndef COCOS_AGENT_ENGINE_HASHER_H
#define COCOS_AGENT_ENGINE_HASHER_H

#include "lib/base/mem.h"
#include "lib/crypto/digest.h"

struct hasher;

struct hasher *hasher_new(enum digest_alg alg);
void hasher_free(struct hasher *hasher);
DEFINE_OWNED(hasher)

/* Begins to hash a block, which must stay as it is until hasher_join(). */
void hasher_begin(struct hasher *hasher, struct span block);

/* Waits until the block is hashed. */
void hasher_join(struct hasher *hasher);

/* The digest of everything; starts afresh. */
void hasher_finish(struct hasher *hasher, uint8_t *out);

#endif
