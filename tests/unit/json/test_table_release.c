#include "tests/unit/unit.h"

#include "lib/json/table_field.h"
#include "tests/unit/json/plant.h"

static void a_half_filled_struct_is_released(void **state)
{
    struct plant plant = {.name = mem_strdup("a"), .leaves = 3};

    (void)state;
    plant.tags.items = mem_zeroed(2, sizeof(char *));
    plant.tags.count = 1;
    plant.tags.items[0] = mem_strdup("t");
    plant.pots.items = mem_zeroed(1, sizeof(struct pot));
    plant.pots.count = 1;
    json_release(&plant_table, &plant);
    assert_true(span_is_zero(span_of(&plant, sizeof(plant))));
    json_release(&plant_table, &plant);
}

static void a_field_that_owns_nothing_keeps_its_number(void **state)
{
    struct plant plant = {.leaves = 3, .name = mem_strdup("a")};

    (void)state;
    for (size_t i = 0; i < plant_table.count; i++)
        json_field_release(&plant_fields[i], json_field_at(&plant_fields[i], &plant));
    assert_null(plant.name);
    assert_int_equal(plant.leaves, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_half_filled_struct_is_released),
        cmocka_unit_test(a_field_that_owns_nothing_keeps_its_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
