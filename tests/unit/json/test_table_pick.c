#include "tests/unit/unit.h"

#include "lib/json/table.h"

struct inner {
    uint32_t a;
};

struct outer {
    char *name;
    struct inner inner;
};

static const struct json_field inner_fields[] = {JSON_FIELD_U32(inner, a, 0, 9, 0)};
static const struct json_table inner_table = JSON_TABLE("inner", inner, inner_fields);
static const struct json_field outer_fields[] = {
    JSON_FIELD_STR(outer, name, 0, 9, 0),
    JSON_FIELD_OBJECT(outer, inner, &inner_table, 0),
};
static const struct json_table outer_table = JSON_TABLE("outer", outer, outer_fields);

/* What is left of a text. */
static void check(const char *text, const char *wanted)
{
    OWNED_JSON *json = NULL;
    OWNED_JSON *picked = NULL;
    OWNED_BUF out = BUF_OF(4 * KIB);
    struct err err;

    assert_ok(json_parse(span_of_str(text), &json, &err));
    picked = json_pick(json, &outer_table);
    json_write(picked, &out);
    assert_string_equal(buf_str(&out), wanted);
}

static void only_known_members_are_picked_at_every_depth(void **state)
{
    (void)state;
    check("{\"x\":1,\"name\":\"n\",\"inner\":{\"a\":1,\"b\":{\"a\":2}},\"y\":[]}",
          "{\"name\":\"n\",\"inner\":{\"a\":1}}");
    check("{}", "{}");
}

static void members_of_a_wrong_kind_stay_for_decoding_to_refuse(void **state)
{
    (void)state;
    check("{\"name\":5,\"inner\":\"x\"}", "{\"name\":5,\"inner\":\"x\"}");
    check("{\"inner\":null}", "{\"inner\":null}");
}

static void what_is_no_object_gives_an_empty_one(void **state)
{
    (void)state;
    check("[1]", "{}");
    check("null", "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_known_members_are_picked_at_every_depth),
        cmocka_unit_test(members_of_a_wrong_kind_stay_for_decoding_to_refuse),
        cmocka_unit_test(what_is_no_object_gives_an_empty_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
