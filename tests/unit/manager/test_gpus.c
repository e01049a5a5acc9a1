/* GPUs of a host that is a tree of files, in the hands of VMs. */
#include "tests/unit/manager/fleet_world.h"

#include "services/manager-api/fleet/gpus.h"
#include "tests/unit/host/gpu_make.h"

#define FIRST  "0000:41:00.0"
#define SECOND "0000:42:00.0"
#define SHARED "0000:43:00.0"

static struct test_world *world_with_gpus(bool kvm)
{
    struct test_world *world = world_new();

    gpu_make(&world->dir, FIRST, "0x030200\n", FIRST);
    gpu_make(&world->dir, SECOND, "0x030200\n", SECOND);
    gpu_make(&world->dir, SHARED, "0x030000\n", SHARED " 0000:43:00.1");
    gpu_make(&world->dir, "0000:43:00.1", "0x040300\n", "");
    world->tee.qemu = kvm;
    world_open(world);
    return world;
}

static int order(struct test_world *world, const char *one, const char *other, char *ret_id,
                 struct err *err)
{
    char *items[] = {(char *)one, (char *)other};
    struct vm_spec spec = {
        .platform = API_PLATFORM_VM, .cpus = 1, .gpus = {items, other != NULL ? 2 : 1}};

    return world_create(world, &alice, &spec, ret_id, err);
}

static void what_the_host_has_not_or_keeps_is_refused_with_its_place(void **state)
{
    WORLD *world = world_with_gpus(true);
    struct err err;

    (void)state;
    assert_fails(order(world, FIRST, "0000:44:00.0", NULL, &err), ERR_INPUT);
    assert_string_equal(err.pointer, "/gpus/1");
    assert_fails(order(world, "41:00.0", NULL, NULL, &err), ERR_INPUT);
    assert_fails(order(world, FIRST, FIRST, NULL, &err), ERR_INPUT);
    assert_fails(order(world, SHARED, NULL, NULL, &err), ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "0000:43:00.1"));
    assert_int_equal(fake_count(world->fake), 0);
}

static void emulated_processor_gets_none(void **state)
{
    WORLD *world = world_with_gpus(false);
    OWNED_JSON *told = NULL;
    struct err err;

    (void)state;
    assert_fails(order(world, FIRST, NULL, NULL, &err), ERR_UNSUPPORTED);
    assert_string_equal(err.pointer, "/gpus");
    told = fleet_gpus(world->fleet);
    assert_int_equal(json_count(told), 3);
    assert_false(json_get_bool(json_at(told, 0), "available"));
}

static void one_gpu_is_in_the_hands_of_one_vm_also_after_a_restart(void **state)
{
    WORLD *world = world_with_gpus(true);
    char id[VM_ID_SIZE];
    OWNED_VM vm = {0};
    struct err err;

    (void)state;
    assert_ok(order(world, FIRST, SECOND, id, &err));
    assert_ok(fleet_get(world->fleet, &alice, id, &vm, &err));
    assert_int_equal(vm.gpus.count, 2);
    assert_string_equal(vm.gpus.items[1], SECOND);
    assert_fails(order(world, SECOND, NULL, NULL, &err), ERR_STATE);
    world_close(world);
    world_open(world);
    fleet_wait(world->fleet, 10);
    assert_fails(order(world, SECOND, NULL, NULL, &err), ERR_STATE);
}

static void each_is_told_with_its_hands(void **state)
{
    WORLD *world = world_with_gpus(true);
    OWNED_JSON *told = NULL;
    struct err err;

    (void)state;
    assert_ok(order(world, FIRST, NULL, NULL, &err));
    told = fleet_gpus(world->fleet);
    assert_string_equal(json_get_str(json_at(told, 0), "address"), FIRST);
    assert_string_equal(json_get_str(json_at(told, 0), "reason"), "a VM has it");
    assert_true(json_get_bool(json_at(told, 1), "available"));
    assert_null(json_get_str(json_at(told, 1), "reason"));
    assert_false(json_get_bool(json_at(told, 2), "available"));
}

static void vm_gets_their_places_and_a_window_for_their_memory(void **state)
{
    WORLD *world = world_with_gpus(true);
    struct vm_place place = {.hugepages = true};

    (void)state;
    gpus_place(world->fleet, "", &place);
    assert_int_equal(place.pci_window_gib, 0);
    gpus_place(world->fleet, FIRST "," SECOND, &place);
    assert_int_equal(place.gpu_count, 2);
    assert_int_equal(place.gpus[1].bus, 0x42);
    assert_int_equal(place.pci_window_gib, 512); /* twice 128 GiB each */
    assert_true(place.hugepages);
}

/* Its firmware is measured with the VM's, which no record knows. */
static void plain_vm_with_one_has_no_reference_values(void **state)
{
    WORLD *world = world_with_gpus(true);
    struct json *policy = NULL;
    char id[VM_ID_SIZE];
    struct err err;

    (void)state;
    assert_ok(order(world, FIRST, NULL, id, &err));
    assert_fails(fleet_policy(world->fleet, &alice, id, &policy, &err), ERR_STATE);
    assert_non_null(strstr(err.text, "devices of the host"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_host_has_not_or_keeps_is_refused_with_its_place),
        cmocka_unit_test(emulated_processor_gets_none),
        cmocka_unit_test(one_gpu_is_in_the_hands_of_one_vm_also_after_a_restart),
        cmocka_unit_test(each_is_told_with_its_hands),
        cmocka_unit_test(vm_gets_their_places_and_a_window_for_their_memory),
        cmocka_unit_test(plain_vm_with_one_has_no_reference_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
