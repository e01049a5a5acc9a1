#include "tests/unit/unit.h"

#include "eos/init/agent.h"

/* Wait statuses as wait(2) lays them out. */
#define EXITED(code) ((code) << 8)
#define KILLED(sig)  (sig)

static void delay_doubles_and_then_ends(void **state)
{
    (void)state;
    assert_int_equal(agent_retry_delay_ms(1), 500);
    assert_int_equal(agent_retry_delay_ms(2), 1000);
    assert_int_equal(agent_retry_delay_ms(4), 4000);
    assert_int_equal(agent_retry_delay_ms(AGENT_CRASHES_MAX), -1);
    assert_int_equal(agent_retry_delay_ms(4000000000U), -1);
}

static void exit_zero_is_the_end_and_nothing_else(void **state)
{
    struct agent agent = {.pid = 7};

    (void)state;
    assert_int_equal(agent_ended(&agent, EXITED(0), 10), AGENT_DONE);
    assert_int_equal(agent.pid, 0);
    assert_int_equal(agent_ended(&agent, EXITED(1), 10), AGENT_RETRY);
    assert_int_equal(agent_ended(&agent, KILLED(9), 10), AGENT_RETRY);
}

static void row_of_crashes_is_given_up(void **state)
{
    struct agent agent = {.started_ms = 0};

    (void)state;
    for (int i = 1; i < AGENT_CRASHES_MAX; i++)
        assert_int_equal(agent_ended(&agent, EXITED(2), 1000), AGENT_RETRY);
    assert_int_equal(agent_ended(&agent, EXITED(2), 1000), AGENT_GIVE_UP);
}

static void steady_agent_starts_a_new_row(void **state)
{
    struct agent agent = {.started_ms = 1000, .crashes = AGENT_CRASHES_MAX - 1};

    (void)state;
    assert_int_equal(agent_ended(&agent, EXITED(2), 1000 + AGENT_STEADY_MS), AGENT_RETRY);
    assert_int_equal(agent.crashes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delay_doubles_and_then_ends),
        cmocka_unit_test(exit_zero_is_the_end_and_nothing_else),
        cmocka_unit_test(row_of_crashes_is_given_up),
        cmocka_unit_test(steady_agent_starts_a_new_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
