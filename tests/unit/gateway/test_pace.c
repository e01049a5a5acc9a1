#include "tests/unit/unit.h"

#include "services/grpc-gateway/h2/pace.h"

static void silence_empties_the_purse(void **state)
{
    struct h2_pace pace = h2_pace_of(1000);

    (void)state;
    assert_true(h2_pace_spend(&pace, 999));
    assert_false(h2_pace_spend(&pace, 1));
    assert_false(h2_pace_spend(&pace, INT64_MAX));
    assert_int_equal(pace.left_ms, 0);
}

static void a_trickle_is_not_enough_and_a_kib_a_second_is(void **state)
{
    struct h2_pace trickle = h2_pace_of(10000), steady = h2_pace_of(10000);
    unsigned seconds = 0;

    (void)state;
    while (h2_pace_spend(&trickle, 1000)) {
        h2_pace_fill(&trickle, H2_PACE_RATE / 2);
        seconds++;
    }
    assert_int_equal(seconds, 18); /* half of what is spent comes back */
    for (seconds = 0; seconds < 100000; seconds++) {
        assert_true(h2_pace_spend(&steady, 1000));
        h2_pace_fill(&steady, H2_PACE_RATE);
    }
}

static void speed_earns_no_more_than_the_purse_holds(void **state)
{
    struct h2_pace pace = h2_pace_of(1000);

    (void)state;
    h2_pace_fill(&pace, UINT64_MAX);
    assert_int_equal(pace.left_ms, 1000);
    assert_true(h2_pace_spend(&pace, 600));
    h2_pace_fill(&pace, UINT64_MAX);
    assert_int_equal(pace.left_ms, 1000);
    assert_false(h2_pace_spend(&pace, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_empties_the_purse),
        cmocka_unit_test(a_trickle_is_not_enough_and_a_kib_a_second_is),
        cmocka_unit_test(speed_earns_no_more_than_the_purse_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
