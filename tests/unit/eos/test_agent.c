#include "tests/unit/unit.h"

#include "eos/init/agent.h"

/* Wait statuses as wait(2) lays them out. */
#define EXITED(code) ((code) << 8)
#define KILLED(sig)  (sig)

static void exit_zero_is_the_end_and_nothing_else(void **state)
{
    struct agent agent = {.pid = 7};

    (void)state;
    assert_int_equal(agent_ended(&agent, EXITED(0)), AGENT_DONE);
    assert_int_equal(agent.pid, 0);
    assert_int_equal(agent_ended(&agent, EXITED(1)), AGENT_CRASHED);
    assert_int_equal(agent_ended(&agent, KILLED(9)), AGENT_CRASHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_zero_is_the_end_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
