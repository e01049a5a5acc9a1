/* The quick way reads what jansson reads, and only that. */
#include "tests/unit/unit.h"

#include "lib/json/json.h"
#include "lib/json/parse_plain.h"

static void expect_left_alone(const char *text)
{
    json_t *json = json_parse_plain(span_of_str(text));

    if (json != NULL)
        fail_msg("'%s' was taken", text);
}

/* What jansson alone makes of it. */
static void expect_same(const char *text)
{
    json_t *quick = json_parse_plain(span_of_str(text));
    json_t *slow = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    char *texts[2];

    if (quick == NULL || slow == NULL)
        fail_msg("'%s' was not taken", text);
    texts[0] = json_dumps(quick, JSON_ENCODE_ANY);
    texts[1] = json_dumps(slow, JSON_ENCODE_ANY);
    assert_string_equal(texts[0], texts[1]);
    for (size_t i = 0; i < 2; i++)
        free(texts[i]);
    json_decref(quick);
    json_decref(slow);
}

static void what_is_not_plain_or_not_sound_is_left_alone(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "{\"a\"}",
        "{\"a\":}",
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
        "[\"a\":1]",
        "{\"a\",\"b\"}",
        "{1:2}",
        "[{\"a\":[{\"b\":1,\"b\":2}]}]",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        expect_left_alone(texts[i]);
}

static void numbers_and_words_have_one_form(void **state)
{
    static const char *const texts[] = {
        "[1,]", "[,1]", "[1 2]",       "[1}",     "{\"a\":1]", "[[1]", "1.0", "1e1",
        "1E1",  "01",   "-",           "-01",     "--1",       "+1",   "0x1", "1234567890123456789",
        "True", "nul",  "[truefalse]", "[1true]", "1 1",       "NaN"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        expect_left_alone(texts[i]);
}

static void plain_documents_are_read(void **state)
{
    (void)state;
    expect_same("{\"a\":\"b\"}");
    expect_same(" \n{ \"a\" : \"b\" , \"c\" : null }\r\n\t");
    expect_same("{\"\":\"\"}");
    expect_same("{\"a\\\"b\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}");
    expect_same("{\"a\":\"\\\"\",\"b\":\"\\\\\",\"c\":\"x\x7fy\"}");
    expect_same(" [ ] ");
    expect_same("{}");
    expect_same("null");
    expect_same("\"a\"");
    expect_same(" 7 ");
    expect_same("[0,-0,-1,123456789012345678,-123456789012345678,true,false,null,{},[],[[]]]");
    expect_same("{\"a\":{\"a\":{\"a\\t\":[\"\\n\",{\"a\\t\":1,\"b\":[2]}]}},\"b\":{\"a\":1}}");
    expect_same("{\"tcb_info\":\"{\\\"id\\\":\\\"TDX\\\"}\",\"chain\":\"-----BEGIN\\nabc\\n\"}");
}

/* Cut anywhere it is left alone; nothing is read beyond its end. */
static void a_document_cut_anywhere_is_left_alone(void **state)
{
    static const char whole[] =
        "{\"a\":\"\\n\\\"x\",\"b\":[null,true,{\"c\":[[false]]},-12],\"c\":\"y\"}";

    (void)state;
    for (size_t len = 0; len + 1 < sizeof(whole); len++) {
        char *cut = mem_copy(whole, len);
        char *exact = malloc(len > 0 ? len : 1);

        memcpy(exact, cut, len);
        assert_null(json_parse_plain(span_of(exact, len)));
        free(exact);
        free(cut);
    }
}

static void a_nul_is_left_to_jansson(void **state)
{
    struct json *json = NULL;
    struct err err;

    (void)state;
    assert_null(json_parse_plain(span_of("{\"a\0\":\"b\"}", 10)));
    assert_null(json_parse_plain(span_of("{\"a\":\"b\0\"}", 10)));
    assert_fails(json_parse(span_of("{\"a\":\"b\0\"}", 10), &json, &err), ERR_MALFORMED);
}

static void nesting_has_an_end(void **state)
{
    (void)state;
    for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        OWNED_BUF text = BUF_OF(KIB);
        OWNED_JSON *json = NULL;

        for (size_t i = 0; i < depth; i++)
            buf_add_str(&text, i % 2 == 0 ? "[" : "{\"a\":");
        buf_add_str(&text, "1");
        for (size_t i = depth; i > 0; i--)
            buf_add_str(&text, i % 2 == 1 ? "]" : "}");
        json = (struct json *)json_parse_plain(buf_span(&text));
        assert_int_equal(json != NULL, depth == JSON_DEPTH_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_plain_or_not_sound_is_left_alone),
        cmocka_unit_test(numbers_and_words_have_one_form),
        cmocka_unit_test(plain_documents_are_read),
        cmocka_unit_test(a_document_cut_anywhere_is_left_alone),
        cmocka_unit_test(a_nul_is_left_to_jansson),
        cmocka_unit_test(nesting_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
