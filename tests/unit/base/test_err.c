#include "tests/unit/unit.h"

#include "lib/base/err.h"

#include <errno.h>

static void set_fills_and_fails(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(err_set(&err, ERR_INPUT, "cpus: %d", 7), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    assert_string_equal(err.text, "cpus: 7");
    assert_string_equal(err.pointer, "");
}

static void wrap_puts_context_in_front(void **state)
{
    struct err err;

    (void)state;
    err_set_at(&err, ERR_NOT_FOUND, "/a", "no such file");
    assert_int_equal(err_wrap(&err, "policy '%s'", "p.json"), -1);
    assert_string_equal(err.text, "policy 'p.json': no such file");
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_string_equal(err.pointer, "/a");
}

static void set_may_quote_itself(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_INPUT, "inner");
    err_set(&err, ERR_SYSTEM, "outer: %s", err.text);
    assert_string_equal(err.text, "outer: inner");
}

static void long_texts_are_cut_with_dots(void **state)
{
    char text[3 * ERR_TEXT_MAX];
    struct err err;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    err_set(&err, ERR_INPUT, "%s", text);
    assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
    assert_string_equal(err.text + ERR_TEXT_MAX - 4, "...");

    err_wrap(&err, "%s", "context");
    assert_true(text_starts_with(err.text, "context: aaa"));
    assert_string_equal(err.text + ERR_TEXT_MAX - 4, "...");
}

static void errno_decides_about_space(void **state)
{
    struct err err;

    (void)state;
    errno = ENOSPC;
    err_set_errno(&err, ERR_SYSTEM, "write");
    assert_int_equal(err.kind, ERR_NO_SPACE);
    errno = EACCES;
    err_set_errno(&err, ERR_SYSTEM, "open 'x'");
    assert_int_equal(err.kind, ERR_SYSTEM);
    assert_string_equal(err.text, "open 'x': Permission denied");
}

static void pointers_grow_towards_the_root(void **state)
{
    struct err err;

    (void)state;
    err_set_at(&err, ERR_INPUT, "/filename", "bad");
    err_wrap_pointer(&err, "/datasets/0");
    assert_string_equal(err.pointer, "/datasets/0/filename");
}

static void every_kind_has_its_row(void **state)
{
    (void)state;
    for (int kind = ERR_NONE + 1; kind < ERR_KIND_COUNT; kind++) {
        const struct err_row *row = err_row((enum err_kind)kind);

        assert_true(row->http_status >= 400 && row->http_status < 600);
        assert_true(row->exit_code > 0);
        assert_int_equal(err_kind_of_slug(row->slug), kind);
    }
    assert_int_equal(err_row(ERR_NONE)->exit_code, 0);
    assert_int_equal(err_kind_of_slug("no such slug"), ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_and_fails),
        cmocka_unit_test(wrap_puts_context_in_front),
        cmocka_unit_test(set_may_quote_itself),
        cmocka_unit_test(long_texts_are_cut_with_dots),
        cmocka_unit_test(errno_decides_about_space),
        cmocka_unit_test(pointers_grow_towards_the_root),
        cmocka_unit_test(every_kind_has_its_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
