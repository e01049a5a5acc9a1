/* A stream between the thread of the connections and the one that serves it. */
#include "tests/unit/unit.h"

#include "services/grpc-gateway/h2/stream_io.h"

#include "lib/base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static atomic_int pokes;

static void count_poke(void *ctx, struct h2_stream *stream)
{
    (void)ctx;
    (void)stream;
    atomic_fetch_add(&pokes, 1);
}

static struct h2_stream *new_stream(void)
{
    const struct h2_peer peer = {.has_identity = false};
    const struct h2_owner owner = {.poke = count_poke, .patience_ms = 300};

    atomic_store(&pokes, 0);
    return h2_stream_new(1, &peer, &owner);
}

static void end_stream(struct h2_stream *stream)
{
    h2_stream_close(stream);
    h2_stream_unref(stream);
}

static void what_came_is_read_once_and_told_when_consumed(void **state)
{
    struct h2_stream *stream = new_stream();
    OWNED_BUF taken = BUF_OF(H2_WINDOW);
    struct err err;
    bool end;

    (void)state;
    assert_true(h2_stream_feed(stream, span_of_str("abc")));
    assert_ok(h2_stream_read(stream, &taken, H2_FOREVER, &end, &err));
    assert_false(end);
    assert_string_equal(buf_str(&taken), "abc");
    assert_int_equal(h2_stream_take_consumed(stream), 0);
    h2_stream_consumed(stream, 3);
    assert_int_equal(atomic_load(&pokes), 1);
    assert_int_equal(h2_stream_take_consumed(stream), 3);
    assert_int_equal(h2_stream_take_consumed(stream), 0);
    h2_stream_end_request(stream);
    assert_ok(h2_stream_read(stream, &taken, H2_FOREVER, &end, &err));
    assert_true(end);
    assert_int_equal(taken.len, 0);
    end_stream(stream);
}

static void more_than_a_window_is_not_taken(void **state)
{
    struct h2_stream *stream = new_stream();
    OWNED(free_str) char *bytes = mem_zeroed(H2_WINDOW, 1);

    (void)state;
    assert_true(h2_stream_feed(stream, span_of(bytes, H2_WINDOW)));
    assert_false(h2_stream_feed(stream, span_of(bytes, 1)));
    end_stream(stream);
}

static void a_cut_request_is_not_taken_for_a_complete_one(void **state)
{
    struct h2_stream *stream = new_stream();
    OWNED_BUF taken = BUF_OF(H2_WINDOW);
    struct err err;
    bool end;

    (void)state;
    assert_true(h2_stream_feed(stream, span_of_str("half")));
    h2_stream_close(stream);
    assert_fails(h2_stream_read(stream, &taken, H2_FOREVER, &end, &err), ERR_INTERRUPTED);
    assert_fails(h2_stream_write(stream, span_of_str("x"), H2_FOREVER, &err), ERR_INTERRUPTED);
    assert_true(h2_stream_is_closed(stream));
    h2_stream_unref(stream);
}

static void deadlines_end_waiting(void **state)
{
    struct h2_stream *stream = new_stream();
    OWNED(free_str) char *bytes = mem_zeroed(H2_WINDOW, 1);
    OWNED_BUF taken = BUF_OF(H2_WINDOW);
    int64_t begin = clock_monotonic_ms();
    struct err err;
    bool end;

    (void)state;
    assert_fails(h2_stream_read(stream, &taken, begin + 50, &end, &err), ERR_TIMEOUT);
    assert_true(clock_monotonic_ms() - begin >= 50);
    assert_ok(h2_stream_write(stream, span_of(bytes, H2_WINDOW), begin + 100, &err));
    assert_fails(h2_stream_write(stream, span_of(bytes, 1), begin + 100, &err), ERR_TIMEOUT);
    end_stream(stream);
}

static void a_peer_that_sends_nothing_is_borne_for_a_while(void **state)
{
    struct h2_stream *stream = new_stream();
    OWNED_BUF taken = BUF_OF(H2_WINDOW);
    int64_t begin = clock_monotonic_ms();
    struct err err;
    bool end;

    (void)state;
    assert_fails(h2_stream_read(stream, &taken, H2_FOREVER, &end, &err), ERR_TIMEOUT);
    assert_in_range(clock_monotonic_ms() - begin, 300, 60000);
    assert_true(h2_stream_feed(stream, span_of_str("late"))); /* and once it came, it is read */
    assert_ok(h2_stream_read(stream, &taken, H2_FOREVER, &end, &err));
    end_stream(stream);
}

static void a_peer_that_takes_nothing_is_borne_for_a_while(void **state)
{
    struct h2_stream *stream = new_stream();
    struct err err;

    (void)state;
    assert_true(h2_stream_bear(stream, 299));
    assert_false(h2_stream_bear(stream, 1));
    assert_fails(h2_stream_write(stream, span_of_str("x"), H2_FOREVER, &err), ERR_TIMEOUT);
    assert_true(h2_stream_is_closed(stream));
    h2_stream_unref(stream);
}

/* The other side of h2_stream_await_received(). */
static void *bring_receipt(void *arg)
{
    struct h2_stream *stream = arg;

    while (!h2_stream_wants_receipt(stream))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    h2_stream_set_received(stream);
    return NULL;
}

static void what_is_there_is_known_by_its_receipt(void **state)
{
    struct h2_stream *stream = new_stream();
    pthread_t thread;
    struct err err;

    (void)state;
    h2_stream_set_received(stream); /* nobody asked for that one */
    assert_false(h2_stream_wants_receipt(stream));
    assert_fails(h2_stream_await_received(stream, clock_monotonic_ms() + 20, &err), ERR_TIMEOUT);
    assert_true(h2_stream_wants_receipt(stream));
    assert_false(h2_stream_wants_receipt(stream));
    assert_int_equal(pthread_create(&thread, NULL, bring_receipt, stream), 0);
    assert_ok(h2_stream_await_received(stream, H2_FOREVER, &err));
    pthread_join(thread, NULL);
    h2_stream_close(stream);
    assert_fails(h2_stream_await_received(stream, H2_FOREVER, &err), ERR_INTERRUPTED);
    h2_stream_unref(stream);
}

static void an_answer_has_a_head_a_body_and_trailers(void **state)
{
    struct h2_stream *stream = new_stream();
    struct h2_fields head = H2_FIELDS_NEW, trailers = H2_FIELDS_NEW;
    OWNED_H2_FIELDS sent_head = {0}, sent_trailers = {0};
    uint8_t room[4];
    struct err err;
    bool end;

    (void)state;
    assert_int_equal(h2_stream_take_head(stream, &sent_head), H2_ANSWER_NONE);
    h2_fields_add_str(&head, ":status", "200");
    h2_stream_respond(stream, &head);
    assert_ok(h2_stream_write(stream, span_of_str("abcdef"), H2_FOREVER, &err));
    h2_fields_add_str(&trailers, "grpc-status", "0");
    h2_stream_finish(stream, &trailers);
    assert_int_equal(h2_stream_take_head(stream, &sent_head), H2_ANSWER_HEAD);
    assert_string_equal(h2_fields_find(&sent_head, ":status"), "200");
    assert_int_equal(h2_stream_take_head(stream, &sent_trailers), H2_ANSWER_NONE);
    assert_int_equal(h2_stream_take_body(stream, room, 4, &end, &sent_trailers), 4);
    assert_false(end);
    assert_int_equal(h2_stream_take_body(stream, room, 4, &end, &sent_trailers), 2);
    assert_true(end);
    assert_string_equal(h2_fields_find(&sent_trailers, "grpc-status"), "0");
    /* What still comes in is for nobody. */
    assert_true(h2_stream_feed(stream, span_of_str("late")));
    assert_int_equal(h2_stream_take_consumed(stream), 4);
    end_stream(stream);
}

static void an_answer_without_a_head_is_trailers_only(void **state)
{
    struct h2_stream *stream = new_stream();
    struct h2_fields trailers = H2_FIELDS_NEW;
    OWNED_H2_FIELDS sent = {0};

    (void)state;
    h2_fields_add_str(&trailers, "grpc-status", "16");
    h2_stream_finish(stream, &trailers);
    assert_int_equal(h2_stream_take_head(stream, &sent), H2_ANSWER_TRAILERS_ONLY);
    assert_string_equal(h2_fields_find(&sent, "grpc-status"), "16");
    end_stream(stream);
}

static void *drain_slowly(void *arg)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    struct h2_fields trailers = {0};
    struct h2_stream *stream = arg;
    static uint8_t room[H2_WINDOW];
    size_t sum = 0;
    bool end;

    do {
        sum += h2_stream_take_body(stream, room, sizeof(room) / 3, &end, &trailers);
        nanosleep(&pause, NULL);
    } while (!end);
    h2_fields_done(&trailers);
    return (void *)sum;
}

static void a_writer_waits_for_a_slow_client(void **state)
{
    struct h2_stream *stream = new_stream();
    struct h2_fields trailers = H2_FIELDS_NEW;
    OWNED(free_str) char *bytes = mem_zeroed(5 * MIB, 1);
    pthread_t client;
    struct err err;
    void *sum;

    (void)state;
    pthread_create(&client, NULL, drain_slowly, stream);
    assert_ok(h2_stream_write(stream, span_of(bytes, 5 * MIB), H2_FOREVER, &err));
    h2_stream_finish(stream, &trailers);
    pthread_join(client, &sum);
    assert_int_equal((size_t)sum, 5 * MIB);
    end_stream(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_is_read_once_and_told_when_consumed),
        cmocka_unit_test(more_than_a_window_is_not_taken),
        cmocka_unit_test(a_cut_request_is_not_taken_for_a_complete_one),
        cmocka_unit_test(deadlines_end_waiting),
        cmocka_unit_test(a_peer_that_sends_nothing_is_borne_for_a_while),
        cmocka_unit_test(a_peer_that_takes_nothing_is_borne_for_a_while),
        cmocka_unit_test(what_is_there_is_known_by_its_receipt),
        cmocka_unit_test(an_answer_has_a_head_a_body_and_trailers),
        cmocka_unit_test(an_answer_without_a_head_is_trailers_only),
        cmocka_unit_test(a_writer_waits_for_a_slow_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
