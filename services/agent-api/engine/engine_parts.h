/* The engine from within; see engine.h. Only the files of this room include it. */
#ifndef COCOS_AGENT_ENGINE_ENGINE_PARTS_H
#define COCOS_AGENT_ENGINE_ENGINE_PARTS_H

#include "services/agent-api/engine/coverage.h"
#include "services/agent-api/engine/engine.h"
#include "services/agent-api/engine/notices.h"
#include "services/agent-api/engine/store.h"
#include "services/agent-api/engine/tail.h"
#include "services/agent-api/runner/runner.h"

#include <pthread.h>

/* How far one consumer is. */
struct consumer {
    bool fetched;
    struct coverage coverage;
};

/* The result, as it is and as it was sealed. */
struct engine_archive {
    uint64_t bytes;
    uint8_t sha256[SHA256_SIZE];
    bool is_sealed; /* for somebody */
    uint64_t sealed_bytes;
    uint8_t sealed_sha256[SHA256_SIZE];
};

struct engine {
    uint64_t memory_mib; /* of this machine; 0: nobody knows */
    uint32_t outside_uid;
    struct store *store;
    struct notices *notices;
    engine_measure *measure;
    engine_witness *witness;
    void *ctx; /* of both */
    struct cgroup_host *groups;

    pthread_mutex_t wiping; /* taken before lock: one wipe at a time, and no manifest during it */
    pthread_mutex_t lock;   /* everything below */
    enum state state;
    struct manifest *manifest; /* NULL: none */
    struct asset_list *assets; /* with the manifest */
    struct failure failure;    /* in Failed */

    bool run_started; /* there is a thread to join */
    pthread_t run_thread;
    int stop_fd;      /* eventfd: readable when the run is to stop */
    struct tail *log; /* NULL: nothing is kept */

    struct engine_archive archive; /* the result */
    struct consumer *consumers;    /* as many as the manifest names, with a result */
    struct buf receipt, evidence;  /* of the run that ended; empty when none could be made */
};

/* All of these are called with the lock held. */

/* Moves on; an event that cannot happen here is a mistake of ours and ends the program. */
void engine_move(struct engine *engine, enum state_event event);

/* Remembers a notice about the present computation. */
void engine_note(struct engine *engine, const char *type, struct json *data);

/* ERR_STATE unless agreed is the present manifest and the deed is possible now. */
MUST_USE int engine_check(struct engine *engine, const struct manifest *agreed, enum deed deed,
                          struct err *err);

/* Moves to Running when nothing is awaited and the run need not wait. */
void engine_advance(struct engine *engine);

/* Packs the results into the store, sealed for consumers who want it so; what there is of them goes
 * to engine->archive. In the run's thread and without the lock: nobody reads it before the state
 * says that there is a result. Errors: INTERRUPTED, NO_SPACE, what packing says. */
MUST_USE int engine_pack(struct engine *engine, int results_fd, struct err *err);

/* Makes the receipt of a run that ended, in its thread and without the lock; nobody reads it before
 * the state moves on. */
void engine_testify(struct engine *engine, const struct run_outcome *outcome, int64_t started_at);

/* Starts the run's thread, in state Running. */
void engine_start_run(struct engine *engine);

#endif
