#include "tests/unit/unit.h"

#include "eos/init/gateway.h"

static void the_wait_doubles_and_has_an_end(void **state)
{
    (void)state;
    assert_int_equal(gateway_retry_delay_ms(1), 500);
    assert_int_equal(gateway_retry_delay_ms(2), 1000);
    assert_int_equal(gateway_retry_delay_ms(6), GATEWAY_RETRY_MAX_MS);
    assert_int_equal(gateway_retry_delay_ms(4000000000U), GATEWAY_RETRY_MAX_MS);
}

static void one_that_ends_is_started_again_for_ever(void **state)
{
    struct gateway gateway = {.pid = 7, .started_ms = 1000};

    (void)state;
    for (unsigned i = 1; i < 100; i++) {
        gateway_ended(&gateway, 2000);
        assert_int_equal(gateway.pid, 0);
        assert_int_equal(gateway.wake_ms, 2000 + gateway_retry_delay_ms(i));
    }
    gateway_ended(&gateway, 1000 + GATEWAY_STEADY_MS);
    assert_int_equal(gateway.crashes, 1);
}

static void without_a_door_none_is_started(void **state)
{
    struct gateway gateway = {.watch_fd = -1, .wake_ms = 5, .crashes = 3};

    (void)state;
    gateway_start(&gateway, false, 10);
    assert_int_equal(gateway.pid, 0);
    assert_int_equal(gateway.wake_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wait_doubles_and_has_an_end),
        cmocka_unit_test(one_that_ends_is_started_again_for_ever),
        cmocka_unit_test(without_a_door_none_is_started),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
