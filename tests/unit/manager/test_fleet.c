#include "tests/unit/manager/fleet_world.h"

static const struct vm_spec plain = {.cpus = 1, .log_level = 1};

/* --- life ---------------------------------------------------------------------------- */

static void a_vm_boots_runs_and_goes(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    assert_int_equal(world_state(world, id), API_VM_BOOTING);
    assert_true(fake_look(world->fake, id).on);
    assert_int_equal(fake_look(world->fake, id).record.phase, VM_PHASE_READY);
    world_say(world, id, "ReceivingManifest", 1);
    world_await(world, id, API_VM_RUNNING);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_string_equal(vm.agent_pin, TEST_PIN);
    assert_string_equal(vm.computation.state, "ReceivingManifest");
    assert_string_equal(vm.computation.id, "c-1");
    assert_non_null(strstr(vm.agent_url, "https://127.0.0.1:22"));
    vm_release(&vm);

    assert_ok(fleet_remove(world->fleet, &alice, id, &vm, &err));
    assert_int_equal(vm.state, API_VM_STOPPING);
    world_await(world, id, -1);
    assert_int_equal(fake_count(world->fake), 0);
    assert_int_equal(world_directories(world), 0);
    assert_true(world_was_told(world, "vm.created vm.booting vm.running vm.computation vm.stopping "
                                      "vm.deleted"));
}

static void only_who_asks_for_a_gateway_has_one(void **state)
{
    const struct vm_spec with = {.cpus = 1, .log_level = 1, .grpc = true};
    WORLD *world = world_new();
    struct vm_record record;
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    image_make_grpc(&world->dir, "eos");
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    assert_int_equal(fake_look(world->fake, id).record.grpc_port, 0);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_null(vm.grpc_url);
    vm_release(&vm);

    assert_ok(world_create(world, &alice, &with, id, &err));
    record = fake_look(world->fake, id).record;
    assert_true(record.grpc_port != 0 && record.grpc_port != record.port);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_non_null(strstr(vm.grpc_url, "https://127.0.0.1:22"));
}

static void defaults_come_from_the_image(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_int_equal(vm.memory_mib, 512);
    assert_string_equal(vm.image, "eos");
    assert_int_equal(vm.platform, API_PLATFORM_VM);
    assert_int_equal(strncmp(vm.name, "vm-", 3), 0);
    assert_int_equal(vm.expires_at, 0);
}

static void a_vm_that_is_killed_is_failed_and_its_port_free(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    fake_kill(world->fake, id, VM_END_KILLED);
    fleet_wake(world->fleet);
    world_await(world, id, API_VM_FAILED);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_string_equal(vm.failure.kind, "killed");
    assert_null(vm.agent_url);
    world_until(fake_look(world->fake, id).record.phase == VM_PHASE_FAILED);
}

static void check_end(const char *said, enum vm_end end, int wanted, const char *kind)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    if (said != NULL)
        world_say(world, id, said, 1);
    fake_kill(world->fake, id, end);
    fleet_wake(world->fleet);
    world_await(world, id, wanted);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    if (kind == NULL)
        assert_null(vm.failure.kind);
    else
        assert_string_equal(vm.failure.kind, kind);
}

static void the_end_of_a_guest_is_told_apart(void **state)
{
    (void)state;
    check_end("Complete", VM_END_GUEST, API_VM_STOPPED, NULL);
    check_end("Running", VM_END_GUEST, API_VM_FAILED, "guest");
    check_end(NULL, VM_END_GUEST, API_VM_FAILED, "boot");
    check_end("Complete", VM_END_UNKNOWN, API_VM_FAILED, "lost");
}

static void an_agent_that_falls_silent_is_reported(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    world_say(world, id, "Idle", 1);
    world_await(world, id, API_VM_RUNNING);
    __atomic_add_fetch(&monotonic_shift_ms, 31000, __ATOMIC_SEQ_CST);
    world_until(world_was_told(world, "vm.silent"));
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_true(vm.agent.silent);
    assert_int_equal(vm.state, API_VM_RUNNING);
    vm_release(&vm);
    world_say(world, id, "Idle", 2);
    world_until(fleet_get(world->fleet, &alice, id, &vm, &err) == 0 &&
                (!vm.agent.silent || (vm_release(&vm), false)));
}

static void an_agent_that_never_comes_ends_the_vm(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    __atomic_add_fetch(&monotonic_shift_ms, 61000, __ATOMIC_SEQ_CST);
    world_await(world, id, API_VM_FAILED);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_string_equal(vm.failure.kind, "boot");
    assert_string_equal(vm.failure.detail, "the agent was not heard within 60 s");
    world_until(!fake_look(world->fake, id).on);
}

/* A VM with Secure Boot of such an image; what its firmware says on the console. */
static void create_signed(struct test_world *world, bool debug, const char *says,
                          char id[static VM_ID_SIZE])
{
    const struct vm_spec spec = {
        .image = (char *)"eos-debug", .cpus = 1, .secure_boot = true, .log_level = 1};
    OWNED(free_str) char *name = NULL;
    struct err err;

    image_make_signed(&world->dir, "eos-debug", debug);
    assert_ok(world_create(world, &alice, &spec, id, &err));
    name = mem_printf("vms/%s/console.log", id);
    put(&world->dir, name, says);
}

static void what_the_firmware_refuses_to_start_is_told(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0}, silent = {0};
    char id[VM_ID_SIZE], other[VM_ID_SIZE], fine[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    create_signed(world, true, "\x1b[1mBdsDxe: failed to load Boot0001 \"disk\": Access Denied\r\n",
                  id);
    world_await(world, id, API_VM_FAILED);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_string_equal(vm.failure.kind, "boot");
    assert_non_null(strstr(vm.failure.detail, "Access Denied"));

    create_signed(world, true, "BdsDxe: failed to load Boot0000: Not Found\r\n", fine);
    create_signed(world, false, "", other); /* whose console goes nowhere */
    usleep(700000);
    assert_int_equal(world_state(world, fine), API_VM_BOOTING);
    __atomic_add_fetch(&monotonic_shift_ms, 61000, __ATOMIC_SEQ_CST);
    world_await(world, other, API_VM_FAILED);
    assert_ok(fleet_get(world->fleet, &alice, other, &silent, &err));
    assert_non_null(strstr(silent.failure.detail, "60 s; it is the same where the firmware"));
}

static void a_share_that_overflows_ends_the_vm_with_the_reason(void **state)
{
    WORLD *world = world_new();
    OWNED(free_str) char *name = NULL;
    OWNED_VM vm = {0};
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    name = mem_printf("vms/%s/out/flood", id);
    put(&world->dir, name, "");
    assert_int_equal(truncate(in(&world->dir, name), 17 * (off_t)MIB), 0);
    world_await(world, id, API_VM_FAILED);
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_string_equal(vm.failure.kind, "share");
    assert_non_null(strstr(vm.failure.detail, "16 MiB"));
    world_until(!fake_look(world->fake, id).on);
}

static void a_definition_removed_from_outside_is_forgotten(void **state)
{
    WORLD *world = world_new();
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    memset(fake_find(world->fake, id), 0, sizeof(struct fake_machine));
    fleet_wake(world->fleet);
    world_await(world, id, -1);
    assert_int_equal(world_directories(world), 0);
}

/* A list that was begun before a VM was made says nothing about it. */
static void an_old_list_does_not_lose_a_new_vm(void **state)
{
    WORLD *world = world_new();
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    world_open(world);
    world->fake->linger_ms = 700;
    fleet_wake(world->fleet);
    usleep(400000); /* the list is under way */
    assert_ok(world_create(world, &alice, &plain, id, &err));
    usleep(1500000);
    assert_int_equal(world_state(world, id), API_VM_BOOTING);
    assert_true(fake_look(world->fake, id).on);
    assert_int_equal(world_directories(world), 1);
}

/* --- owners ---------------------------------------------------------------------------- */

static void anothers_vm_is_not_there(void **state)
{
    WORLD *world = world_new();
    OWNED_VM vm = {0};
    OWNED_BUF text = BUF_OF(1 * MIB);
    struct vm_list list;
    struct vm_stats stats;
    char id[VM_ID_SIZE], owner[VM_NAME_SIZE];
    const struct fleet_query query = {.state = -1, .limit = 10};
    struct err err;

    (void)state;
    world_open(world);
    assert_ok(world_create(world, &alice, &plain, id, &err));
    assert_fails(fleet_get(world->fleet, &bob, id, &vm, &err), ERR_NOT_FOUND);
    assert_fails(fleet_remove(world->fleet, &bob, id, &vm, &err), ERR_NOT_FOUND);
    assert_fails(fleet_measure(world->fleet, &bob, id, &stats, &err), ERR_NOT_FOUND);
    assert_fails(fleet_console(world->fleet, &bob, id, &text, &err), ERR_NOT_FOUND);
    assert_fails(fleet_owner(world->fleet, &bob, id, owner, &err), ERR_NOT_FOUND);
    assert_ok(fleet_list(world->fleet, &bob, &query, &list, &err));
    assert_int_equal(list.items.count, 0);
    fleet_list_release(&list);
    assert_ok(fleet_list(world->fleet, &root, &query, &list, &err));
    assert_int_equal(list.items.count, 1);
    fleet_list_release(&list);
    assert_int_equal(world_state(world, id), API_VM_BOOTING);
    assert_fails(fleet_get(world->fleet, &root, "no such id\x1b", &vm, &err), ERR_NOT_FOUND);
    assert_null(strchr(err.text, '\x1b'));
}

/* --- lists ----------------------------------------------------------------------------- */

static void pages_follow_each_other_without_gaps(void **state)
{
    WORLD *world = world_new();
    OWNED(free_str) char *cursor = NULL;
    unsigned seen = 0, pages = 0;
    char last[VM_ID_SIZE] = "";
    struct err err;

    (void)state;
    world_open(world);
    for (int i = 0; i < 5; i++)
        assert_ok(world_create(world, &alice, &plain, NULL, &err));
    do {
        const struct fleet_query query = {.state = -1, .limit = 2, .cursor = cursor};
        struct vm_list list;

        assert_ok(fleet_list(world->fleet, &alice, &query, &list, &err));
        for (size_t i = 0; i < list.items.count; i++) {
            assert_string_not_equal(((struct vm *)list.items.items)[i].id, last);
            snprintf(last, sizeof(last), "%s", ((struct vm *)list.items.items)[i].id);
        }
        seen += (unsigned)list.items.count;
        pages++;
        mem_set_str(&cursor, list.next);
        fleet_list_release(&list);
    } while (cursor != NULL);
    assert_int_equal(seen, 5);
    assert_int_equal(pages, 3);
}

static void cursors_that_are_not_ours_are_refused(void **state)
{
    static const char *const bad[] = {
        "", "x", "-", "12", "12-", "a-b", "1-0123456789012345678901234567890123456789"};
    WORLD *world = world_new();
    struct vm_list list;
    struct err err;

    (void)state;
    world_open(world);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const struct fleet_query query = {.state = -1, .limit = 2, .cursor = bad[i]};

        if (strcmp(bad[i], "12-") == 0)
            continue; /* before every id */
        assert_fails(fleet_list(world->fleet, &alice, &query, &list, &err), ERR_INPUT);
    }
}

static void a_thousand_vms_are_listed_at_once(void **state)
{
    WORLD *world = world_new();
    const struct fleet_query query = {.state = API_VM_FAILED, .limit = 1000};
    struct vm_list list;
    int64_t begun;
    struct err err;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct vm_record *record = &world->fake->machines[i].record;

        world->fake->machines[i].defined = true;
        *record = (struct vm_record){.phase = VM_PHASE_FAILED, .created_at = 1700000000 + i % 7};
        snprintf(record->id, sizeof(record->id), "00000000-0000-4000-8000-%012d", i);
        set_text(record->manager, TEST_MANAGER);
        set_text(record->owner, "alice");
        record->ended_at = test_now();
    }
    world_open(world);
    begun = clock_monotonic_ms();
    assert_ok(fleet_list(world->fleet, &alice, &query, &list, &err));
    assert_true(clock_monotonic_ms() - begun < 20000);
    assert_int_equal(list.items.count, 1000);
    assert_null(list.next);
    fleet_list_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vm_boots_runs_and_goes),
        cmocka_unit_test(only_who_asks_for_a_gateway_has_one),
        cmocka_unit_test(defaults_come_from_the_image),
        cmocka_unit_test(a_vm_that_is_killed_is_failed_and_its_port_free),
        cmocka_unit_test(the_end_of_a_guest_is_told_apart),
        cmocka_unit_test(an_agent_that_falls_silent_is_reported),
        cmocka_unit_test(an_agent_that_never_comes_ends_the_vm),
        cmocka_unit_test(what_the_firmware_refuses_to_start_is_told),
        cmocka_unit_test(a_share_that_overflows_ends_the_vm_with_the_reason),
        cmocka_unit_test(a_definition_removed_from_outside_is_forgotten),
        cmocka_unit_test(an_old_list_does_not_lose_a_new_vm),
        cmocka_unit_test(anothers_vm_is_not_there),
        cmocka_unit_test(pages_follow_each_other_without_gaps),
        cmocka_unit_test(cursors_that_are_not_ours_are_refused),
        cmocka_unit_test(a_thousand_vms_are_listed_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
