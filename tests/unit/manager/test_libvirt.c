/* The provider on libvirt's own test driver, which pretends to run what it is told to. */
#include "tests/unit/manager/scratch.h"

#include "lib/base/clock.h"
#include "services/manager-api/vm/libvirt.h"

#define MANY 1000

static void ignore(void *ctx)
{
    __atomic_add_fetch((int *)ctx, 1, __ATOMIC_SEQ_CST);
}

static int changes;
static const struct vm_watcher watcher = {.changed = ignore, .ctx = &changes};

static struct vm_launch launch_of(unsigned number)
{
    struct vm_launch launch = {
        .record = {.manager = "11111111-2222-4333-8444-555555555555",
                   .name = "x",
                   .owner = "<alice>",
                   .image = "eos",
                   .phase = VM_PHASE_MAKING,
                   .cpus = 1,
                   .memory_mib = 256,
                   .port = 20000,
                   .created_at = 1700000000},
        .firmware = "/images/OVMF_CODE.fd",
        .kernel = "/images/vmlinuz",
        .initrd = "/images/initrd",
        .cmdline = "quiet",
        .in_dir = "/state/in",
        .out_dir = "/state/out",
    };

    snprintf(launch.record.id, sizeof(launch.record.id), "00000000-0000-4000-8000-%012u", number);
    return launch;
}

static size_t count_of(struct vm_provider *provider)
{
    struct vm_sighting *seen = NULL;
    size_t count = 0;
    struct err err;

    assert_ok(provider->ops->list(provider, &seen, &count, &err));
    free(seen);
    return count;
}

static void a_vm_lives_through_libvirt(void **state)
{
    struct vm_provider *provider = *state;
    struct vm_launch launch = launch_of(1);
    const char *id = launch.record.id;
    struct vm_sighting *seen = NULL;
    struct vm_record record;
    struct vm_stats stats;
    size_t count = 0;
    struct err err;

    assert_ok(provider->ops->define(provider, &launch, &err));
    assert_ok(provider->ops->read(provider, id, &record, &err));
    assert_memory_equal(&record, &launch.record, sizeof(record));
    assert_ok(provider->ops->start(provider, id, &err));
    record.phase = VM_PHASE_READY;
    set_text(record.failure_detail, "a & b");
    assert_ok(provider->ops->write(provider, &record, &err));
    memset(&record, 0, sizeof(record));
    assert_ok(provider->ops->read(provider, id, &record, &err));
    assert_int_equal(record.phase, VM_PHASE_READY);
    assert_string_equal(record.failure_detail, "a & b");
    assert_ok(provider->ops->list(provider, &seen, &count, &err));
    assert_int_equal(count, 1); /* the driver's own domain is none of ours */
    assert_string_equal(seen[0].id, id);
    assert_true(seen[0].on);
    free(seen);
    assert_ok(provider->ops->measure(provider, id, &stats, &err));
    assert_true(stats.on);
    assert_ok(provider->ops->stop(provider, id, &err));
    assert_ok(provider->ops->stop(provider, id, &err));
    assert_ok(provider->ops->list(provider, &seen, &count, &err));
    assert_false(seen[0].on);
    assert_int_equal(seen[0].end, VM_END_KILLED);
    free(seen);
    assert_ok(provider->ops->undefine(provider, id, &err));
    assert_ok(provider->ops->undefine(provider, id, &err));
    assert_int_equal(count_of(provider), 0);
}

static void a_vm_that_is_not_there_is_not_found(void **state)
{
    struct vm_provider *provider = *state;
    struct vm_launch launch = launch_of(9);
    struct vm_record record;
    struct vm_stats stats;
    struct err err;

    assert_fails(provider->ops->read(provider, launch.record.id, &record, &err), ERR_NOT_FOUND);
    assert_fails(provider->ops->write(provider, &launch.record, &err), ERR_NOT_FOUND);
    assert_fails(provider->ops->start(provider, launch.record.id, &err), ERR_NOT_FOUND);
    assert_fails(provider->ops->measure(provider, launch.record.id, &stats, &err), ERR_NOT_FOUND);
    assert_ok(provider->ops->stop(provider, launch.record.id, &err));
    assert_int_equal(provider->ops->start(provider, "no uuid", &err), -1);
}

static void the_host_is_described(void **state)
{
    struct vm_provider *provider = *state;
    struct vm_hypervisor found;
    struct err err;

    assert_ok(provider->ops->describe(provider, &found, &err));
    assert_int_equal(strncmp(found.library, "libvirt ", 8), 0);
    assert_true(found.pretends);
    assert_false(found.tpm);
}

static void changes_are_told(void **state)
{
    struct vm_provider *provider = *state;
    struct vm_launch launch = launch_of(2);
    int before = __atomic_load_n(&changes, __ATOMIC_SEQ_CST);
    int64_t until = clock_monotonic_ms() + 5000;
    struct err err;

    assert_ok(provider->ops->define(provider, &launch, &err));
    assert_ok(provider->ops->start(provider, launch.record.id, &err));
    while (__atomic_load_n(&changes, __ATOMIC_SEQ_CST) == before && clock_monotonic_ms() < until)
        usleep(10000);
    assert_true(__atomic_load_n(&changes, __ATOMIC_SEQ_CST) > before);
    assert_ok(provider->ops->stop(provider, launch.record.id, &err));
    assert_ok(provider->ops->undefine(provider, launch.record.id, &err));
}

static void a_thousand_definitions_are_listed_in_one_go(void **state)
{
    struct vm_provider *provider = *state;
    int64_t begun;
    struct err err;

    for (unsigned i = 0; i < MANY; i++) {
        struct vm_launch launch = launch_of(1000 + i);

        assert_ok(provider->ops->define(provider, &launch, &err));
    }
    begun = clock_monotonic_ms();
    assert_int_equal(count_of(provider), MANY);
    assert_true(clock_monotonic_ms() - begun < 20000);
    for (unsigned i = 0; i < MANY; i++) {
        struct vm_launch launch = launch_of(1000 + i);

        assert_ok(provider->ops->undefine(provider, launch.record.id, &err));
    }
}

static int open_provider(void **state)
{
    struct vm_provider *provider = NULL;
    struct err err;

    if (libvirt_open("test:///default", &watcher, &provider, &err) < 0)
        return -1;
    *state = provider;
    return 0;
}

static int close_provider(void **state)
{
    struct vm_provider *provider = *state;

    provider->ops->close(provider);
    return 0;
}

static void a_hypervisor_that_is_not_there_says_what_to_do(void **state)
{
    struct vm_provider *provider = NULL;
    struct vm_hypervisor found;
    struct err err;

    (void)state;
    assert_ok(libvirt_open("qemu:///system?socket=/nonexistent/socket", &watcher, &provider, &err));
    assert_fails(provider->ops->describe(provider, &found, &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "libvirtd -d"));
    provider->ops->close(provider);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_vm_lives_through_libvirt, open_provider, close_provider),
        cmocka_unit_test_setup_teardown(a_vm_that_is_not_there_is_not_found, open_provider,
                                        close_provider),
        cmocka_unit_test_setup_teardown(the_host_is_described, open_provider, close_provider),
        cmocka_unit_test_setup_teardown(changes_are_told, open_provider, close_provider),
        cmocka_unit_test_setup_teardown(a_thousand_definitions_are_listed_in_one_go, open_provider,
                                        close_provider),
        cmocka_unit_test(a_hypervisor_that_is_not_there_says_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
