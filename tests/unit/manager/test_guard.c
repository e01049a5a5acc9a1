#include "tests/unit/manager/scratch.h"

#include "lib/base/clock.h"
#include "services/manager-api/vm/guard.h"
#include "tests/fakes/fake_vm.h"

#include <pthread.h>
#include <time.h>

#define DEADLINE_MS 100

static struct vm_launch launch_of(const char *id)
{
    struct vm_launch launch = {.record = {.phase = VM_PHASE_MAKING, .port = 7}};

    snprintf(launch.record.id, sizeof(launch.record.id), "%s", id);
    return launch;
}

static void every_call_reaches_the_provider(void **state)
{
    struct fake_world *world = fake_world_new();
    struct vm_provider *guard = guard_new(fake_vm_open(world), DEADLINE_MS * 20);
    struct vm_launch launch = launch_of("a");
    struct vm_hypervisor hypervisor;
    struct vm_sighting *seen = NULL;
    struct vm_record record;
    struct vm_stats stats;
    size_t count = 0;
    struct err err;

    (void)state;
    assert_ok(guard->ops->describe(guard, &hypervisor, &err));
    assert_string_equal(hypervisor.library, "fake 1");
    assert_ok(guard->ops->define(guard, &launch, &err));
    assert_ok(guard->ops->start(guard, "a", &err));
    launch.record.phase = VM_PHASE_READY;
    assert_ok(guard->ops->write(guard, &launch.record, &err));
    assert_ok(guard->ops->read(guard, "a", &record, &err));
    assert_int_equal(record.phase, VM_PHASE_READY);
    assert_int_equal(record.port, 7);
    assert_ok(guard->ops->list(guard, &seen, &count, &err));
    assert_int_equal(count, 1);
    assert_true(seen[0].on);
    free(seen);
    assert_ok(guard->ops->measure(guard, "a", &stats, &err));
    assert_int_equal(stats.cpu_time_ns, 5);
    assert_ok(guard->ops->stop(guard, "a", &err));
    assert_ok(guard->ops->undefine(guard, "a", &err));
    assert_int_equal(fake_count(world), 0);
    guard->ops->close(guard);
    fake_world_free(world);
}

static void errors_come_back_as_they_are(void **state)
{
    struct fake_world *world = fake_world_new();
    struct vm_provider *guard = guard_new(fake_vm_open(world), DEADLINE_MS * 20);
    struct vm_record record;
    struct err err;

    (void)state;
    assert_fails(guard->ops->read(guard, "none", &record, &err), ERR_NOT_FOUND);
    assert_string_equal(err.text, "no such VM");
    world->fail_at = 1;
    world->fail_kind = ERR_NO_SPACE;
    assert_fails(guard->ops->stop(guard, "none", &err), ERR_NO_SPACE);
    guard->ops->close(guard);
    fake_world_free(world);
}

static void a_call_that_hangs_is_left_behind(void **state)
{
    struct fake_world *world = fake_world_new();
    struct vm_provider *guard = guard_new(fake_vm_open(world), DEADLINE_MS);
    struct vm_sighting *seen = NULL;
    size_t count = 0;
    int64_t begun = clock_monotonic_ms();
    struct err err;

    (void)state;
    world->hang_ms = 3000;
    assert_fails(guard->ops->list(guard, &seen, &count, &err), ERR_TIMEOUT);
    assert_true(clock_monotonic_ms() - begun < 2900);
    assert_null(seen);
    guard->ops->close(guard); /* waits for it */
    fake_world_free(world);
}

static void *hang(void *guard)
{
    struct vm_provider *provider = guard;
    struct err err;

    if (provider->ops->stop(provider, "x", &err) == 0)
        abort();
    return NULL;
}

static void only_so_many_calls_may_hang(void **state)
{
    struct fake_world *world = fake_world_new();
    struct vm_provider *guard = guard_new(fake_vm_open(world), DEADLINE_MS * 15);
    const struct timespec nap = {.tv_nsec = 300 * 1000 * 1000};
    pthread_t threads[GUARD_STUCK_MAX];
    struct err err;

    (void)state;
    world->hang_ms = 2000;
    for (size_t i = 0; i < GUARD_STUCK_MAX; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hang, guard), 0);
    nanosleep(&nap, NULL);
    assert_fails(guard->ops->stop(guard, "x", &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "does not answer"));
    for (size_t i = 0; i < GUARD_STUCK_MAX; i++)
        pthread_join(threads[i], NULL);
    world->hang_ms = 0;
    guard->ops->close(guard);
    fake_world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_reaches_the_provider),
        cmocka_unit_test(errors_come_back_as_they_are),
        cmocka_unit_test(a_call_that_hangs_is_left_behind),
        cmocka_unit_test(only_so_many_calls_may_hang),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
