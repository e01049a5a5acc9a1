#include "tests/unit/unit.h"

#include "lib/json/json.h"

static int canonical_of(const char *text, struct buf *out, struct err *err)
{
    OWNED_JSON *json = NULL;

    if (json_parse(span_of_str(text), &json, err) < 0)
        return -1;
    return json_canonical(json, out, err);
}

static void assert_canonical(const char *text, const char *wanted)
{
    OWNED_BUF out = BUF_OF(4096);
    struct err err;

    assert_ok(canonical_of(text, &out, &err));
    assert_string_equal(buf_str(&out), wanted);
}

static void refuses_real_numbers(void **state)
{
    OWNED_BUF out = BUF_OF(4096);
    struct err err;

    (void)state;
    assert_fails(canonical_of("{\"a\":[1,1.0]}", &out, &err), ERR_INPUT);
    assert_string_equal(err.pointer, "/a/1");
    assert_fails(canonical_of("1e2", &out, &err), ERR_INPUT);
}

static void refuses_integers_that_a_double_cannot_hold(void **state)
{
    OWNED_BUF out = BUF_OF(4096);
    struct err err;

    (void)state;
    assert_canonical("[9007199254740991,-9007199254740991]",
                     "[9007199254740991,-9007199254740991]");
    assert_fails(canonical_of("9007199254740992", &out, &err), ERR_INPUT);
    assert_fails(canonical_of("[-9007199254740992]", &out, &err), ERR_INPUT);
    assert_string_equal(err.pointer, "/0");
}

static void refuses_trees_without_end(void **state)
{
    OWNED_JSON *json = json_new_array();
    OWNED_BUF out = BUF_OF(4096);
    struct err err;

    (void)state;
    for (int i = 0; i < JSON_DEPTH_MAX + 1; i++) {
        struct json *outer = json_new_array();

        json_add(outer, GIVE(json));
        json = outer;
    }
    assert_fails(json_canonical(json, &out, &err), ERR_INPUT);
}

static void says_when_it_does_not_fit(void **state)
{
    OWNED_BUF out = BUF_OF(4);
    struct err err;

    (void)state;
    assert_fails(canonical_of("[1,2,3]", &out, &err), ERR_TOO_LARGE);
}

/* RFC 8785, section 3.2.3. */
static void sorts_keys_by_utf16_units(void **state)
{
    (void)state;
    assert_canonical("{\"\\u20ac\": \"Euro Sign\", \"\\r\": \"Carriage Return\","
                     " \"\\ufb33\": \"Hebrew Letter Dalet With Dagesh\", \"1\": \"One\","
                     " \"\\ud83d\\ude00\": \"Emoji: Grinning Face\", \"\\u0080\": \"Control\","
                     " \"\\u00f6\": \"Latin Small Letter O With Diaeresis\"}",
                     "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
                     "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\","
                     "\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
                     "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

static void shorter_keys_come_first(void **state)
{
    (void)state;
    assert_canonical("{\"ab\":1,\"a\":2,\"\":3,\"b\":4,\"aa\":5}",
                     "{\"\":3,\"a\":2,\"aa\":5,\"ab\":1,\"b\":4}");
}

/* RFC 8785, section 3.2.2, without the real numbers of its example. */
static void writes_strings_and_literals_as_the_rfc_does(void **state)
{
    (void)state;
    assert_canonical("{\"numbers\": [0, -0, 333333333],"
                     " \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
                     " \"literals\": [null, true, false]}",
                     "{\"literals\":[null,true,false],\"numbers\":[0,0,333333333],"
                     "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    assert_canonical("\"\\b\\t\\n\\f\\r\\u001f\\u007f\\u0001\"",
                     "\"\\b\\t\\n\\f\\r\\u001f\x7f\\u0001\"");
}

static void nested_objects_are_sorted_too(void **state)
{
    (void)state;
    assert_canonical("{\"z\": {\"b\": [ {\"y\":1,\"x\":2} ], \"a\": {}}, \"y\": []}",
                     "{\"y\":[],\"z\":{\"a\":{},\"b\":[{\"x\":2,\"y\":1}]}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_real_numbers),
        cmocka_unit_test(refuses_integers_that_a_double_cannot_hold),
        cmocka_unit_test(refuses_trees_without_end),
        cmocka_unit_test(says_when_it_does_not_fit),
        cmocka_unit_test(sorts_keys_by_utf16_units),
        cmocka_unit_test(shorter_keys_come_first),
        cmocka_unit_test(writes_strings_and_literals_as_the_rfc_does),
        cmocka_unit_test(nested_objects_are_sorted_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
