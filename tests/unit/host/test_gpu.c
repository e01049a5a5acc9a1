/* The GPUs of hosts that are trees of files. */
#include "tests/unit/host/gpu_make.h"

#include "lib/host/gpu.h"

static void host_without_a_bus_has_none(void **state)
{
    SCRATCH root = scratch_new();
    struct gpu gpus[GPU_MAX];

    (void)state;
    assert_int_equal(gpu_list(root.path, gpus), 0);
}

static void gpu_that_shares_its_group_or_has_none_stays(void **state)
{
    SCRATCH root = scratch_new();
    struct gpu gpus[GPU_MAX];

    (void)state;
    gpu_make(&root, "0000:01:00.0", "0x030000\n", "0000:01:00.0 0000:01:00.1");
    gpu_make(&root, "0000:01:00.1", "0x040300\n", "");
    gpu_make(&root, "0000:02:00.0", "0x030200\n", "");
    assert_int_equal(gpu_list(root.path, gpus), 2);
    assert_false(gpus[0].available || gpus[1].available);
    assert_non_null(strstr(gpus[0].reason, "with 0000:01:00.1"));
    assert_non_null(strstr(gpus[1].reason, "IOMMU"));
}

static void gpu_with_a_group_of_its_own_can_be_handed_over(void **state)
{
    SCRATCH root = scratch_new();
    struct gpu gpus[GPU_MAX];

    (void)state;
    gpu_make(&root, "0000:00:01.0", "0x060400\n", "");
    gpu_make(&root, "0000:41:00.0", "0x030200\n", "0000:00:01.0 0000:41:00.0");
    gpu_make(&root, "0000:42:00.0", "0x020000\n", "0000:42:00.0");
    assert_int_equal(gpu_list(root.path, gpus), 1);
    assert_string_equal(gpus[0].address, "0000:41:00.0");
    assert_int_equal(gpus[0].vendor, 0x10de);
    assert_int_equal(gpus[0].device, 0x2330);
    assert_true(gpus[0].window_bytes == 128 * GIB);
    assert_true(gpus[0].available);
    assert_string_equal(gpus[0].reason, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_without_a_bus_has_none),
        cmocka_unit_test(gpu_that_shares_its_group_or_has_none_stays),
        cmocka_unit_test(gpu_with_a_group_of_its_own_can_be_handed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
