#include "tests/unit/unit.h"

#include "tests/unit/json/plant.h"

static void assert_encoded(const struct plant *plant, const char *wanted)
{
    OWNED_JSON *tree = json_encode(&plant_table, plant);
    OWNED_BUF text = BUF_OF(4096);
    OWNED_BUF of_tree = BUF_OF(4096);

    json_encode_text(&plant_table, plant, &text);
    assert_string_equal(buf_str(&text), wanted);
    json_write(tree, &of_tree);
    assert_string_equal(buf_str(&of_tree), wanted);
}

static void absence_is_null_or_nothing(void **state)
{
    struct plant plant = {0};

    (void)state;
    assert_encoded(&plant, "{\"digest\":null,\"colour\":\"none\",\"sown_at\":null,"
                           "\"pot\":{\"litres\":0,\"label\":null}}");
}

static void an_enum_out_of_range_is_not_written(void **state)
{
    struct plant plant = {.colour = 3};

    (void)state;
    assert_encoded(&plant, "{\"digest\":null,\"sown_at\":null,"
                           "\"pot\":{\"litres\":0,\"label\":null}}");
    plant.colour = -1;
    assert_encoded(&plant, "{\"digest\":null,\"sown_at\":null,"
                           "\"pot\":{\"litres\":0,\"label\":null}}");
}

struct pause {
    uint64_t pause;
};

/* No time at all is a value like any other where nobody asks to skip it. */
static void no_time_at_all_is_written(void **state)
{
    static const struct json_field fields[] = {JSON_FIELD_DURATION(pause, pause, 0, 1000, 0)};
    static const struct json_table table = JSON_TABLE("pause", pause, fields);
    OWNED_JSON *json = json_encode(&table, &(struct pause){0});

    (void)state;
    assert_string_equal(json_get_str(json, "pause"), "0s");
}

static void what_is_empty_is_left_out_where_the_field_says_so(void **state)
{
    static const char *const no_names[] = {NULL};
    struct pot pots[1] = {{.litres = 2}};
    struct plant plant = {.alive = false, .story = (char *)"", .pots = {pots, 1}};
    const struct json_field fields[] = {
        JSON_FIELD_STR(plant, story, 0, 8, JSON_SKIP_EMPTY),
        JSON_FIELD_STR(plant, name, 0, 8, JSON_SKIP_EMPTY | JSON_NULLABLE),
        JSON_FIELD_ENUM(plant, colour, no_names, JSON_SKIP_EMPTY),
        JSON_FIELD_TIME(plant, sown_at, JSON_SKIP_EMPTY),
        JSON_FIELD_ANY(plant, more, JSON_SKIP_EMPTY | JSON_NULLABLE),
        JSON_FIELD_LIST(plant, pots, &pot_table, 0, 3, 0),
        JSON_FIELD_BOOL(plant, alive, JSON_SKIP_EMPTY),
        JSON_FIELD_STR_LIST(plant, tags, 2, 4, 0),
    };
    const struct json_table table = JSON_TABLE("plant", plant, fields);
    OWNED_BUF text = BUF_OF(4096);

    (void)state;
    json_encode_text(&table, &plant, &text);
    assert_string_equal(buf_str(&text), "{\"pots\":[{\"litres\":2,\"label\":null}],\"tags\":[]}");
}

static void texts_are_escaped_and_what_is_no_utf8_is_shown(void **state)
{
    struct pot pot = {.litres = 1, .label = (char *)"\"\\\n\x1f\xff\xc3\xa9"};
    OWNED_BUF text = BUF_OF(4096);

    (void)state;
    json_encode_text(&pot_table, &pot, &text);
    assert_string_equal(buf_str(&text), "{\"litres\":1,\"label\":"
                                        "\"\\\"\\\\\\\\x0a\\\\x1f\\\\xff\xc3\xa9\"}");
}

static void a_full_buffer_says_so(void **state)
{
    struct pot pot = {.litres = 1, .label = (char *)"long"};
    struct err err;

    (void)state;
    for (size_t room = 0; room < strlen("{\"litres\":1,\"label\":\"long\"}"); room++) {
        OWNED_BUF text = BUF_OF(room);

        json_encode_text(&pot_table, &pot, &text);
        assert_fails(buf_check(&text, "pot", &err), ERR_TOO_LARGE);
    }
}

static void decoding_and_encoding_are_inverse(void **state)
{
    struct plant plant = {0};
    struct err err;

    (void)state;
    assert_ok(json_decode_text(span_of_str(FULL_PLANT), &plant_table, &plant, &err));
    assert_encoded(&plant, FULL_PLANT);
    json_release(&plant_table, &plant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absence_is_null_or_nothing),
        cmocka_unit_test(an_enum_out_of_range_is_not_written),
        cmocka_unit_test(no_time_at_all_is_written),
        cmocka_unit_test(what_is_empty_is_left_out_where_the_field_says_so),
        cmocka_unit_test(texts_are_escaped_and_what_is_no_utf8_is_shown),
        cmocka_unit_test(a_full_buffer_says_so),
        cmocka_unit_test(decoding_and_encoding_are_inverse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
