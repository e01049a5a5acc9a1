#include "lib/program/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

struct item {
    worker_job *job;
    void *arg;
};

struct worker_pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct item *items; /* a ring */
    unsigned first, count, max;
    pthread_t *threads;
    unsigned thread_count;
    bool stopping;
    char name[16];
};

/* The next job; false when the pool stops and nothing is left. */
static bool take(struct worker_pool *pool, struct item *ret)
{
    bool got;

    pthread_mutex_lock(&pool->lock);
    while (pool->count == 0 && !pool->stopping)
        pthread_cond_wait(&pool->changed, &pool->lock);
    got = pool->count > 0;
    if (got) {
        *ret = pool->items[pool->first];
        pool->first = (pool->first + 1) % pool->max;
        pool->count--;
    }
    pthread_mutex_unlock(&pool->lock);
    return got;
}

static void *work(void *arg)
{
    struct worker_pool *pool = arg;
    struct item item;

    pthread_setname_np(pthread_self(), pool->name);
    while (take(pool, &item))
        item.job(item.arg);
    return NULL;
}

int worker_start(const char *name, unsigned threads, unsigned queue_max, struct worker_pool **ret,
                 struct err *err)
{
    struct worker_pool *pool = mem_new(struct worker_pool);

    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pool->items = mem_zeroed(queue_max, sizeof(*pool->items));
    pool->threads = mem_zeroed(threads, sizeof(*pool->threads));
    pool->max = queue_max;
    snprintf(pool->name, sizeof(pool->name), "%s", name);

    while (pool->thread_count < threads) {
        int code = pthread_create(&pool->threads[pool->thread_count], NULL, work, pool);

        if (code != 0) {
            worker_stop(pool);
            errno = code;
            return err_set_errno(err, ERR_SYSTEM, "start thread '%s'", name);
        }
        pool->thread_count++;
    }
    *ret = pool;
    return 0;
}

int worker_add(struct worker_pool *pool, worker_job *job, void *arg, struct err *err)
{
    bool added;

    pthread_mutex_lock(&pool->lock);
    added = !pool->stopping && pool->count < pool->max;
    if (added) {
        pool->items[(pool->first + pool->count) % pool->max] = (struct item){job, arg};
        pool->count++;
        pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);

    if (!added)
        return err_set(err, ERR_TOO_MANY, "too much work is waiting; try again later");
    return 0;
}

void worker_stop(struct worker_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);

    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool->items);
    free(pool);
}

/* A call with a deadline, shared by the one who waits and the thread that works; whoever leaves
 * last frees it. */
struct call {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    worker_job *job;
    void *arg;
    void (*release)(void *arg);
    bool done;
    bool abandoned;
};

static void call_free(struct call *call)
{
    pthread_cond_destroy(&call->ended);
    pthread_mutex_destroy(&call->lock);
    free(call);
}

static void *run_call(void *arg)
{
    struct call *call = arg;
    bool abandoned;

    call->job(call->arg);
    pthread_mutex_lock(&call->lock);
    call->done = true;
    abandoned = call->abandoned;
    pthread_cond_signal(&call->ended);
    pthread_mutex_unlock(&call->lock);

    if (abandoned) {
        if (call->release != NULL)
            call->release(call->arg);
        call_free(call);
    }
    return NULL;
}

/* True when the call ended in time. */
static bool await_call(struct call *call, unsigned timeout_ms)
{
    struct timespec until;
    bool done;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }

    pthread_mutex_lock(&call->lock);
    while (!call->done &&
           pthread_cond_clockwait(&call->ended, &call->lock, CLOCK_MONOTONIC, &until) == 0)
        ;
    done = call->done;
    call->abandoned = !done;
    pthread_mutex_unlock(&call->lock);
    return done;
}

int worker_call(worker_job *job, void *arg, void (*release)(void *arg), unsigned timeout_ms,
                struct err *err)
{
    struct call *call = mem_new(struct call);
    pthread_t thread;
    int code;

    pthread_mutex_init(&call->lock, NULL);
    pthread_cond_init(&call->ended, NULL);
    call->job = job;
    call->arg = arg;
    call->release = release;

    code = pthread_create(&thread, NULL, run_call, call);
    if (code != 0) {
        call_free(call);
        errno = code;
        return err_set_errno(err, ERR_SYSTEM, "start a thread");
    }
    if (!await_call(call, timeout_ms)) {
        pthread_detach(thread);
        return err_set(err, ERR_TIMEOUT, "no answer within %u ms", timeout_ms);
    }
    pthread_join(thread, NULL);
    call_free(call);
    return 0;
}
