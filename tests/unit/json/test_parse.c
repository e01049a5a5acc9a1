#include "tests/unit/unit.h"

#include "lib/json/json.h"

static int parse_bytes(const char *text, size_t len, struct err *err)
{
    OWNED_JSON *json = NULL;

    return json_parse(span_of(text, len), &json, err);
}

static int parse(const char *text, struct err *err)
{
    return parse_bytes(text, strlen(text), err);
}

static void refuses_what_is_not_json(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "01",
        "1 2",
        "{} x",
        "nul",
        "\"a\nb\"",
        "\"\\x41\"",
        "+1",
        "[1] // hm",
        "NaN",
        "\"\\ud800\"",
        "1e999",
        "\xef\xbb\xbf{}",
        ".5",
        "]",
        "99999999999999999999",
        "{\"a\" 1}",
        "}",
        "\"",
        "\"\\",
        "[",
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (parse(texts[i], &err) == 0)
            fail_msg("accepted '%s'", texts[i]);
        assert_int_equal(err.kind, ERR_MALFORMED);
        assert_true(text_starts_with(err.text, "line "));
    }
}

static void says_where_the_fault_is(void **state)
{
    struct err err;

    (void)state;
    assert_fails(parse("{\n  \"a\": tru\n}", &err), ERR_MALFORMED);
    assert_true(text_starts_with(err.text, "line 2 column 10: "));
}

static void refuses_invalid_utf8(void **state)
{
    static const char *const texts[] = {
        "\"\xff\"",     "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
        "{\"\xc3\":1}", "\"\xe2\x82\"",
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_fails(parse(texts[i], &err), ERR_MALFORMED);
        assert_true(text_is_utf8(span_of_str(err.text)));
    }
}

static void refuses_nul_in_every_form(void **state)
{
    struct err err;

    (void)state;
    assert_fails(parse("\"a\\u0000b\"", &err), ERR_MALFORMED);
    assert_non_null(strstr(err.text, "a NUL character in a string"));
    assert_fails(parse("{\"a\\u0000b\":1}", &err), ERR_MALFORMED);
    assert_non_null(strstr(err.text, "a NUL character in a string"));
    assert_fails(parse_bytes("\"a\0b\"", 5, &err), ERR_MALFORMED);
    assert_fails(parse_bytes("{}\0", 3, &err), ERR_MALFORMED);
    assert_fails(parse_bytes(NULL, 0, &err), ERR_MALFORMED);
}

static void errors_show_no_control_bytes(void **state)
{
    struct err err;

    (void)state;
    assert_fails(parse("[\x1b[31m]", &err), ERR_MALFORMED);
    assert_null(strchr(err.text, '\x1b'));
}

/* count times open, then count times close. */
static char *nested(size_t count, const char *open, const char *close)
{
    struct buf text = BUF_OF(64 * MIB);

    for (size_t i = 0; i < count; i++)
        buf_add_str(&text, open);
    buf_add_str(&text, "1");
    for (size_t i = 0; i < count; i++)
        buf_add_str(&text, close);
    return buf_take(&text);
}

static void refuses_depth_before_it_costs_stack(void **state)
{
    OWNED(free_str) char *just = nested(JSON_DEPTH_MAX, "[", "]");
    OWNED(free_str) char *over = nested(JSON_DEPTH_MAX + 1, "{\"a\":", "}");
    OWNED(free_str) char *far = nested(4 * MIB, "[", "]");
    struct err err;

    (void)state;
    assert_ok(parse(just, &err));
    assert_fails(parse(over, &err), ERR_MALFORMED);
    assert_string_equal(err.text, "line 1 column 161: nested deeper than 32 levels");
    assert_fails(parse(far, &err), ERR_MALFORMED);
}

static void brackets_in_strings_are_no_depth(void **state)
{
    struct err err;

    (void)state;
    assert_ok(parse("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"{{{{\", \"]]\\\\\", {}]", &err));
}

static void duplicates_are_named_by_pointer(void **state)
{
    static const struct {
        const char *text, *pointer;
    } cases[] = {
        {"{\"a\":1,\"a\":2}", "/a"},
        {"{\"a\":{\"b\":1,\"c\":[1,2],\"b\":2}}", "/a/b"},
        {"[1,[],{\"x\":\"}\"},{\"k\":[{}],\"k\":null}]", "/3/k"},
        {"{\"d\":[{\"n\":1},{\"n\":[\",\",{}],\"m\":{\"q\":1,\"q\"", "/d/1/m/q"},
        {"{\"a/b\":{\"~\":1,\"\\u007e\":2}}", "/a~1b/~0"},
        {"{\"\":{\"x\\\"y\":1,\"x\\\"y\":2}}", "//x\"y"},
        {" { \"a\" : 1 , \"b\" : [ ] , \"a\" : 2 } ", "/a"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_fails(parse(cases[i].text, &err), ERR_INPUT);
        assert_string_equal(err.pointer, cases[i].pointer);
    }
    assert_ok(parse("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}", &err));
}

static void accepts_every_kind_of_value(void **state)
{
    static const char *const texts[] = {"null", "true",  "-0",
                                        "12",   "1.5e3", "\"\\u00e9\\ud83d\\ude00\"",
                                        "[]",   "{}",    " [ 1 , {\"a\" : null} ]\n"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_ok(parse(texts[i], &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_not_json),
        cmocka_unit_test(says_where_the_fault_is),
        cmocka_unit_test(refuses_invalid_utf8),
        cmocka_unit_test(refuses_nul_in_every_form),
        cmocka_unit_test(errors_show_no_control_bytes),
        cmocka_unit_test(refuses_depth_before_it_costs_stack),
        cmocka_unit_test(brackets_in_strings_are_no_depth),
        cmocka_unit_test(duplicates_are_named_by_pointer),
        cmocka_unit_test(accepts_every_kind_of_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
