#include "tests/unit/unit.h"

#include "lib/json/pointer.h"

static void steps_are_put_in_front(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_INPUT, "bad");
    assert_int_equal(json_wrap_key(&err, "b"), -1);
    assert_int_equal(json_wrap_index(&err, 12), -1);
    assert_int_equal(json_wrap_key(&err, "a"), -1);
    assert_string_equal(err.pointer, "/a/12/b");
    assert_string_equal(err.text, "bad");
}

static void keys_are_escaped(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_INPUT, "bad");
    json_wrap_key(&err, "m~n/o\x1b");
    assert_string_equal(err.pointer, "/m~0n~1o\\x1b");
}

static void long_keys_are_cut(void **state)
{
    char key[1000];
    struct err err;

    (void)state;
    memset(key, 'k', sizeof(key));
    key[sizeof(key) - 1] = '\0';
    err_set(&err, ERR_INPUT, "bad");
    json_wrap_key(&err, key);
    assert_true(strlen(err.pointer) < ERR_POINTER_MAX);
    assert_true(text_ends_with(err.pointer, "k..."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_put_in_front),
        cmocka_unit_test(keys_are_escaped),
        cmocka_unit_test(long_keys_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
