#include "tests/unit/unit.h"

#include "services/agent-api/attester/logs.h"

static char dir[64];

static void put(const char *folder, const char *name, const char *text)
{
    OWNED(free_str) char *at = mem_printf("%s/%s", dir, folder);
    OWNED(free_str) char *path = mem_printf("%s/%s", at, name);
    struct err err;

    assert_ok(file_make_dirs(at, 0700, &err));
    assert_ok(file_create(path, span_of_str(text), 0600, &err));
}

static int begin(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/cocos-logs-XXXXXX");
    return mkdtemp(dir) == NULL;
}

static int end(void **state)
{
    struct err err;

    (void)state;
    return file_remove_tree(dir, &err);
}

static void where_no_log_is_there_is_nothing(void **state)
{
    OWNED_BUF tcg = BUF_OF(LOGS_TCG_MAX), ima = BUF_OF(LOGS_IMA_MAX);
    struct err err;

    (void)state;
    buf_add_str(&tcg, "of before");
    assert_ok(logs_read(dir, &tcg, &ima, &err));
    assert_int_equal(tcg.len, 0);
    assert_int_equal(ima.len, 0);
}

static void a_log_over_its_ceiling_is_told(void **state)
{
    OWNED_BUF tcg = BUF_OF(4), ima = BUF_OF(LOGS_IMA_MAX);
    struct err err;

    (void)state;
    put("kernel/security/tpm0", "binary_bios_measurements", "longer");
    assert_fails(logs_read(dir, &tcg, &ima, &err), ERR_TOO_LARGE);
}

static void both_logs_are_read(void **state)
{
    OWNED_BUF tcg = BUF_OF(LOGS_TCG_MAX), ima = BUF_OF(LOGS_IMA_MAX);
    struct err err;

    (void)state;
    put("kernel/security/tpm0", "binary_bios_measurements", "firmware");
    put("firmware/acpi/tables/data", "CCEL", "not this one");
    put("kernel/security/integrity/ima", "binary_runtime_measurements", "kernel");
    assert_ok(logs_read(dir, &tcg, &ima, &err));
    assert_string_equal(buf_str(&tcg), "firmware");
    assert_string_equal(buf_str(&ima), "kernel");
}

static void without_a_tpm_it_is_the_log_of_tdx(void **state)
{
    OWNED_BUF tcg = BUF_OF(LOGS_TCG_MAX), ima = BUF_OF(LOGS_IMA_MAX);
    struct err err;

    (void)state;
    put("firmware/acpi/tables/data", "CCEL", "of tdx");
    put("kernel/security/ima", "binary_runtime_measurements", "kernel");
    assert_ok(logs_read(dir, &tcg, &ima, &err));
    assert_string_equal(buf_str(&tcg), "of tdx");
    assert_string_equal(buf_str(&ima), "kernel");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(where_no_log_is_there_is_nothing),
        TEST(a_log_over_its_ceiling_is_told),
        TEST(both_logs_are_read),
        TEST(without_a_tpm_it_is_the_log_of_tdx),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
