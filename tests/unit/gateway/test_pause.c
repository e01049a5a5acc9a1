/* When a server that is away is tried again, and what an absence of an hour leaves to be told. */
#include "tests/unit/unit.h"

#include "services/grpc-gateway/cvms/pause.h"
#include "services/grpc-gateway/cvms/spool.h"

#include <stdio.h>

#define MOST_MS 30000
#define HOUR_MS 3600000
#define LINES   40 /* of logs, in each second */

static void pauses_double_and_stay_at_the_longest(void **state)
{
    (void)state;
    assert_int_equal(cvms_pause_ms(MOST_MS, 1, UINT16_MAX), 1001);
    assert_int_equal(cvms_pause_ms(MOST_MS, 2, UINT16_MAX), 2001);
    assert_int_equal(cvms_pause_ms(MOST_MS, 5, UINT16_MAX), 16001);
    assert_int_equal(cvms_pause_ms(MOST_MS, 6, UINT16_MAX), MOST_MS + 1);
    assert_int_equal(cvms_pause_ms(MOST_MS, 4000000000U, UINT16_MAX), MOST_MS + 1);
}

static void chance_takes_up_to_half_of_a_pause(void **state)
{
    (void)state;
    assert_int_equal(cvms_pause_ms(MOST_MS, 6, 0), MOST_MS / 2 + 1);
    for (unsigned chance = 1; chance <= UINT16_MAX; chance++)
        assert_true(cvms_pause_ms(MOST_MS, 6, (uint16_t)chance) >=
                    cvms_pause_ms(MOST_MS, 6, (uint16_t)(chance - 1)));
}

static void there_is_always_a_pause(void **state)
{
    (void)state;
    assert_int_equal(cvms_pause_ms(10, 1, 0), 1);
    assert_int_equal(cvms_pause_ms(0, 4000000000U, UINT16_MAX), 1);
    assert_true(cvms_pause_ms(HOUR_MS, 64, UINT16_MAX) <= HOUR_MS + 1);
}

/* What a computation says in one second: a step, and many lines. */
static void say(struct spool *spool, int second)
{
    char text[160];

    for (int line = 0; line < LINES; line++) {
        snprintf(text, sizeof(text), "line %d of second %d, of some length as lines are", line,
                 second);
        spool_add(spool, SPOOL_LOG, span_of_str(text));
    }
    snprintf(text, sizeof(text), "event %d", second);
    spool_add(spool, SPOOL_EVENT, span_of_str(text));
}

/* A clock that goes by pauses: at each attempt the server is still away. */
static unsigned be_away_for_an_hour(struct spool *spool)
{
    int64_t now_ms = 0;
    unsigned attempts = 0;
    int second = 0;

    while (now_ms < HOUR_MS) {
        spool_rewind(spool);
        attempts++;
        now_ms += cvms_pause_ms(MOST_MS, attempts, (uint16_t)(attempts * 7919));
        for (; second < HOUR_MS / 1000 && second * 1000LL < now_ms; second++)
            say(spool, second);
    }
    return attempts;
}

static void an_hour_of_absence_loses_no_event_and_only_the_oldest_lines(void **state)
{
    OWNED_BUF out = BUF_OF(64 * KIB);
    struct spool *spool = NULL;
    unsigned attempts, events = 0, lines = 0;
    char wanted[32];
    struct err err;

    (void)state;
    assert_ok(spool_new(16 * MIB, &spool, &err));
    attempts = be_away_for_an_hour(spool);
    assert_true(attempts > HOUR_MS / MOST_MS && attempts < 3 * HOUR_MS / MOST_MS);
    while (spool_next(spool, &out)) {
        bool is_event = strncmp(buf_str(&out), "event", 5) == 0;

        lines += !is_event;
        if (!is_event)
            continue;
        snprintf(wanted, sizeof(wanted), "event %u", events++);
        assert_string_equal(buf_str(&out), wanted);
    }
    assert_int_equal(events, HOUR_MS / 1000);
    assert_int_equal(spool_take_lost(spool, SPOOL_EVENT), 0);
    assert_int_equal(lines + spool_take_lost(spool, SPOOL_LOG), LINES * HOUR_MS / 1000);
    assert_true(lines > 0 && lines < LINES * HOUR_MS / 1000); /* it was full */
    spool_free(spool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_and_stay_at_the_longest),
        cmocka_unit_test(chance_takes_up_to_half_of_a_pause),
        cmocka_unit_test(there_is_always_a_pause),
        cmocka_unit_test(an_hour_of_absence_loses_no_event_and_only_the_oldest_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
