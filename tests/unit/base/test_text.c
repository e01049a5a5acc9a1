#include "tests/unit/unit.h"

#include "lib/base/text.h"

static struct err err;

/* --- numbers --- */

static void numbers_that_are_not_plain_are_refused(void **state)
{
    static const char *const texts[] = {"",   " 1",  "1 ",  "+1",  "-1", "01",
                                        "00", "0x1", "1e3", "1.0", "a",  "18446744073709551616"};
    uint64_t value = 7;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_fails(text_parse_u64(texts[i], UINT64_MAX, &value, &err), ERR_INPUT);
        assert_int_equal(value, 7);
    }
    assert_fails(text_parse_u64("101", 100, &value, &err), ERR_INPUT);
    assert_fails(text_parse_u64("9", 5, &value, &err), ERR_INPUT);
}

static void numbers_up_to_the_limit_are_read(void **state)
{
    uint64_t value;

    (void)state;
    assert_ok(text_parse_u64("0", 0, &value, &err));
    assert_int_equal(value, 0);
    assert_ok(text_parse_u64("100", 100, &value, &err));
    assert_int_equal(value, 100);
    assert_ok(text_parse_u64("18446744073709551615", UINT64_MAX, &value, &err));
    assert_true(value == UINT64_MAX);
}

/* --- durations and times --- */

static void bad_durations_are_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "5",
                                        "s",
                                        "5x",
                                        "-5s",
                                        "5 s",
                                        "1m1h",
                                        "1s1s",
                                        "1h 1m",
                                        "1.5h",
                                        "1H",
                                        "5ms5s",
                                        "9223372036854775808ms",
                                        "106751991168d",
                                        "99999999999999999999s"};
    uint64_t ms = 7;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_fails(text_parse_duration(texts[i], &ms, &err), ERR_INPUT);
        assert_int_equal(ms, 7);
    }
}

static void durations_go_both_ways(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
        const char *shortest;
    } cases[] = {
        {"0s", 0, "0s"},
        {"1ms", 1, "1ms"},
        {"90s", 90000, "1m30s"},
        {"1h30m", 5400000, "1h30m"},
        {"2d3h4m5s6ms", 183845006, "2d3h4m5s6ms"},
        {"1000ms", 1000, "1s"},
        {"9223372036854775807ms", INT64_MAX, "106751991167d7h12m55s807ms"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[TEXT_DURATION_SIZE];
        uint64_t ms;

        assert_ok(text_parse_duration(cases[i].text, &ms, &err));
        assert_true(ms == cases[i].ms);
        text_format_duration(ms, text);
        assert_string_equal(text, cases[i].shortest);
    }
}

static void bad_times_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "2026-11-23",
        "2026-11-23 04:05:06Z",
        "2026-11-23T04:05:06",
        "2026-11-23T04:05Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T00:60:00Z",
        "2026-11-23T00:00:61Z",
        "2026-11-23T00:00:00.Z",
        "2026-11-23T00:00:00+1:00",
        "2026-11-23T00:00:00+24:00",
        "2026-11-23T00:00:00+0100",
        "2026-11-23T00:00:00+01:60",
        "2026-11-23T00:00:00",
        "2026-11-23T0:00:00Z",
        "2026-11-23T00:00:00Zx",
        "+026-11-23T00:00:00Z",
    };
    int64_t seconds = 7;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (text_parse_time(texts[i], &seconds, &err) == 0)
            fail_msg("accepted '%s'", texts[i]);
        assert_int_equal(err.kind, ERR_INPUT);
        assert_int_equal(seconds, 7);
    }
}

static void times_go_both_ways(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2000-02-29T12:00:00Z", 951825600},
        {"2026-11-23T04:05:06Z", 1795406706},
        {"2038-01-19T03:14:08Z", 2147483648},
        {"9999-12-31T23:59:59Z", 253402300799},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[TEXT_TIME_SIZE];
        int64_t seconds;

        assert_ok(text_parse_time(cases[i].text, &seconds, &err));
        assert_true(seconds == cases[i].seconds);
        text_format_time(seconds, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void offsets_and_fractions_are_understood(void **state)
{
    int64_t seconds;

    (void)state;
    assert_ok(text_parse_time("2026-11-23T05:05:06.999+01:00", &seconds, &err));
    assert_int_equal(seconds, 1795406706);
    assert_ok(text_parse_time("2026-11-22t20:35:06-07:30", &seconds, &err));
    assert_int_equal(seconds, 1795406706);
}

static void times_out_of_range_are_shown_at_the_border(void **state)
{
    char text[TEXT_TIME_SIZE];

    (void)state;
    text_format_time(INT64_MIN, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    text_format_time(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
}

/* --- characters --- */

static void invalid_utf8_is_seen(void **state)
{
    static const char *const texts[] = {
        "\x80",
        "\xc2",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "a\xe2\x82",
        "\xe2\x28\xa1",
        "\xf0\x9f\x98",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(text_is_utf8(span_of_str(texts[i])));
}

static void valid_utf8_is_seen(void **state)
{
    static const char *const texts[] = {
        "",
        "plain",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_true(text_is_utf8(span_of_str(texts[i])));
    assert_true(text_is_utf8(span_of("a\0b", 3)));
}

static void only_safe_names_are_names(void **state)
{
    static const char *const bad[] = {"",    ".", "..",  ".a", "-a",  "a/b",     "a b",
                                      "a\n", "~", "a\\", "a:", "a\"", "\xc3\xa9"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(text_is_name(bad[i], 10));
    assert_true(text_is_name("a", 1));
    assert_true(text_is_name("Iris-1_2.csv", 12));
    assert_false(text_is_name("Iris-1_2.csv", 11));
}

static void assert_printable(struct span text, size_t max, const char *wanted)
{
    OWNED_BUF out = BUF_OF(256);

    text_add_printable(&out, text, max);
    assert_string_equal(buf_str(&out), wanted);
}

static void what_a_terminal_should_not_see_is_shown_as_hex(void **state)
{
    (void)state;
    assert_printable(span_of_str("a caf\xc3\xa9~"), 100, "a caf\xc3\xa9~");
    assert_printable(span_of_str("a\x1b[31m\n\x7f"), 100, "a\\x1b[31m\\x0a\\x7f");
    assert_printable(span_of("a\0b", 3), 100, "a\\x00b");
    assert_printable(span_of_str("\xff\xc3"), 100, "\\xff\\xc3");
    assert_printable(span_of_str("a\xc2\x9b"
                                 "31m"),
                     100, "a\\xc2\\x9b31m");
}

static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    assert_printable(span_of_str("abcdef"), 3, "abc...");
    assert_printable(span_of_str("abc"), 3, "abc");
    assert_printable(span_of_str("ab\xc3\xa9"), 3, "ab...");
    assert_printable(span_of_str("ab\n"), 5, "ab...");
}

static void prefixes_and_suffixes_are_found(void **state)
{
    (void)state;
    assert_true(text_starts_with("abc", "ab") && text_starts_with("abc", ""));
    assert_false(text_starts_with("ab", "abc"));
    assert_true(text_ends_with("abc", "bc") && text_ends_with("abc", ""));
    assert_false(text_ends_with("bc", "abc"));
    assert_false(text_ends_with("abd", "bc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_are_not_plain_are_refused),
        cmocka_unit_test(numbers_up_to_the_limit_are_read),
        cmocka_unit_test(bad_durations_are_refused),
        cmocka_unit_test(durations_go_both_ways),
        cmocka_unit_test(bad_times_are_refused),
        cmocka_unit_test(times_go_both_ways),
        cmocka_unit_test(offsets_and_fractions_are_understood),
        cmocka_unit_test(times_out_of_range_are_shown_at_the_border),
        cmocka_unit_test(invalid_utf8_is_seen),
        cmocka_unit_test(valid_utf8_is_seen),
        cmocka_unit_test(only_safe_names_are_names),
        cmocka_unit_test(what_a_terminal_should_not_see_is_shown_as_hex),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(prefixes_and_suffixes_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
