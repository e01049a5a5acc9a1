#include "tests/unit/unit.h"

#include "tests/unit/json/plant.h"

#include <inttypes.h>

static bool is_zero(const struct plant *plant)
{
    return span_is_zero(span_of(plant, sizeof(*plant)));
}

static const struct {
    const char *text, *pointer, *says;
} faults[] = {
    {"[]", "", "plant: expected an object, got a list"},
    {"{}", "/name", "plant: /name: is missing"},
    {"{\"name\":null}", "/name", "expected a text, got null"},
    {"{\"name\":\"\"}", "/name", "0 bytes, expected 1 to 8"},
    {"{\"name\":\"123456789\"}", "/name", "9 bytes"},
    {"{\"name\":\"a\\nb\"}", "/name", "control character"},
    {"{\"name\":\"a\\u007f\"}", "/name", "control character"},
    {"{\"name\":\"a\\u009b\"}", "/name", "control character"},
    {"{\"name\":\"a\",\"odd\":1}", "/odd", "is not a member of plant"},
    {"{\"name\":\"a\",\"a/\\u001b\":1}", "/a~1\\x1b", "is not a member of plant"},
    {"{\"name\":\"a\",\"story\":\"a\\u0007\"}", "/story", "control character"},
    {"{\"name\":\"a\",\"alive\":1}", "/alive", "expected true or false"},
    {"{\"name\":\"a\",\"leaves\":\"2\"}", "/leaves", "expected a whole number, got a text"},
    {"{\"name\":\"a\",\"leaves\":2.0}", "/leaves", "got a real number"},
    {"{\"name\":\"a\",\"leaves\":1}", "/leaves", "1, expected 2 to 4294967295"},
    {"{\"name\":\"a\",\"leaves\":-2}", "/leaves", "-2, expected 2"},
    {"{\"name\":\"a\",\"leaves\":4294967298}", "/leaves", "4294967298, expected"},
    {"{\"name\":\"a\",\"seeds\":9007199254740992}", "/seeds", "9007199254740992, expected 0 to"},
    {"{\"name\":\"a\",\"digest\":5}", "/digest", "expected a text, got a whole number"},
    {"{\"name\":\"a\",\"pollen\":[]}", "/pollen", "expected a text, got a list"},
    {"{\"name\":\"a\",\"digest\":\"00ff10\"}", "/digest", "expected 8 hex digits"},
    {"{\"name\":\"a\",\"digest\":\"00FF10AB\"}", "/digest", "lower-case"},
    {"{\"name\":\"a\",\"digest\":\"00ff10ag\"}", "/digest", "hex"},
    {"{\"name\":\"a\",\"pollen\":\"\"}", "/pollen", "0 bytes, expected 1 to 4"},
    {"{\"name\":\"a\",\"pollen\":\"aGVsbG8=\"}", "/pollen", "5 bytes, expected 1 to 4"},
    {"{\"name\":\"a\",\"pollen\":\"aGVsbG8=aGVsbG8=\"}", "/pollen", "over 4 bytes"},
    {"{\"name\":\"a\",\"pollen\":\"aGV\"}", "/pollen", "padding"},
    {"{\"name\":\"a\",\"colour\":\"bl\\u001bue\"}", "/colour",
     "'bl\\x1bue' is none of: none, red, green"},
    {"{\"name\":\"a\",\"colour\":1}", "/colour", "expected a text"},
    {"{\"name\":\"a\",\"watered\":\"999ms\"}", "/watered", "'999ms', expected 1s to 1m"},
    {"{\"name\":\"a\",\"watered\":\"61s\"}", "/watered", "expected 1s to 1m"},
    {"{\"name\":\"a\",\"watered\":\"soon\"}", "/watered", "is not a duration"},
    {"{\"name\":\"a\",\"sown_at\":\"yesterday\"}", "/sown_at", "is not a time"},
    {"{\"name\":\"a\",\"sown_at\":5}", "/sown_at", "expected a text"},
    {"{\"name\":\"a\",\"pot\":{}}", "/pot/litres", "is missing"},
    {"{\"name\":\"a\",\"pot\":null}", "/pot", "expected an object, got null"},
    {"{\"name\":\"a\",\"pot\":{\"litres\":1,\"hue\":1}}", "/pot/hue", "is not a member of pot"},
    {"{\"name\":\"a\",\"pots\":[]}", "/pots", "0 items, expected 1 to 3"},
    {"{\"name\":\"a\",\"pots\":[1,2,3,4]}", "/pots", "4 items"},
    {"{\"name\":\"a\",\"pots\":{}}", "/pots", "expected a list"},
    {"{\"name\":\"a\",\"pots\":[{\"litres\":1,\"label\":\"x\"},{\"litres\":0}]}", "/pots/1/litres",
     "plant: /pots/1/litres: 0, expected 1 to 100"},
    {"{\"name\":\"a\",\"tags\":[\"1\",\"2\",\"3\"]}", "/tags", "3 items, expected 0 to 2"},
    {"{\"name\":\"a\",\"tags\":[\"1\",\"12345\"]}", "/tags/1", "5 bytes, expected 0 to 4"},
    {"{\"name\":\"a\",\"tags\":[null]}", "/tags/0", "expected a text"},
};

static void every_fault_is_named_by_pointer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct plant plant = {.leaves = 7};
        struct err err;

        if (json_decode_text(span_of_str(faults[i].text), &plant_table, &plant, &err) == 0)
            fail_msg("accepted %s", faults[i].text);
        assert_int_equal(err.kind, ERR_INPUT);
        assert_string_equal(err.pointer, faults[i].pointer);
        if (strstr(err.text, faults[i].says) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, faults[i].says);
        assert_true(is_zero(&plant));
    }
}

static void a_syntax_error_leaves_nothing_either(void **state)
{
    struct plant plant = {.name = mem_strdup("default")};
    struct err err;

    (void)state;
    assert_fails(json_decode_text(span_of_str("{\"name\":"), &plant_table, &plant, &err),
                 ERR_MALFORMED);
    assert_true(text_starts_with(err.text, "plant: line 1 "));
    assert_true(is_zero(&plant));
}

static void reads_every_type(void **state)
{
    struct plant plant = {0};
    const struct pot *pots;
    struct err err;

    (void)state;
    assert_ok(json_decode_text(span_of_str(FULL_PLANT), &plant_table, &plant, &err));
    assert_string_equal(plant.name, "rose");
    assert_string_equal(plant.story, "a\n\tb");
    assert_true(plant.alive);
    assert_int_equal(plant.leaves, UINT32_MAX);
    assert_true(plant.seeds == JSON_INTEGER_MAX);
    assert_true(plant.digest.present && plant.digest.len == 4);
    assert_memory_equal(plant.digest.data, "\x00\xff\x10\xab", 4);
    assert_int_equal(plant.pollen.len, 3);
    assert_memory_equal(plant.pollen.data, "hel", 3);
    assert_int_equal(plant.colour, COLOUR_GREEN);
    assert_int_equal(plant.watered, 60000);
    assert_true(plant.sown_at == 1795406706);
    assert_string_equal(plant.pot.label, "");
    assert_int_equal(plant.pots.count, 2);
    pots = plant.pots.items;
    assert_int_equal(pots[0].litres, 2);
    assert_string_equal(pots[0].label, "x");
    assert_int_equal(pots[1].litres, 100);
    assert_null(pots[1].label);
    assert_int_equal(plant.tags.count, 2);
    assert_string_equal(plant.tags.items[1], "four");
    assert_int_equal(json_count(json_get(plant.more, "deep")), 2);
    json_release(&plant_table, &plant);
}

static void what_is_absent_keeps_its_default(void **state)
{
    struct plant plant = {.story = mem_strdup("once"),
                          .leaves = 9,
                          .colour = COLOUR_RED,
                          .pot = {.litres = 5, .label = mem_strdup("clay")}};
    struct err err;

    (void)state;
    assert_ok(json_decode_text(span_of_str("{\"name\":\"a\",\"digest\":null,\"sown_at\":null,"
                                           "\"pot\":{\"litres\":6}}"),
                               &plant_table, &plant, &err));
    assert_string_equal(plant.story, "once");
    assert_int_equal(plant.leaves, 9);
    assert_int_equal(plant.colour, COLOUR_RED);
    assert_false(plant.digest.present);
    assert_int_equal(plant.pot.litres, 6);
    assert_string_equal(plant.pot.label, "clay");
    json_release(&plant_table, &plant);
}

static void what_is_present_replaces_its_default(void **state)
{
    struct plant plant = {.name = mem_strdup("default"), .more = json_new_int(1)};
    struct err err;

    (void)state;
    plant.pots.items = mem_zeroed(3, sizeof(struct pot));
    plant.pots.count = 3;
    assert_ok(json_decode_text(span_of_str(FULL_PLANT), &plant_table, &plant, &err));
    assert_string_equal(plant.name, "rose");
    assert_int_equal(plant.pots.count, 2);
    json_release(&plant_table, &plant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_is_named_by_pointer),
        cmocka_unit_test(a_syntax_error_leaves_nothing_either),
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(what_is_absent_keeps_its_default),
        cmocka_unit_test(what_is_present_replaces_its_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
