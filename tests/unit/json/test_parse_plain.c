/* The quick way reads what jansson reads, and only that. */
#include "tests/unit/unit.h"

#include "lib/json/json.h"
#include "lib/json/parse_flat.h"

static void expect_left_alone(const char *text)
{
    json_t *json = json_parse_flat(span_of_str(text));

    if (json != NULL)
        fail_msg("'%s' was taken", text);
}

/* Within a list a document is never read the quick way. */
static void expect_same(const char *text)
{
    OWNED(free_str) char *listed = mem_printf("[%s]", text);
    OWNED_JSON *quick = (struct json *)json_parse_flat(span_of_str(text));
    OWNED_JSON *list = NULL;
    OWNED_BUF a = BUF_OF(64 * KIB), b = BUF_OF(64 * KIB);
    struct err err;

    if (quick == NULL)
        fail_msg("'%s' was not taken", text);
    assert_ok(json_parse(span_of_str(listed), &list, &err));
    json_write(quick, &a);
    json_write(json_at(list, 0), &b);
    assert_string_equal(buf_str(&a), buf_str(&b));
}

static void what_is_not_flat_or_not_sound_is_left_alone(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "{}",
        "[]",
        "\"a\"",
        "null",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1}",
        "{\"a\":true}",
        "{\"a\":{}}",
        "{\"a\":[\"b\"]}",
        "{\"a\":\"b\",}",
        "{,\"a\":\"b\"}",
        "{\"a\":\"b\"}}",
        "{\"a\":\"b\"} x",
        "{\"a\":\"b\"\"c\":\"d\"}",
        "{\"a\" \"b\"}",
        "{a:\"b\"}",
        "{'a':\"b\"}",
        "{\"a\":\"b",
        "{\"a\":\"b\\",
        "{\"a\":\"b\\\"",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u0041\"}",
        "{\"a\":\"\xc3\xa4\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\x7f\xff\"}",
        "{\"a\":nul}",
        "{\"a\":nulll}",
        "{\"a\":null,\"a\":null}",
        "{\"a\":\"b\",\"c\":\"d\",\"a\":\"e\"}",
        "{\"\\u0061\":\"b\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        expect_left_alone(texts[i]);
}

static void texts_and_nulls_are_read(void **state)
{
    (void)state;
    expect_same("{\"a\":\"b\"}");
    expect_same(" \n{ \"a\" : \"b\" , \"c\" : null }\r\n\t");
    expect_same("{\"\":\"\"}");
    expect_same("{\"a\\\"b\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}");
    expect_same("{\"a\":\"\\\"\",\"b\":\"\\\\\",\"c\":\"x\x7fy\"}");
    expect_same("{\"tcb_info\":\"{\\\"id\\\":\\\"TDX\\\"}\",\"chain\":\"-----BEGIN\\nabc\\n\"}");
}

/* Cut anywhere it is left alone; nothing is read beyond its end. */
static void a_document_cut_anywhere_is_left_alone(void **state)
{
    static const char whole[] = "{\"a\":\"\\n\\\"x\",\"b\":null,\"c\":\"y\"}";

    (void)state;
    for (size_t len = 0; len + 1 < sizeof(whole); len++) {
        char *cut = mem_copy(whole, len);
        char *exact = malloc(len > 0 ? len : 1);

        memcpy(exact, cut, len);
        assert_null(json_parse_flat(span_of(exact, len)));
        free(exact);
        free(cut);
    }
}

static void a_nul_is_left_to_jansson(void **state)
{
    struct json *json = NULL;
    struct err err;

    (void)state;
    assert_null(json_parse_flat(span_of("{\"a\0\":\"b\"}", 10)));
    assert_null(json_parse_flat(span_of("{\"a\":\"b\0\"}", 10)));
    assert_fails(json_parse(span_of("{\"a\":\"b\0\"}", 10), &json, &err), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_flat_or_not_sound_is_left_alone),
        cmocka_unit_test(texts_and_nulls_are_read),
        cmocka_unit_test(a_document_cut_anywhere_is_left_alone),
        cmocka_unit_test(a_nul_is_left_to_jansson),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
