#include "tests/unit/manager/fleet_world.h"

static const struct vm_spec plain = {.cpus = 1, .memory_mib = 256};
static const struct vm_spec brief = {.cpus = 1, .memory_mib = 256, .ttl = 60000};

static void a_restart_finds_every_vm_with_all_it_had(void **state)
{
    WORLD *world = world_new();
    OWNED_VM before = {0};
    OWNED_VM after = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &brief, id, &err));
    world_say(world, id, "ReceivingData", 5);
    world_await(world, id, API_VM_RUNNING);
    assert_ok(fleet_get(world->fleet, &alice, id, &before, &err));
    world_close(world);
    world_open(world);
    assert_ok(fleet_get(world->fleet, &alice, id, &after, &err));
    assert_int_equal(after.state, API_VM_RUNNING);
    assert_string_equal(after.name, before.name);
    assert_string_equal(after.owner, "alice");
    assert_string_equal(after.agent_url, before.agent_url);
    assert_string_equal(after.agent_pin, before.agent_pin);
    assert_string_equal(after.computation.state, "ReceivingData");
    assert_int_equal(after.expires_at, before.expires_at);
    assert_int_equal(after.created_at, before.created_at);
}

static void a_vm_that_ended_meanwhile_is_failed(void **state)
{
    WORLD *world = world_new();
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    world_close(world);
    fake_kill(world->fake, id, VM_END_UNKNOWN);
    world_open(world);
    world_await(world, id, API_VM_FAILED);
}

static void how_a_vm_ended_is_kept_over_restarts(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    world_say(world, id, "Running", 1);
    fake_kill(world->fake, id, VM_END_GUEST);
    fleet_wake(world->fleet);
    world_await(world, id, API_VM_FAILED);
    world_until(fake_look(world->fake, id).record.phase == VM_PHASE_FAILED);
    world_close(world);
    fake_find(world->fake, id)->end = VM_END_UNKNOWN; /* libvirtd forgets with its restart */
    world_open(world);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_int_equal(vm.state, API_VM_FAILED);
    assert_string_equal(vm.failure.kind, "guest");
    assert_string_equal(vm.computation.state, "Running");
}

static void a_start_that_is_still_under_way_is_waited_for(void **state)
{
    WORLD *world = world_new();
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world->start_grace_ms = 60000;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    world_close(world);
    fake_find(world->fake, id)->record.phase = VM_PHASE_MAKING;
    fake_find(world->fake, id)->on = false;
    world_open(world);
    assert_int_equal(world_state(world, id), API_VM_PROVISIONING);
    __atomic_add_fetch(&monotonic_shift_ms, 50000, __ATOMIC_SEQ_CST);
    fleet_wake(world->fleet);
    usleep(700000);
    assert_int_equal(world_state(world, id), API_VM_PROVISIONING);
    fake_find(world->fake, id)->on = true;
    world_await(world, id, API_VM_BOOTING);
}

/* --- time ----------------------------------------------------------------------------- */

static void a_vm_expires_when_its_time_is_over(void **state)
{
    WORLD *world = world_new();
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &brief, id, &err));
    world_say(world, id, "Idle", 1);
    world_await(world, id, API_VM_RUNNING);
    __atomic_add_fetch(&monotonic_shift_ms, 61000, __ATOMIC_SEQ_CST);
    world_await(world, id, API_VM_EXPIRED);
    world_until(!fake_look(world->fake, id).on);
    assert_true(world_was_told(world, "vm.expired"));
    world_close(world);
    world_open(world);
    assert_int_equal(world_state(world, id), API_VM_EXPIRED);
}

static void a_wall_clock_that_jumps_changes_no_vms_life(void **state)
{
    WORLD *world = world_new();
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &brief, id, &err));
    world_say(world, id, "Idle", 1);
    world_await(world, id, API_VM_RUNNING);
    __atomic_store_n(&wall_shift_s, 86400,
                     __ATOMIC_SEQ_CST); /* ahead: still there, also for the next manager */
    world_close(world);
    world_open(world);
    world_await(world, id, API_VM_RUNNING);
    __atomic_store_n(&wall_shift_s, -86400,
                     __ATOMIC_SEQ_CST); /* back: it ends in time all the same */
    world_close(world);
    world_open(world);
    world_await(world, id, API_VM_RUNNING);
    __atomic_add_fetch(&monotonic_shift_ms, 61000, __ATOMIC_SEQ_CST);
    world_await(world, id, API_VM_EXPIRED);
}

static void after_the_host_was_restarted_the_wall_clock_counts_within_bounds(void **state)
{
    WORLD *world = world_new();
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &brief, id, &err));
    world_close(world);
    set_text(fake_find(world->fake, id)->record.boot_id, "another boot");
    fake_find(world->fake, id)->record.deadline_ms = 1;
    __atomic_store_n(&wall_shift_s, -86400,
                     __ATOMIC_SEQ_CST); /* a clock that lost a day must not give the VM a day */
    world_open(world);
    assert_int_equal(world_state(world, id), API_VM_BOOTING);
    __atomic_add_fetch(&monotonic_shift_ms, 61000, __ATOMIC_SEQ_CST);
    world_await(world, id, API_VM_EXPIRED);
}

static void a_vm_that_ended_is_forgotten_after_a_while(void **state)
{
    WORLD *world = world_new();
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    fake_kill(world->fake, id, VM_END_KILLED);
    fleet_wake(world->fleet);
    world_await(world, id, API_VM_FAILED);
    __atomic_store_n(&wall_shift_s, 3601, __ATOMIC_SEQ_CST);
    world_await(world, id, -1);
    assert_int_equal(fake_count(world->fake), 0);
}

static void an_owners_ended_vms_do_not_pile_up(void **state)
{
    WORLD *world = world_new();
    struct err err;

    (void)state;
    for (int i = 0; i < 70; i++) {
        struct vm_record *record = &world->fake->machines[i].record;

        world->fake->machines[i].defined = true;
        *record = (struct vm_record){.phase = VM_PHASE_FAILED, .created_at = test_now() - 100 + i};
        snprintf(record->id, sizeof(record->id), "00000000-0000-4000-8000-%012d", i);
        set_text(record->manager, TEST_MANAGER);
        set_text(record->owner, "alice");
        record->ended_at = test_now();
    }
    world_open(world);
    assert_ok(world_create(world, &bob, &plain, NULL, &err));
    assert_int_equal(fake_count(world->fake), 71);
    assert_ok(world_create(world, &alice, &plain, NULL, &err));
    world_until(fake_count(world->fake) == 64 + 2);
    assert_null(fake_find(world->fake, "00000000-0000-4000-8000-000000000000"));
    assert_non_null(fake_find(world->fake, "00000000-0000-4000-8000-000000000069"));
}

/* --- what is not ours ------------------------------------------------------------------- */

static void another_managers_vms_are_left_alone(void **state)
{
    WORLD *world = world_new();
    char id[VM_ID_SIZE];
    OWNED_VM vm = {0};
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    world_close(world);
    set_text(fake_find(world->fake, id)->record.manager, "22222222-2222-4333-8444-555555555555");
    fake_find(world->fake, id)->record.phase = VM_PHASE_MAKING;
    world_open(world);
    assert_fails(fleet_get(world->fleet, &root, id, &vm, &err), ERR_NOT_FOUND);
    fleet_wake(world->fleet);
    assert_ok(world_create(world, &alice, &plain, NULL, &err));
    assert_int_equal(fake_count(world->fake), 2);
    assert_true(fake_look(world->fake, id).on);
    assert_int_equal(world_directories(world), 2);
}

static void directories_without_a_vm_are_removed(void **state)
{
    WORLD *world = world_new();
    struct err err;

    (void)state;
    assert_ok(
        file_make_dirs(in(&world->dir, "vms/0f9d5c9e-1a70-4f0e-9f0a-5d0f5f6c7a11/in"), 0711, &err));
    put(&world->dir, "vms/0f9d5c9e-1a70-4f0e-9f0a-5d0f5f6c7a11/in/config.json", "{}");
    world_open(world);
    world_until(world_directories(world) == 0);
}

static void a_vm_that_ended_and_runs_again_is_stopped(void **state)
{
    WORLD *world = world_new();
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    fake_kill(world->fake, id, VM_END_KILLED);
    fleet_wake(world->fleet);
    world_await(world, id, API_VM_FAILED);
    world_until(fake_look(world->fake, id).record.phase == VM_PHASE_FAILED);
    fake_find(world->fake, id)->on = true; /* virsh start, say */
    fleet_wake(world->fleet);
    world_until(!fake_look(world->fake, id).on);
    assert_int_equal(world_state(world, id), API_VM_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_finds_every_vm_with_all_it_had),
        cmocka_unit_test(a_vm_that_ended_meanwhile_is_failed),
        cmocka_unit_test(how_a_vm_ended_is_kept_over_restarts),
        cmocka_unit_test(a_start_that_is_still_under_way_is_waited_for),
        cmocka_unit_test(a_vm_expires_when_its_time_is_over),
        cmocka_unit_test(a_wall_clock_that_jumps_changes_no_vms_life),
        cmocka_unit_test(after_the_host_was_restarted_the_wall_clock_counts_within_bounds),
        cmocka_unit_test(a_vm_that_ended_is_forgotten_after_a_while),
        cmocka_unit_test(an_owners_ended_vms_do_not_pile_up),
        cmocka_unit_test(another_managers_vms_are_left_alone),
        cmocka_unit_test(directories_without_a_vm_are_removed),
        cmocka_unit_test(a_vm_that_ended_and_runs_again_is_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
