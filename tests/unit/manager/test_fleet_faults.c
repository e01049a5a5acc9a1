#include "tests/unit/manager/fleet_world.h"

#include <sys/wait.h>

static const struct vm_spec plain = {.cpus = 1, .memory_mib = 256};

/* Nothing half done: every definition is of a VM that runs and has its directory, and there is no
 * directory more. */
static bool is_consistent(struct test_world *world)
{
    for (size_t i = 0; i < FAKE_VM_MAX; i++) {
        struct fake_machine machine;
        char name[64];

        pthread_mutex_lock(&world->fake->lock);
        machine = world->fake->machines[i];
        pthread_mutex_unlock(&world->fake->lock);
        if (!machine.defined)
            continue;
        snprintf(name, sizeof(name), "vms/%s", machine.record.id);
        if (!machine.on || machine.record.phase != VM_PHASE_READY || !is_there(&world->dir, name))
            return false;
    }
    return world_directories(world) == fake_count(world->fake);
}

/* --- killed managers -------------------------------------------------------------------- */

/* Runs deed() in a process of its own, which dies at a planned change; returns its exit code. */
static int in_child(struct test_world *world, void (*deed)(struct test_world *world))
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        world_open(world);
        deed(world);
        world_close(world);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void create_one(struct test_world *world)
{
    struct err err;

    assert_ok(world_create(world, &alice, &plain, NULL, &err));
}

static void remove_all(struct test_world *world)
{
    const struct fleet_query query = {.state = -1, .limit = 10};
    struct vm_list list;
    struct err err;

    assert_ok(fleet_list(world->fleet, &root, &query, &list, &err));
    for (size_t i = 0; i < list.items.count; i++) {
        OWNED_VM vm = {0};
        const char *id = ((struct vm *)list.items.items)[i].id;

        assert_ok(fleet_remove(world->fleet, &root, id, &vm, &err));
        world_await(world, id, -1);
    }
    fleet_list_release(&list);
}

/* Kills a manager before or after its n-th change while it does the deed; the next manager has to
 * end up with a whole picture. Returns false when the deed needed fewer changes. */
static bool survives(void (*deed)(struct test_world *world), bool with_vm, unsigned change,
                     bool after)
{
    WORLD *world = world_new();
    int code;

    if (with_vm) {
        world_open(world);
        create_one(world);
        world_close(world);
        world->fake->changes = 0;
    }
    if (after)
        world->fake->die_after = change;
    else
        world->fake->die_before = change;
    code = in_child(world, deed);
    world->fake->die_before = world->fake->die_after = 0;
    if (code == 0)
        return false;
    assert_int_equal(code, FAKE_DEATH);

    world_open(world);
    world_until(is_consistent(world));
    create_one(world); /* and it works */
    world_until(is_consistent(world));
    remove_all(world);
    assert_int_equal(fake_count(world->fake), 0);
    assert_int_equal(world_directories(world), 0);
    return true;
}

static void a_manager_killed_while_creating_leaves_nothing_half_done(void **state)
{
    unsigned change = 1;

    (void)state;
    while (survives(create_one, false, change, false) && survives(create_one, false, change, true))
        change++;
    assert_int_equal(change, 4); /* define, start, write, and no fourth */
}

static void a_manager_killed_while_removing_goes_on_with_it(void **state)
{
    unsigned change = 1;

    (void)state;
    while (survives(remove_all, true, change, false) && survives(remove_all, true, change, true))
        change++;
    assert_int_equal(change, 4); /* write, stop, undefine */
}

/* After the first change the removal is written down, so that it goes on whatever happens. */
static void what_was_accepted_for_removal_is_removed(void **state)
{
    WORLD *world = world_new();

    (void)state;
    world_open(world);
    create_one(world);
    world_close(world);
    world->fake->changes = 0;
    world->fake->die_after = 1;
    assert_int_equal(in_child(world, remove_all), FAKE_DEATH);
    world->fake->die_after = 0;
    world_open(world);
    world_until(fake_count(world->fake) == 0 && world_directories(world) == 0);
}

/* --- failing calls ----------------------------------------------------------------------- */

static void a_call_that_fails_while_creating_is_undone(void **state)
{
    (void)state;
    for (unsigned change = 1; change <= 3; change++) {
        WORLD *world = world_new();
        struct err err;

        world_open(world);
        world->fake->fail_at = change;
        world->fake->fail_kind = ERR_SYSTEM;
        assert_fails(world_create(world, &alice, &plain, NULL, &err), ERR_SYSTEM);
        assert_int_equal(fake_count(world->fake), 0);
        assert_int_equal(world_directories(world), 0);
        create_one(world);
    }
}

static void what_cannot_be_undone_at_once_is_undone_later(void **state)
{
    WORLD *world = world_new();
    const struct fleet_query query = {.state = -1, .limit = 10};
    struct vm_list list;
    struct err err;

    (void)state;
    world_open(world);
    world->fake->fail_at = 2;
    world->fake->fail_for_good = true;
    world->fake->fail_kind = ERR_UNAVAILABLE;
    assert_fails(world_create(world, &alice, &plain, NULL, &err), ERR_UNAVAILABLE);
    assert_int_equal(fake_count(world->fake), 1);
    assert_ok(fleet_list(world->fleet, &alice, &query, &list, &err));
    assert_int_equal(list.items.count, 1);
    assert_int_equal(((struct vm *)list.items.items)[0].state, API_VM_STOPPING);
    fleet_list_release(&list);
    world->fake->fail_at = 0;
    world_until(fake_count(world->fake) == 0 && world_directories(world) == 0);
}

static void a_removal_that_fails_is_tried_again(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    world->fake->fail_at = world->fake->changes + 2; /* the stop */
    world->fake->fail_kind = ERR_SYSTEM;
    assert_ok(fleet_remove(world->fleet, &alice, id, &vm, &err));
    world_await(world, id, -1);
    assert_int_equal(fake_count(world->fake), 0);
}

static void a_removal_that_cannot_be_written_down_is_not_accepted(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    world->fake->fail_at = world->fake->changes + 1;
    world->fake->fail_kind = ERR_UNAVAILABLE;
    assert_fails(fleet_remove(world->fleet, &alice, id, &vm, &err), ERR_UNAVAILABLE);
    assert_int_equal(world_state(world, id), API_VM_BOOTING);
    assert_true(fake_look(world->fake, id).on);
}

/* --- a hypervisor that is away --------------------------------------------------------------- */

static void without_a_hypervisor_nothing_is_made_up(void **state)
{
    WORLD *world = world_new();
    const struct fleet_query query = {.state = -1, .limit = 10};
    struct vm_list list;
    struct err err;

    (void)state;
    world->fake->dead = true;
    world_open(world);
    assert_fails(fleet_ready(world->fleet, &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "dead"));
    assert_fails(fleet_list(world->fleet, &alice, &query, &list, &err), ERR_UNAVAILABLE);
    assert_fails(world_create(world, &alice, &plain, NULL, &err), ERR_UNAVAILABLE);
    world->fake->dead = false;
    fleet_wake(world->fleet);
    world_until(fleet_ready(world->fleet, &err) == 0);
    create_one(world);
}

static void vms_are_still_shown_while_the_hypervisor_is_away(void **state)
{
    WORLD *world = world_new();
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    world->fake->dead = true;
    fleet_wake(world->fleet);
    world_until(fleet_ready(world->fleet, &err) < 0);
    assert_int_equal(world_state(world, id), API_VM_BOOTING);
    assert_fails(world_create(world, &alice, &plain, NULL, &err), ERR_UNAVAILABLE);
    world->fake->dead = false;
    fleet_wake(world->fleet);
    world_until(fleet_ready(world->fleet, &err) == 0);
    assert_int_equal(world_state(world, id), API_VM_BOOTING);
}

static void a_hypervisor_that_hangs_holds_nobody_up(void **state)
{
    WORLD *world = world_new();
    char id[VM_ID_SIZE];
    struct vm_stats stats;
    int64_t begun;
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    world->fake->hang_ms = 2600; /* the guard gives up after 2000 */
    begun = clock_monotonic_ms();
    assert_int_equal(world_state(world, id), API_VM_BOOTING);
    assert_true(clock_monotonic_ms() - begun < 1900);
    assert_fails(fleet_measure(world->fleet, &alice, id, &stats, &err), ERR_TIMEOUT);
    world->fake->hang_ms = 0;
}

/* --- full disks ---------------------------------------------------------------------------------
 */

static void a_directory_that_cannot_be_made_undoes_the_vm(void **state)
{
    WORLD *world = world_new();
    struct err err;

    (void)state;
    world_open(world);
    assert_int_equal(rmdir(in(&world->dir, "vms")), 0);
    put(&world->dir, "vms", "a file");
    assert_int_equal(world_create(world, &alice, &plain, NULL, &err), -1);
    assert_int_equal(fake_count(world->fake), 0);
    assert_int_equal(world->fake->changes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manager_killed_while_creating_leaves_nothing_half_done),
        cmocka_unit_test(a_manager_killed_while_removing_goes_on_with_it),
        cmocka_unit_test(what_was_accepted_for_removal_is_removed),
        cmocka_unit_test(a_call_that_fails_while_creating_is_undone),
        cmocka_unit_test(what_cannot_be_undone_at_once_is_undone_later),
        cmocka_unit_test(a_removal_that_fails_is_tried_again),
        cmocka_unit_test(a_removal_that_cannot_be_written_down_is_not_accepted),
        cmocka_unit_test(without_a_hypervisor_nothing_is_made_up),
        cmocka_unit_test(vms_are_still_shown_while_the_hypervisor_is_away),
        cmocka_unit_test(a_hypervisor_that_hangs_holds_nobody_up),
        cmocka_unit_test(a_directory_that_cannot_be_made_undoes_the_vm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
