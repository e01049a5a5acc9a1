/* What waits for a computation server, in bounded memory. */
#include "tests/unit/unit.h"

#include "services/grpc-gateway/cvms/spool.h"

#include <poll.h>

#define COST 128 /* of an entry besides its bytes */

static void add(struct spool *spool, enum spool_kind kind, const char *text)
{
    spool_add(spool, kind, span_of_str(text));
}

static void assert_next(struct spool *spool, const char *wanted)
{
    OWNED_BUF out = BUF_OF(64 * KIB);

    assert_int_equal(spool_next(spool, &out), wanted != NULL);
    if (wanted != NULL)
        assert_string_equal(buf_str(&out), wanted);
}

static bool is_readable(const struct spool *spool)
{
    struct pollfd ready = {spool_fd(spool), POLLIN, 0};

    return poll(&ready, 1, 0) == 1;
}

static struct spool *new_spool(size_t max)
{
    struct spool *spool = NULL;
    struct err err;

    assert_ok(spool_new(max, &spool, &err));
    return spool;
}

static void the_oldest_logs_go_before_any_event(void **state)
{
    OWNED_OF(spool) *spool = new_spool(4 * (COST + 2));

    (void)state;
    add(spool, SPOOL_EVENT, "e1");
    add(spool, SPOOL_LOG, "l1");
    add(spool, SPOOL_LOG, "l2");
    add(spool, SPOOL_ANSWER, "a1");
    add(spool, SPOOL_EVENT, "e2");
    add(spool, SPOOL_LOG, "l3");
    assert_int_equal(spool_take_lost(spool, SPOOL_LOG), 2);
    assert_int_equal(spool_take_lost(spool, SPOOL_LOG), 0);
    assert_next(spool, "e1");
    assert_next(spool, "a1");
    assert_next(spool, "e2");
    assert_next(spool, "l3");
    assert_next(spool, NULL);
}

static void nothing_of_more_worth_goes_for_a_log(void **state)
{
    OWNED_OF(spool) *spool = new_spool(2 * (COST + 2));

    (void)state;
    add(spool, SPOOL_EVENT, "e1");
    add(spool, SPOOL_ANSWER, "a1");
    add(spool, SPOOL_LOG, "l1");
    assert_int_equal(spool_take_lost(spool, SPOOL_LOG), 1);
    add(spool, SPOOL_EVENT, "e2");
    add(spool, SPOOL_ANSWER, "a2");
    add(spool, SPOOL_ANSWER, "a3");
    assert_int_equal(spool_take_lost(spool, SPOOL_EVENT), 2);
    assert_int_equal(spool_take_lost(spool, SPOOL_ANSWER), 1);
    assert_next(spool, "a2");
    assert_next(spool, "a3");
    assert_next(spool, NULL);
}

static void what_is_larger_than_all_of_it_is_lost_alone(void **state)
{
    OWNED_OF(spool) *spool = new_spool(COST + 4);

    (void)state;
    add(spool, SPOOL_LOG, "l1");
    add(spool, SPOOL_ANSWER, "12345");
    assert_int_equal(spool_take_lost(spool, SPOOL_ANSWER), 1);
    assert_int_equal(spool_take_lost(spool, SPOOL_LOG), 0);
    assert_next(spool, "l1");
}

static void what_is_not_confirmed_is_sent_again(void **state)
{
    OWNED_OF(spool) *spool = new_spool(1 * MIB);

    (void)state;
    add(spool, SPOOL_EVENT, "1");
    add(spool, SPOOL_EVENT, "2");
    add(spool, SPOOL_EVENT, "3");
    assert_false(spool_is_unsure(spool));
    assert_next(spool, "1");
    spool_mark(spool);
    assert_next(spool, "2");
    spool_confirm(spool);
    assert_true(spool_is_unsure(spool));
    spool_rewind(spool);
    assert_false(spool_is_unsure(spool));
    assert_next(spool, "2");
    assert_next(spool, "3");
    spool_confirm(spool); /* a mark of the connection that broke says nothing */
    assert_false(spool_is_empty(spool));
    spool_mark(spool);
    spool_confirm(spool);
    assert_true(spool_is_empty(spool));
}

static void what_goes_on_its_way_is_lost_only_if_it_does_not_arrive(void **state)
{
    OWNED_OF(spool) *spool = new_spool(2 * (COST + 2));

    (void)state;
    add(spool, SPOOL_LOG, "l1");
    add(spool, SPOOL_LOG, "l2");
    assert_next(spool, "l1");
    add(spool, SPOOL_LOG, "l3");
    assert_int_equal(spool_take_lost(spool, SPOOL_LOG), 0);
    add(spool, SPOOL_LOG, "l4"); /* l2 goes, which was not sent */
    assert_int_equal(spool_take_lost(spool, SPOOL_LOG), 1);
    spool_mark(spool);
    assert_next(spool, "l3");
    assert_next(spool, "l4");
    assert_next(spool, NULL);
    spool_confirm(spool); /* of l1 */
    add(spool, SPOOL_LOG, "l5");
    assert_next(spool, "l5");
    assert_int_equal(spool_take_lost(spool, SPOOL_LOG), 0);
    spool_rewind(spool); /* nobody has confirmed l3 */
    assert_int_equal(spool_take_lost(spool, SPOOL_LOG), 1);
    assert_next(spool, "l4");
    assert_next(spool, "l5");
    assert_next(spool, NULL);
}

static void its_descriptor_says_when_there_is_something(void **state)
{
    OWNED_OF(spool) *spool = new_spool(1 * MIB);

    (void)state;
    assert_false(is_readable(spool));
    add(spool, SPOOL_LOG, "1");
    assert_true(is_readable(spool));
    assert_next(spool, "1");
    assert_next(spool, NULL);
    assert_false(is_readable(spool));
    spool_rewind(spool);
    assert_true(is_readable(spool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_logs_go_before_any_event),
        cmocka_unit_test(nothing_of_more_worth_goes_for_a_log),
        cmocka_unit_test(what_is_larger_than_all_of_it_is_lost_alone),
        cmocka_unit_test(what_is_not_confirmed_is_sent_again),
        cmocka_unit_test(what_goes_on_its_way_is_lost_only_if_it_does_not_arrive),
        cmocka_unit_test(its_descriptor_says_when_there_is_something),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
