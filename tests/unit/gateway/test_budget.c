/* What calls hold together; a call of its own needs a stream that nobody serves. */
#include "tests/unit/unit.h"

#include "services/grpc-gateway/agent/budget.h"
#include "services/grpc-gateway/h2/stream_io.h"

#include <time.h>

static void ignore(void *ctx, struct h2_stream *stream)
{
    (void)ctx;
    (void)stream;
}

static struct grpc_call *new_call(struct h2_stream **ret)
{
    const struct h2_owner owner = {.poke = ignore, .patience_ms = 1000};
    const struct h2_peer peer = {.has_identity = false};
    struct grpc_call *call;
    struct err err;

    *ret = h2_stream_ref(h2_stream_new(1, &peer, &owner));
    assert_ok(grpc_call_new(*ret, &call, &err));
    return call;
}

static void *give_later(void *budget)
{
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    budget_give(budget, 3);
    return NULL;
}

static void a_call_waits_until_there_is_enough(void **state)
{
    struct budget budget = BUDGET_OF(10);
    struct h2_stream *stream;
    struct grpc_call *call = new_call(&stream);
    pthread_t thread;
    struct err err;

    (void)state;
    assert_ok(budget_take(&budget, 7, call, &err));
    assert_ok(budget_take(&budget, 0, call, &err));
    assert_int_equal(pthread_create(&thread, NULL, give_later, &budget), 0);
    assert_ok(budget_take(&budget, 6, call, &err));
    pthread_join(thread, NULL);
    assert_int_equal(budget.left, 0);
    grpc_call_end(call, NULL);
    h2_stream_unref(stream);
}

static void a_call_that_is_over_gets_nothing(void **state)
{
    struct budget budget = BUDGET_OF(1);
    struct h2_stream *stream;
    struct grpc_call *call = new_call(&stream);
    struct err err;

    (void)state;
    h2_stream_close(stream);
    assert_fails(budget_take(&budget, 2, call, &err), ERR_INTERRUPTED);
    assert_int_equal(budget.left, 1);
    grpc_call_end(call, NULL);
    h2_stream_unref(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_waits_until_there_is_enough),
        cmocka_unit_test(a_call_that_is_over_gets_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
