#include "tests/unit/unit.h"

#include "lib/base/clock.h"
#include "lib/program/worker.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int ran;

static void count_up(void *arg)
{
    (void)arg;
    ran++;
}

static void wait_for(void *arg)
{
    sem_wait(arg);
    ran++;
}

static void release_sem(void *arg)
{
    ran++;
    sem_post((sem_t *)arg + 1);
}

static void stop_runs_what_is_queued(void **state)
{
    struct worker_pool *pool = NULL;
    struct err err;

    (void)state;
    ran = 0;
    assert_ok(worker_start("test", 2, 100, &pool, &err));
    for (int i = 0; i < 100; i++)
        assert_ok(worker_add(pool, count_up, NULL, &err));
    worker_stop(pool);
    assert_int_equal(ran, 100);
}

static void full_queue_refuses(void **state)
{
    struct worker_pool *pool = NULL;
    struct err err;
    sem_t gate;
    int added = 0;

    (void)state;
    ran = 0;
    sem_init(&gate, 0, 0);
    assert_ok(worker_start("test", 1, 2, &pool, &err));
    while (added < 10 && worker_add(pool, wait_for, &gate, &err) == 0)
        added++;
    assert_true(added == 2 || added == 3); /* one may already have been taken */
    assert_int_equal(err.kind, ERR_TOO_MANY);
    for (int i = 0; i < added; i++)
        sem_post(&gate);
    worker_stop(pool);
    assert_int_equal(ran, added);
    sem_destroy(&gate);
}

static void call_returns_when_the_job_ends(void **state)
{
    struct err err;

    (void)state;
    ran = 0;
    assert_ok(worker_call(count_up, NULL, NULL, 5000, &err));
    assert_int_equal(ran, 1);
}

static void late_call_is_released_by_its_own_thread(void **state)
{
    int64_t start = clock_monotonic_ms();
    struct err err;
    sem_t gates[2];

    (void)state;
    ran = 0;
    sem_init(&gates[0], 0, 0);
    sem_init(&gates[1], 0, 0);
    assert_fails(worker_call(wait_for, gates, release_sem, 50, &err), ERR_TIMEOUT);
    assert_true(clock_monotonic_ms() - start >= 50);
    sem_post(&gates[0]);
    sem_wait(&gates[1]);
    assert_int_equal(ran, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_runs_what_is_queued),
        cmocka_unit_test(full_queue_refuses),
        cmocka_unit_test(call_returns_when_the_job_ends),
        cmocka_unit_test(late_call_is_released_by_its_own_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
