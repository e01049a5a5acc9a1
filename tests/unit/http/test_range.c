#include "tests/unit/unit.h"

#include "lib/http/range.h"

static void what_is_not_understood_is_the_whole(void **state)
{
    static const char *const headers[] = {
        "",         "bytes",         "bytes=",      "bytes=-",   "bytes=a-b",  "bytes=5-3",
        "lines=0-", "bytes=0-1,3-4", "bytes=0-1 ,", "bytes=--1", "bytes=1--2", "bytes=0x1-2",
        "bytes=1",  "bytes = 0-1",   "bytes=0 - 1", "0-1",
    };
    uint64_t from, to;

    (void)state;
    assert_int_equal(range_parse(NULL, 100, &from, &to), RANGE_WHOLE);
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        if (range_parse(headers[i], 100, &from, &to) != RANGE_WHOLE)
            fail_msg("'%s'", headers[i]);
        assert_int_equal(from, 0);
        assert_int_equal(to, 100);
    }
}

static void what_does_not_exist_is_unsatisfiable(void **state)
{
    static const char *const headers[] = {"bytes=100-", "bytes=100-200", "bytes=-0",
                                          "bytes=18446744073709551615-",
                                          "bytes=99999999999999999999999-"};
    uint64_t from, to;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        assert_int_equal(range_parse(headers[i], 100, &from, &to), RANGE_UNSATISFIABLE);
    assert_int_equal(range_parse("bytes=0-", 0, &from, &to), RANGE_UNSATISFIABLE);
    assert_int_equal(range_parse("bytes=-5", 0, &from, &to), RANGE_UNSATISFIABLE);
}

static void ranges_are_cut_to_the_size(void **state)
{
    static const struct {
        const char *header;
        uint64_t from, to;
    } cases[] = {
        {"bytes=0-0", 0, 1},
        {"bytes=0-99", 0, 100},
        {"bytes=0-100", 0, 100},
        {"bytes=99-", 99, 100},
        {"bytes=-1", 99, 100},
        {"bytes=-1000", 0, 100},
        {"BYTES= 10-19 ", 10, 20},
        {"bytes=7-99999999999999999999", 7, 100},
        {"bytes=0-18446744073709551615", 0, 100},
    };
    uint64_t from, to;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(range_parse(cases[i].header, 100, &from, &to), RANGE_PART);
        assert_int_equal(from, cases[i].from);
        assert_int_equal(to, cases[i].to);
    }
}

static void tags_are_compared_whole(void **state)
{
    (void)state;
    assert_false(etag_list_matches("", "abc"));
    assert_false(etag_list_matches("abc", "abc"));
    assert_false(etag_list_matches("\"ab\"", "abc"));
    assert_false(etag_list_matches("\"abcd\", \"x\"", "abc"));
    assert_false(etag_list_matches("\"abc", "abc"));
    assert_false(etag_list_matches("junk, \"abc\"", "abc"));
    assert_true(etag_list_matches("\"abc\"", "abc"));
    assert_true(etag_list_matches("\"x\" , W/\"abc\"", "abc"));
    assert_true(etag_list_matches(" *", "abc"));

    assert_true(etag_is("\"abc\"", "abc"));
    assert_false(etag_is("W/\"abc\"", "abc"));
    assert_false(etag_is("\"abc", "abc"));
    assert_false(etag_is("", "abc"));
    assert_false(etag_is("Sat, 29 Oct 1994 19:43:31 GMT", "abc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_understood_is_the_whole),
        cmocka_unit_test(what_does_not_exist_is_unsatisfiable),
        cmocka_unit_test(ranges_are_cut_to_the_size),
        cmocka_unit_test(tags_are_compared_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
