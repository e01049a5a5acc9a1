#include "tests/unit/unit.h"

#include "lib/json/json.h"

static void assert_written(const char *text, const char *wanted)
{
    OWNED_BUF out = BUF_OF(4096);

    json_write_str(text, &out);
    assert_string_equal(buf_str(&out), wanted);
}

static void what_json_must_not_hold_is_escaped(void **state)
{
    (void)state;
    assert_written("\b\t\n\f\r\"\\\x01\x1f", "\"\\b\\t\\n\\f\\r\\\"\\\\\\u0001\\u001f\"");
    assert_written("a\nb\"", "\"a\\nb\\\"\"");
}

static void everything_else_stays_as_it_is(void **state)
{
    (void)state;
    assert_written("", "\"\"");
    assert_written("rose/\x7f\xc3\xa9\xf0\x9f\x98\x80", "\"rose/\x7f\xc3\xa9\xf0\x9f\x98\x80\"");
}

static void what_is_no_utf8_is_shown(void **state)
{
    (void)state;
    assert_written("a\xff\xed\xa0\x80", "\"a\\\\xff\\\\xed\\\\xa0\\\\x80\"");
}

/* Whatever the bytes are: what was written is read back, and is the text where that was valid. */
static void every_pair_of_bytes_reads_back(void **state)
{
    (void)state;
    for (unsigned i = 0x0100; i < 0x10000; i++) {
        const char text[] = {(char)(i >> 8), (char)(i & 0xff), '\0'};
        OWNED_BUF out = BUF_OF(64);
        OWNED_JSON *json = NULL;
        struct err err;

        json_write_str(text, &out);
        assert_ok(json_parse(buf_span(&out), &json, &err));
        if (text_is_utf8(span_of_str(text)))
            assert_string_equal(json_str(json), text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_json_must_not_hold_is_escaped),
        cmocka_unit_test(everything_else_stays_as_it_is),
        cmocka_unit_test(what_is_no_utf8_is_shown),
        cmocka_unit_test(every_pair_of_bytes_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
