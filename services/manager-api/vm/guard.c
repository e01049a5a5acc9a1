#include "services/manager-api/vm/guard.h"

#include "lib/base/clock.h"
#include "lib/program/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

struct guard {
    struct vm_provider base;
    struct vm_provider *inner;
    unsigned deadline_ms;
    atomic_uint under_way; /* also those nobody waits for any more */
};

/* One call with all that goes in and comes out, so that it can outlive its caller. */
struct guard_call {
    struct guard *guard;
    void (*run)(struct guard_call *call);
    char id[VM_ID_SIZE];
    struct vm_launch launch;
    struct vm_record record;
    struct vm_hypervisor hypervisor;
    struct vm_stats stats;
    struct vm_sighting *seen;
    size_t seen_count;
    int result;
    struct err err;
};

static void free_call(struct guard_call **call)
{
    if (*call != NULL)
        free((*call)->seen);
    free(*call);
}
#define OWNED_CALL OWNED(free_call) struct guard_call

static void release_call(void *arg)
{
    struct guard_call *call = arg;

    free_call(&call);
}

static void job(void *arg)
{
    struct guard_call *call = arg;

    call->run(call);
    atomic_fetch_sub(&call->guard->under_way, 1);
}

static struct guard_call *call_new(struct vm_provider *provider,
                                   void (*run)(struct guard_call *call), const char *id)
{
    struct guard_call *call = mem_new(struct guard_call);

    call->guard = (struct guard *)provider;
    call->run = run;
    memcpy(call->id, id, strnlen(id, VM_ID_SIZE - 1));
    return call;
}

/* Runs the call; when it hangs the call belongs to its thread and *owner is NULL afterwards. */
static int guarded(struct guard_call **owner, struct err *err)
{
    struct guard_call *call = *owner;
    struct guard *guard = call->guard;

    if (atomic_fetch_add(&guard->under_way, 1) >= GUARD_STUCK_MAX) {
        atomic_fetch_sub(&guard->under_way, 1);
        return err_set(err, ERR_UNAVAILABLE, "the hypervisor does not answer; %u calls wait for it",
                       GUARD_STUCK_MAX);
    }
    if (worker_call(job, call, release_call, guard->deadline_ms, err) < 0) {
        if (err->kind == ERR_TIMEOUT)
            *owner = NULL;
        else
            atomic_fetch_sub(&guard->under_way, 1);
        return err_wrap(err, "the hypervisor");
    }
    if (call->result < 0)
        *err = call->err;
    return call->result;
}

#define INNER(call) (call)->guard->inner
#define ASK(call, op, ...)                                                                         \
    ((call)->result = INNER(call)->ops->op(INNER(call), __VA_ARGS__, &(call)->err))

static void run_describe(struct guard_call *call)
{
    ASK(call, describe, &call->hypervisor);
}

static int describe(struct vm_provider *provider, struct vm_hypervisor *ret, struct err *err)
{
    OWNED_CALL *call = call_new(provider, run_describe, "");

    if (guarded(&call, err) < 0)
        return -1;
    *ret = call->hypervisor;
    return 0;
}

static void run_list(struct guard_call *call)
{
    ASK(call, list, &call->seen, &call->seen_count);
}

static int list(struct vm_provider *provider, struct vm_sighting **ret, size_t *ret_count,
                struct err *err)
{
    OWNED_CALL *call = call_new(provider, run_list, "");

    if (guarded(&call, err) < 0)
        return -1;
    *ret = GIVE(call->seen);
    *ret_count = call->seen_count;
    return 0;
}

static void run_read(struct guard_call *call)
{
    ASK(call, read, call->id, &call->record);
}

static int read_record(struct vm_provider *provider, const char *id, struct vm_record *ret,
                       struct err *err)
{
    OWNED_CALL *call = call_new(provider, run_read, id);

    if (guarded(&call, err) < 0)
        return -1;
    *ret = call->record;
    return 0;
}

static void run_define(struct guard_call *call)
{
    ASK(call, define, &call->launch);
}

static int define(struct vm_provider *provider, const struct vm_launch *launch, struct err *err)
{
    OWNED_CALL *call = call_new(provider, run_define, launch->record.id);

    call->launch = *launch;
    return guarded(&call, err);
}

static void run_write(struct guard_call *call)
{
    ASK(call, write, &call->record);
}

static int write_record(struct vm_provider *provider, const struct vm_record *record,
                        struct err *err)
{
    OWNED_CALL *call = call_new(provider, run_write, record->id);

    call->record = *record;
    return guarded(&call, err);
}

static void run_start(struct guard_call *call)
{
    ASK(call, start, call->id);
}

static int start(struct vm_provider *provider, const char *id, struct err *err)
{
    OWNED_CALL *call = call_new(provider, run_start, id);

    return guarded(&call, err);
}

static void run_stop(struct guard_call *call)
{
    ASK(call, stop, call->id);
}

static int stop(struct vm_provider *provider, const char *id, struct err *err)
{
    OWNED_CALL *call = call_new(provider, run_stop, id);

    return guarded(&call, err);
}

static void run_undefine(struct guard_call *call)
{
    ASK(call, undefine, call->id);
}

static int undefine(struct vm_provider *provider, const char *id, struct err *err)
{
    OWNED_CALL *call = call_new(provider, run_undefine, id);

    return guarded(&call, err);
}

static void run_measure(struct guard_call *call)
{
    ASK(call, measure, call->id, &call->stats);
}

static int measure(struct vm_provider *provider, const char *id, struct vm_stats *ret,
                   struct err *err)
{
    OWNED_CALL *call = call_new(provider, run_measure, id);

    if (guarded(&call, err) < 0)
        return -1;
    *ret = call->stats;
    return 0;
}

static void close_guard(struct vm_provider *provider)
{
    struct guard *guard = (struct guard *)provider;
    const struct timespec nap = {.tv_nsec = 20 * 1000 * 1000};
    int64_t until = clock_monotonic_ms() + guard->deadline_ms;

    while (atomic_load(&guard->under_way) > 0 && clock_monotonic_ms() < until)
        nanosleep(&nap, NULL);
    if (atomic_load(&guard->under_way) > 0)
        return;
    guard->inner->ops->close(guard->inner);
    free(guard);
}

static const struct vm_provider_ops ops = {
    .describe = describe,
    .list = list,
    .read = read_record,
    .define = define,
    .write = write_record,
    .start = start,
    .stop = stop,
    .undefine = undefine,
    .measure = measure,
    .close = close_guard,
};

struct vm_provider *guard_new(struct vm_provider *inner, unsigned deadline_ms)
{
    struct guard *guard = mem_new(struct guard);

    guard->base.ops = &ops;
    guard->inner = inner;
    guard->deadline_ms = deadline_ms;
    return &guard->base;
}
