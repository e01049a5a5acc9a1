/* The agent's files: one directory, private, holding what belongs to the present computation and
 * nothing else. What was left by an earlier life is removed when it is opened.
 *
 *     algorithm  requirements  datasets/NAME               what the computation has
 *     result.zip  result.sealed
 *     incoming/N                                           what is arriving, or being made
 *     sandbox/                                             an empty place for the runner
 *
 * A thing that arrives is written under incoming/ and hashed on the way; only when somebody has
 * judged its digest it is moved to its place, whole. Whatever else happens, it is removed. */
#ifndef COCOS_AGENT_ENGINE_STORE_H
#define COCOS_AGENT_ENGINE_STORE_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/crypto/digest.h"

#include <sys/types.h>

struct store;

/* Opens (makes) the directory. Errors: STATE (another agent uses it), SYSTEM. */
MUST_USE int store_open(const char *dir, struct store **ret, struct err *err);
/* Removes everything and frees. */
void store_close(struct store *store);

/* Removes everything that belongs to the computation and makes the empty directories again. What is
 * arriving loses its place, and fails at its next block. */
MUST_USE int store_reset(struct store *store, struct err *err);

/* Removes everything and gives the directory up to whoever opens it next; what is arriving fails at
 * its next block. Nothing but store_close() may follow. */
void store_leave(struct store *store);

/* Paths below the directory as it was named, valid as long as the store. */
const char *store_algorithm(const struct store *store);
const char *store_requirements(const struct store *store);
const char *store_datasets(const struct store *store);
const char *store_sandbox(const struct store *store);

/* Opens the packed result for reading, as it is or sealed. */
MUST_USE int store_open_result(const struct store *store, bool sealed, int *ret, struct err *err);

/* --- something that arrives; used by one thread at a time --- */

enum store_place {
    STORE_ALGORITHM,
    STORE_REQUIREMENTS,
    STORE_DATASET,
    STORE_RESULT,
    STORE_SEALED_RESULT
};

struct incoming;

/* Begins. size is how much is announced (UINT64_MAX: unknown). Errors: NO_SPACE, SYSTEM. */
MUST_USE int incoming_begin(struct store *store, enum digest_alg alg, uint64_t size,
                            struct incoming **ret, struct err *err);

/* The next bytes. Errors: NO_SPACE, STATE (the store was reset), SYSTEM. */
MUST_USE int incoming_write(struct incoming *incoming, struct span bytes, struct err *err);

/* The digest of everything, and how much it was; no more bytes after that. */
void incoming_finish(struct incoming *incoming, uint8_t *out, uint64_t *ret_bytes);

/* Unpacks the archive that arrived; what is kept is the directory then. Errors: INPUT, TOO_LARGE,
 * NO_SPACE, SYSTEM. */
MUST_USE int incoming_unpack(struct incoming *incoming, struct err *err);

/* Moves it to its place; name is the dataset's. Errors: STATE (the store was reset), SYSTEM. */
MUST_USE int incoming_keep(struct incoming *incoming, enum store_place place, const char *name,
                           struct err *err);

/* Frees; removes what was not kept. */
void incoming_free(struct incoming *incoming);
DEFINE_OWNED(incoming)

#endif
