#include "tests/unit/unit.h"

#include "lib/computation/failure.h"

static void expect_json(const struct failure *failure, const char *expected)
{
    OWNED_JSON *json = failure_encode(failure);
    OWNED_BUF text = BUF_OF(4096);

    json_write(json, &text);
    assert_string_equal(buf_str(&text), expected);
}

static void what_there_is_none_of_is_null(void **state)
{
    struct failure failure;

    (void)state;
    failure_set(&failure, FAILURE_TIMEOUT, "10m", "ran longer than %s", "10m");
    expect_json(&failure, "{\"kind\":\"timeout\",\"exit_code\":null,\"signal\":null,"
                          "\"limit\":\"10m\",\"detail\":\"ran longer than 10m\"}");
}

static void exit_code_and_signal_are_numbers(void **state)
{
    struct failure failure;

    (void)state;
    failure_set(&failure, FAILURE_EXIT, "", "x");
    failure.exit_code = 0;
    failure.signal = 9;
    expect_json(&failure, "{\"kind\":\"exit\",\"exit_code\":0,\"signal\":9,\"limit\":null,"
                          "\"detail\":\"x\"}");
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
    for (int kind = 0; kind < FAILURE_KIND_COUNT; kind++)
        assert_non_null(failure_kind_names[kind]);
    assert_null(failure_kind_names[FAILURE_KIND_COUNT]);
    assert_string_equal(failure_kind_names[FAILURE_MANIFEST], "manifest");
}

static void long_details_are_cut(void **state)
{
    char text[1000];
    struct failure failure;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    failure_set(&failure, FAILURE_START, text, "%s", text);
    assert_int_equal(strlen(failure.detail), sizeof(failure.detail) - 1);
    assert_int_equal(strlen(failure.limit), sizeof(failure.limit) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_there_is_none_of_is_null),
        cmocka_unit_test(exit_code_and_signal_are_numbers),
        cmocka_unit_test(every_kind_has_a_name),
        cmocka_unit_test(long_details_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
