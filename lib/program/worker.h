/* A pool of threads with a bounded queue, for work that may block. */
#ifndef COCOS_PROGRAM_WORKER_H
#define COCOS_PROGRAM_WORKER_H

#include "lib/base/err.h"

struct worker_pool;

typedef void worker_job(void *arg);

/* Starts threads (named name in ps). Errors: SYSTEM. */
MUST_USE int worker_start(const char *name, unsigned threads, unsigned queue_max,
                          struct worker_pool **ret, struct err *err);

/* Queues a job. TOO_MANY when the queue is full or the pool is stopping. */
MUST_USE int worker_add(struct worker_pool *pool, worker_job *job, void *arg, struct err *err);

/* Runs what is queued, then ends the threads and frees. */
void worker_stop(struct worker_pool *pool);

/* Runs job(arg) in a thread of its own and waits at most timeout_ms. On TIMEOUT (and only then) the
 * job goes on and release(arg) is called when it ends; otherwise the caller still owns arg. For
 * calls into libraries that know no deadline. */
MUST_USE int worker_call(worker_job *job, void *arg, void (*release)(void *arg),
                         unsigned timeout_ms, struct err *err);

#endif
