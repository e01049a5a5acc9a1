#include "tests/unit/unit.h"

#include "lib/base/clock.h"

#include <time.h>
#include <unistd.h>

static void the_monotonic_clock_runs_forward_in_milliseconds(void **state)
{
    int64_t before = clock_monotonic_ms();

    (void)state;
    usleep(20000);
    assert_in_range(clock_monotonic_ms() - before, 20, 60000);
}

static void the_wall_clock_is_that_of_the_system(void **state)
{
    int64_t before = time(NULL), ms = clock_now_ms(), now = clock_now();

    (void)state;
    assert_in_range(now - before, 0, 60);
    assert_in_range(ms / 1000 - before, 0, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_runs_forward_in_milliseconds),
        cmocka_unit_test(the_wall_clock_is_that_of_the_system),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
