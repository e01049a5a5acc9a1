#include "tests/unit/unit.h"

#include "lib/computation/state.h"

/* "-" where the event cannot happen. Columns: start manifest algorithm ready result fail fetched
 * wipe. */
static const char *const expected[STATE_COUNT][STATE_EVENT_COUNT] = {
    [STATE_IDLE] = {"ReceivingManifest", "-", "-", "-", "-", "-", "-", "-"},
    [STATE_RECEIVING_MANIFEST] = {"-", "ReceivingAlgorithm", "-", "-", "-", "Failed", "-", "-"},
    [STATE_RECEIVING_ALGORITHM] = {"-", "-", "ReceivingData", "Running", "-", "Failed", "-",
                                   "ReceivingManifest"},
    [STATE_RECEIVING_DATA] = {"-", "-", "-", "Running", "-", "-", "-", "ReceivingManifest"},
    [STATE_RUNNING] = {"-", "-", "-", "-", "ConsumingResults", "Failed", "-", "ReceivingManifest"},
    [STATE_CONSUMING_RESULTS] = {"-", "-", "-", "-", "-", "-", "Complete", "ReceivingManifest"},
    [STATE_COMPLETE] = {"-", "-", "-", "-", "-", "-", "-", "ReceivingManifest"},
    [STATE_FAILED] = {"-", "-", "-", "-", "-", "-", "-", "ReceivingManifest"},
};

static void every_event_in_every_state(void **state)
{
    (void)state;
    for (int from = 0; from < STATE_COUNT; from++)
        for (int event = 0; event < STATE_EVENT_COUNT; event++) {
            enum state to = STATE_IDLE;
            struct err err;
            int result = state_next((enum state)from, (enum state_event)event, &to, &err);

            assert_string_equal(result == 0 ? state_names[to] : "-", expected[from][event]);
            if (result < 0)
                assert_int_equal(err.kind, ERR_STATE);
        }
}

static void deeds_have_their_states(void **state)
{
    const struct {
        enum deed deed;
        const char *states; /* one letter a state, in their order; '.' where it is not possible */
    } rows[] = {
        {DEED_SET_COMPUTATION, ".x......"}, {DEED_READ_COMPUTATION, "..xxxxxx"},
        {DEED_END_COMPUTATION, "..xxxxxx"}, {DEED_SEND_ALGORITHM, "..x....."},
        {DEED_SEND_DATASET, "...x...."},    {DEED_START_RUN, "...x...."},
        {DEED_FETCH_RESULT, ".....xx."},    {DEED_READ_LOGS, "..xxxxxx"},
        {DEED_READ_RECEIPT, ".....xxx"},    {DEED_READ_EVENTS, "..xxxxxx"},
    };
    struct err err;

    (void)state;
    assert_int_equal(COUNT_OF(rows), DEED_COUNT);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (int at = 0; at < STATE_COUNT; at++)
            assert_int_equal(state_check((enum state)at, rows[i].deed, &err) == 0,
                             rows[i].states[at] == 'x');
}

static void a_refusal_says_in_which_state_it_is(void **state)
{
    struct err err;

    (void)state;
    assert_fails(state_check(STATE_RUNNING, DEED_SEND_DATASET, &err), ERR_STATE);
    assert_string_equal(err.text,
                        "in state Running: datasets come after the algorithm and before the run");
}

static void names_end_where_they_should(void **state)
{
    (void)state;
    assert_null(state_names[STATE_COUNT]);
    assert_null(state_event_names[STATE_EVENT_COUNT]);
    assert_string_equal(state_names[STATE_FAILED], "Failed");
    assert_string_equal(state_event_names[STATE_EVENT_WIPE], "wipe");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_in_every_state),
        cmocka_unit_test(deeds_have_their_states),
        cmocka_unit_test(a_refusal_says_in_which_state_it_is),
        cmocka_unit_test(names_end_where_they_should),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
