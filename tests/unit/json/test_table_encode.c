#include "tests/unit/unit.h"

#include "tests/unit/json/plant.h"

static void assert_encoded(const struct plant *plant, const char *wanted)
{
    OWNED_JSON *json = json_encode(&plant_table, plant);
    OWNED_BUF text = BUF_OF(4096);

    json_write(json, &text);
    assert_string_equal(buf_str(&text), wanted);
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
        cmocka_unit_test(decoding_and_encoding_are_inverse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
