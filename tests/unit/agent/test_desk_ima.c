/* The kernel's measurement list at the desk. */
#include "tests/unit/unit.h"

#include "lib/attest/evidence/ima_log.h"
#include "services/agent-api/attester/desk.h"
#include "services/agent-api/attester/logs.h"

#define LIST "kernel/security/ima/binary_runtime_measurements"

static char dir[] = "build/tmp-desk-ima.XXXXXX";

static int begin(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int end(void **state)
{
    struct err err;

    (void)state;
    return file_remove_tree(dir, &err);
}

static void put_list(const char *text)
{
    OWNED(free_str) char *folder = mem_printf("%s/kernel/security/ima", dir);
    OWNED(free_str) char *path = mem_printf("%s/" LIST, dir);
    struct err err;

    assert_ok(file_make_dirs(folder, 0755, &err));
    assert_ok(file_replace(path, span_of_str(text), 0644, &err));
}

static void read_list(struct desk *desk, struct buf *list, struct desk_ima *registers)
{
    struct err err;

    assert_ok(desk_read_ima(desk, list, registers, &err));
}

static void list_is_told_as_it_is_and_grows(void **state)
{
    const struct desk_config config = {.sysfs = dir};
    struct desk *desk = desk_new(&config);
    OWNED_BUF list = BUF_OF(LOGS_IMA_MAX);
    struct desk_ima registers;

    (void)state;
    read_list(desk, &list, &registers);
    assert_int_equal(list.len, 0);
    put_list("one entry");
    read_list(desk, &list, &registers);
    assert_string_equal(buf_str(&list), "one entry");
    put_list("one entry and another");
    read_list(desk, &list, &registers);
    assert_string_equal(buf_str(&list), "one entry and another");
    assert_false(pcr_bank_has(&registers.sha256, IMA_PCR)); /* no TPM, no register */
    assert_false(pcr_bank_has(&registers.sha1, IMA_PCR));
    desk_free(desk);
}

static void list_over_its_ceiling_is_refused_whole(void **state)
{
    const struct desk_config config = {.sysfs = dir};
    struct desk *desk = desk_new(&config);
    OWNED_BUF list = BUF_OF(8);
    struct desk_ima registers;
    struct err err;

    (void)state;
    put_list("longer than that");
    assert_fails(desk_read_ima(desk, &list, &registers, &err), ERR_TOO_LARGE);
    desk_free(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_is_told_as_it_is_and_grows),
        cmocka_unit_test(list_over_its_ceiling_is_refused_whole),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
