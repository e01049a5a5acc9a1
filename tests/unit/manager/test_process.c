#include "tests/unit/manager/scratch.h"

#include "services/manager-api/vm/process.h"

#define ID "01234567-89ab-4cde-8f01-23456789abcd"

static void every_libvirt_has_its_place(void **state)
{
    char dir[256];

    (void)state;
    process_run_dir("qemu:///system", dir, sizeof(dir));
    assert_string_equal(dir, "/run/libvirt/qemu");
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    process_run_dir("qemu:///session", dir, sizeof(dir));
    assert_string_equal(dir, "/run/user/7/libvirt/qemu/run");
    unsetenv("XDG_RUNTIME_DIR");
    setenv("HOME", "/home/x", 1);
    process_run_dir("qemu:///session", dir, sizeof(dir));
    assert_string_equal(dir, "/home/x/.cache/libvirt/qemu/run");
    process_run_dir("test:///default", dir, sizeof(dir));
    assert_string_equal(dir, "");
}

static void the_process_is_read_from_its_file(void **state)
{
    static const char *const bad[] = {"", "\n", "-1", "12x", "1\n2", "99999999999999999999999999"};
    SCRATCH dir = scratch_new();
    struct vm_hypervisor hypervisor = {.run_dir = ""};

    (void)state;
    assert_int_equal(process_of(&hypervisor, ID), 0);
    set_text(hypervisor.run_dir, dir.path);
    assert_int_equal(process_of(&hypervisor, ID), 0);
    put(&dir, "cocos-" ID ".pid", "4711");
    assert_int_equal(process_of(&hypervisor, ID), 4711);
    put(&dir, "cocos-" ID ".pid", "4711\n");
    assert_int_equal(process_of(&hypervisor, ID), 4711);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        put(&dir, "cocos-" ID ".pid", bad[i]);
        assert_int_equal(process_of(&hypervisor, ID), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_libvirt_has_its_place),
        cmocka_unit_test(the_process_is_read_from_its_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
