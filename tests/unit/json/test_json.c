#include "tests/unit/unit.h"

#include "lib/json/json.h"

static struct json *parsed(const char *text)
{
    struct json *json = NULL;
    struct err err;

    assert_ok(json_parse(span_of_str(text), &json, &err));
    return json;
}

static void assert_written(const struct json *json, const char *wanted)
{
    OWNED_BUF text = BUF_OF(4096);

    json_write(json, &text);
    assert_string_equal(buf_str(&text), wanted);
}

static void reading_what_is_not_there_gives_nothing(void **state)
{
    OWNED_JSON *json = parsed("{\"s\":\"x\",\"i\":7,\"l\":[1],\"r\":1.5}");
    const char *key = NULL;

    (void)state;
    assert_null(json_get(json, "none"));
    assert_null(json_get(NULL, "s"));
    assert_null(json_get(json_get(json, "s"), "s"));
    assert_null(json_get_str(json, "i"));
    assert_int_equal(json_get_int(json, "s"), 0);
    assert_int_equal(json_get_int(json, "r"), 0);
    assert_false(json_get_bool(json, "i"));
    assert_int_equal(json_count(json_get(json, "s")), 0);
    assert_int_equal(json_count(NULL), 0);
    assert_null(json_at(json, 0));
    assert_null(json_at(json_get(json, "l"), 1));
    assert_null(json_member(json, 4, &key));
    assert_null(json_member(json_get(json, "l"), 0, &key));
    assert_null(json_next(NULL, &key));
    assert_null(key);
    assert_int_equal(json_kind_of(NULL), JSON_KIND_NULL);
    json_free(NULL);
}

static void reads_every_kind(void **state)
{
    OWNED_JSON *json = parsed("[null,true,-9223372036854775808,1.5,\"x\",[],{}]");

    (void)state;
    for (size_t i = 0; i < json_count(json); i++)
        assert_int_equal(json_kind_of(json_at(json, i)), i);
    assert_true(json_bool(json_at(json, 1)));
    assert_true(json_int(json_at(json, 2)) == INT64_MIN);
    assert_string_equal(json_str(json_at(json, 4)), "x");
}

static void members_come_in_document_order(void **state)
{
    OWNED_JSON *json = parsed("{\"z\":0,\"a\":1,\"m\":2,\"b\":3}");
    static const char *const keys[] = {"z", "a", "m", "b"};
    const struct json *value;
    const char *key = NULL;
    int64_t count = 0;

    (void)state;
    while ((value = json_next(json, &key)) != NULL) {
        assert_string_equal(key, keys[count]);
        assert_int_equal(json_int(value), count++);
    }
    assert_int_equal(count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(json_int(json_member(json, i, &key)), i);
        assert_string_equal(key, keys[i]);
    }
}

static void builds_and_writes(void **state)
{
    OWNED_JSON *json = json_new_object();
    struct json *list = json_new_array();

    (void)state;
    json_set_str(json, "text", "caf\xc3\xa9 \"q\" \n");
    json_set_str(json, "none", NULL);
    json_set(json, "null", NULL);
    json_set_int(json, "int", -5);
    json_set_bool(json, "bool", true);
    json_set_hex(json, "hex", span_of("\x00\xff", 2));
    json_set_hex(json, "no hex", span_of(NULL, 0));
    json_set_base64(json, "base64", span_of("hello", 5));
    json_set_base64(json, "no base64", span_of(NULL, 0));
    json_set_time(json, "time", 86399);
    json_add(list, json_new_int(1));
    json_add(list, NULL);
    json_set(json, "list", list);
    assert_written(json,
                   "{\"text\":\"caf\xc3\xa9 \\\"q\\\" \\n\",\"none\":null,\"null\":null,\"int\":-5,"
                   "\"bool\":true,\"hex\":\"00ff\",\"no hex\":\"\",\"base64\":\"aGVsbG8=\","
                   "\"no base64\":\"\",\"time\":\"1970-01-01T23:59:59Z\",\"list\":[1,null]}");
}

static void setting_again_replaces(void **state)
{
    OWNED_JSON *json = parsed("{\"a\":1,\"b\":2}");

    (void)state;
    json_set_str(json, "a", "new");
    assert_written(json, "{\"a\":\"new\",\"b\":2}");
}

static void invalid_utf8_becomes_text_that_shows_it(void **state)
{
    OWNED_JSON *json = json_new_object();

    (void)state;
    json_set_str(json, "a\xff", "b\xc3 \n");
    assert_written(json, "{\"a\\\\xff\":\"b\\\\xc3 \\\\x0a\"}");
}

static void copies_are_deep(void **state)
{
    OWNED_JSON *json = parsed("{\"a\":[{\"b\":1}]}");
    OWNED_JSON *copy = json_new_copy(json);

    (void)state;
    json_set_int((struct json *)json_at(json_get(json, "a"), 0), "b", 2);
    assert_written(json, "{\"a\":[{\"b\":2}]}");
    assert_written(copy, "{\"a\":[{\"b\":1}]}");
}

static void pretty_text_is_indented_by_two(void **state)
{
    OWNED_JSON *json = parsed("{\"a\":[1,{}]}");
    OWNED_BUF text = BUF_OF(4096);

    (void)state;
    json_write_pretty(json, &text);
    assert_string_equal(buf_str(&text), "{\n  \"a\": [\n    1,\n    {}\n  ]\n}");
}

static void writing_past_the_ceiling_shows_in_the_buffer(void **state)
{
    OWNED_JSON *json = parsed("[1,2,3]");
    OWNED_BUF text = BUF_OF(3);

    (void)state;
    json_write(json, &text);
    assert_true(text.overflow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_what_is_not_there_gives_nothing),
        cmocka_unit_test(reads_every_kind),
        cmocka_unit_test(members_come_in_document_order),
        cmocka_unit_test(builds_and_writes),
        cmocka_unit_test(setting_again_replaces),
        cmocka_unit_test(invalid_utf8_becomes_text_that_shows_it),
        cmocka_unit_test(copies_are_deep),
        cmocka_unit_test(pretty_text_is_indented_by_two),
        cmocka_unit_test(writing_past_the_ceiling_shows_in_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
