#include "tests/unit/unit.h"

#include "lib/json/json.h"
#include "lib/json/member_text.h"

static void expect(const char *text, const char *key, const char *wanted)
{
    OWNED_JSON *json = NULL;
    struct span got;
    struct err err;

    assert_ok(json_parse(span_of_str(text), &json, &err));
    if (!json_find_text(span_of_str(text), key, &got))
        got = span_of_str(NULL);
    if (!span_equal(got, span_of_str(wanted)))
        fail_msg("%s of %s: got '%.*s'", key, text, (int)got.len, (const char *)got.data);
}

static void a_member_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    expect("{}", "a", NULL);
    expect(" { } ", "a", NULL);
    expect("{\"b\":1}", "a", NULL);
    expect("[\"a\"]", "a", NULL);
    expect("\"a\"", "a", NULL);
    expect("{\"b\":{\"a\":1}}", "a", NULL);
    expect("{\"b\":\"\\\"a\\\":1\"}", "a", NULL);
    expect("{\"\\u0061\":1}", "a", NULL); /* its name is written with an escape */
}

static void a_value_is_found_as_it_is_written(void **state)
{
    (void)state;
    expect("{\"a\":1}", "a", "1");
    expect("{ \"a\" : 1 }", "a", "1");
    expect("{\"b\":[1,{\"c\":\"}\"}],\"a\":\"x\"}", "a", "\"x\"");
    expect("\n{\"b\":null,\n\t\"a\": {\"x\" : [ 1, 2 ] } ,\"c\":true}", "a", "{\"x\" : [ 1, 2 ] }");
    expect("{\"a\":\"\\\\\",\"b\":\"\\\"\"}", "a", "\"\\\\\"");
    expect("{\"a\":\"\\\\\",\"b\":\"\\\"\"}", "b", "\"\\\"\"");
    expect("{\"a\":-1.5e3,\"b\":2}", "a", "-1.5e3");
    expect("{\"a\":[]}", "a", "[]");
    expect("{\"a\":true\n}", "a", "true");
}

/* Who calls it has parsed the text; should he not have, nothing is read beyond the end. */
static void a_text_cut_anywhere_is_read_no_further(void **state)
{
    static const char whole[] = "{\"b\":[1,{\"c\":\"}\\\"\"}],\"a\":{\"x\":\"y\"}}";

    (void)state;
    for (size_t len = 0; len < sizeof(whole); len++) {
        char *text = mem_copy(whole, len);
        struct span got;

        if (json_find_text(span_of(text, len), "a", &got))
            assert_true(got.data + got.len <= (const uint8_t *)text + len);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_that_is_not_there_is_not_found),
        cmocka_unit_test(a_value_is_found_as_it_is_written),
        cmocka_unit_test(a_text_cut_anywhere_is_read_no_further),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
