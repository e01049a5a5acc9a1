#include "tests/unit/unit.h"

#include "eos/init/modules.h"

#include <unistd.h>

static void line_of_another_form_is_refused(void **state)
{
    static const char *const LINES[] = {
        "",
        "need",
        "need ",
        "needs 9p.ko",
        "Need 9p.ko",
        "try",
        "try ",
        "9p.ko",
        "need ../9p.ko",
        "need a/9p.ko",
        "need -9p.ko",
        "need 9p.ko ",
        "need .9p.ko",
        " need 9p.ko",
        "need 0123456789012345678901234567890123456789012345678901234567890123",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(LINES); i++) {
        struct module module;
        struct err err;
        assert_fails(modules_parse_line(LINES[i], &module, &err), ERR_INPUT);
    }
}

static void line_says_whether_it_is_needed(void **state)
{
    struct module module;
    struct err err;

    (void)state;
    assert_ok(modules_parse_line("need virtio_net.ko", &module, &err));
    assert_true(module.needed);
    assert_string_equal(module.name, "virtio_net.ko");
    assert_ok(modules_parse_line("try sev_guest.ko", &module, &err));
    assert_false(module.needed);
    assert_string_equal(module.name, "sev_guest.ko");
}

/* A needed module that is no module: the kernel refuses it whoever asks, and the name is told. */
static void needed_module_that_fails_is_named(void **state)
{
    char dir[] = "/tmp/test-modules-XXXXXX";
    char path[64];
    struct err err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_fails(modules_load(dir, &err), ERR_NOT_FOUND);

    snprintf(path, sizeof path, "%s/list", dir);
    assert_ok(file_create(path, span_of_str("try x.ko\nneed x.ko\n"), 0600, &err));
    snprintf(path, sizeof path, "%s/x.ko", dir);
    assert_ok(file_create(path, span_of_str("no module"), 0600, &err));
    assert_fails(modules_load(dir, &err), ERR_SYSTEM);
    assert_non_null(strstr(err.text, "load x.ko"));
    assert_ok(file_remove_tree(dir, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_of_another_form_is_refused),
        cmocka_unit_test(line_says_whether_it_is_needed),
        cmocka_unit_test(needed_module_that_fails_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
