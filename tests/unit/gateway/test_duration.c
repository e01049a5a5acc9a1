#include "tests/unit/unit.h"

#include "services/grpc-gateway/manager/duration.h"

static void durations_of_go_are_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } rows[] = {
        {"1h0m0s", 3600000},
        {"90s", 90000},
        {"1.5h", 5400000},
        {"300ms", 300},
        {"1m0.5s", 60500},
        {"1us", 1},
        {"0s", 0},
        {".5s", 500},
        {"876000h", 3153600000000},
        {"1ns", 1},
        {"0.000000000000000000001h", 0},
    };
    static const char *const bad[] = {
        "",
        "1",
        "h",
        "1x",
        "-1h",
        "+1h",
        "1h ",
        " 1h",
        "1h2",
        "1..5s",
        ".s",
        "876001h",
        "99999999999999999999h",
        "9999999h",
    };
    struct err err;
    uint64_t ms;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_ok(duration_parse_go(rows[i].text, &ms, &err));
        assert_int_equal(ms, rows[i].ms);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_fails(duration_parse_go(bad[i], &ms, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_of_go_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
