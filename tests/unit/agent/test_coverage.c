#include "tests/unit/unit.h"

#include "services/agent-api/engine/coverage.h"

static void pieces_in_any_order_make_a_whole(void **state)
{
    struct coverage coverage = {0};

    (void)state;
    assert_false(coverage_is_whole(&coverage, 100));
    coverage_add(&coverage, 50, 100);
    coverage_add(&coverage, 10, 20);
    coverage_add(&coverage, 0, 10);
    assert_false(coverage_is_whole(&coverage, 100));
    assert_int_equal(coverage.count, 2);
    coverage_add(&coverage, 15, 60);
    assert_true(coverage_is_whole(&coverage, 100));
    assert_int_equal(coverage.count, 1);
    assert_false(coverage_is_whole(&coverage, 101));
}

static void a_gap_of_one_byte_is_a_gap(void **state)
{
    struct coverage coverage = {0};

    (void)state;
    coverage_add(&coverage, 0, 49);
    coverage_add(&coverage, 50, 100);
    assert_false(coverage_is_whole(&coverage, 100));
    coverage_add(&coverage, 49, 50);
    assert_true(coverage_is_whole(&coverage, 100));
}

static void nothing_covers_only_nothing(void **state)
{
    struct coverage coverage = {0};

    (void)state;
    assert_true(coverage_is_whole(&coverage, 0));
    coverage_add(&coverage, 5, 5);
    coverage_add(&coverage, 7, 6);
    assert_int_equal(coverage.count, 0);
    assert_false(coverage_is_whole(&coverage, 1));
}

/* The same numbers every time. */
static unsigned chance(unsigned below)
{
    static uint32_t seed = 1;

    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* Against a map of bytes. */
static void random_pieces_agree_with_a_plain_map(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct coverage coverage = {0};
        bool map[64] = {false};

        for (int i = 0; i < 20; i++) {
            uint64_t from = chance(64), to = from + chance(20);
            bool whole = true;

            if (to > 64)
                to = 64;
            coverage_add(&coverage, from, to);
            for (uint64_t at = from; at < to; at++)
                map[at] = true;
            for (size_t at = 0; at < 64; at++)
                whole = whole && map[at];
            assert_int_equal(coverage_is_whole(&coverage, 64), whole);
        }
        for (size_t i = 1; i < coverage.count; i++)
            assert_true(coverage.ranges[i - 1].to < coverage.ranges[i].from);
    }
}

static void too_many_gaps_lose_a_piece_and_no_more(void **state)
{
    struct coverage coverage = {0};

    (void)state;
    for (uint64_t i = 0; i <= COVERAGE_RANGES_MAX; i++)
        coverage_add(&coverage, 10 * i, 10 * i + 5);
    assert_int_equal(coverage.count, COVERAGE_RANGES_MAX);
    coverage_add(&coverage, 0, 10 * COVERAGE_RANGES_MAX);
    assert_false(coverage_is_whole(&coverage, 10 * COVERAGE_RANGES_MAX + 5));
    coverage_add(&coverage, 10 * COVERAGE_RANGES_MAX, 10 * COVERAGE_RANGES_MAX + 5);
    assert_true(coverage_is_whole(&coverage, 10 * COVERAGE_RANGES_MAX + 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_in_any_order_make_a_whole),
        cmocka_unit_test(a_gap_of_one_byte_is_a_gap),
        cmocka_unit_test(nothing_covers_only_nothing),
        cmocka_unit_test(random_pieces_agree_with_a_plain_map),
        cmocka_unit_test(too_many_gaps_lose_a_piece_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
