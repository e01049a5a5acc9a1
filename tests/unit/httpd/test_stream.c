#include "tests/unit/httpd/httpd_test.h"

static int setup(void **state)
{
    struct httpd_config config = {.keep_alive_ms = 300, .streams_max = 3};

    (void)state;
    toy_start(&config);
    return 0;
}

static struct https_client *subscribe(const char *last_id)
{
    struct https_client *client = toy_connect();

    https_say(client, "GET /v1/events HTTP/1.1\r\nHost: t\r\n%s%s%s\r\n",
              last_id != NULL ? "Last-Event-ID: " : "", last_id != NULL ? last_id : "",
              last_id != NULL ? "\r\n" : "");
    return client;
}

/* Reads until text has arrived; fails after 10 s. */
static void await_text(struct https_client *client, struct buf *got, const char *text)
{
    int64_t until = clock_monotonic_ms() + 10000;

    while (strstr(buf_str(got), text) == NULL) {
        if (!https_read_some(client, 200, got) || clock_monotonic_ms() > until)
            fail_msg("'%s' never came in '%s'", text, buf_str(got));
    }
}

static void a_stream_resumes_and_wakes(void **state)
{
    struct https_client *client;
    OWNED_BUF got = BUF_OF(1 * MIB);

    (void)state;
    atomic_store(&toy.last_event, 3);
    client = subscribe("1");
    await_text(client, &got, "id: 3\nevent: toy\ndata: {}\n\n");
    assert_non_null(strstr(buf_str(&got), "Content-Type: text/event-stream"));
    assert_non_null(strstr(buf_str(&got), "id: 2\n"));
    assert_null(strstr(buf_str(&got), "id: 1\n"));

    for (unsigned id = 4; id < 60; id++) {
        char text[32];

        atomic_store(&toy.last_event, id);
        httpd_wake(toy.httpd);
        snprintf(text, sizeof(text), "id: %u\n", id);
        await_text(client, &got, text);
    }
    https_close(client);
}

static void a_silent_stream_says_that_it_lives(void **state)
{
    struct https_client *client = subscribe(NULL);
    OWNED_BUF got = BUF_OF(1 * MIB);

    (void)state;
    await_text(client, &got, ": still here\n\n");
    buf_reset(&got);
    await_text(client, &got, ": still here\n\n");
    atomic_store(&toy.last_event, 1);
    httpd_wake(toy.httpd);
    await_text(client, &got, "id: 1\n");
    https_close(client);
}

static void a_stream_that_ends_leaves_the_connection_usable(void **state)
{
    struct https_client *client = subscribe("0");
    OWNED_REPLY events = {0};
    OWNED_REPLY after = {0};

    (void)state;
    atomic_store(&toy.end_events, true);
    httpd_wake(toy.httpd);
    https_read(client, false, &events);
    assert_int_equal(events.status, 200);
    assert_false(events.cut);
    https_say(client, "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
    https_read(client, false, &after);
    assert_int_equal(after.status, 200);
    assert_int_equal(atomic_load(&toy.released), 1);
    https_close(client);
}

static void streams_are_bounded_and_given_back(void **state)
{
    struct https_client *clients[4];
    OWNED_REPLY reply = {0};
    OWNED_BUF got = BUF_OF(1 * MIB);

    (void)state;
    for (int i = 0; i < 3; i++) {
        clients[i] = subscribe(NULL);
        buf_reset(&got);
        await_text(clients[i], &got, "200 OK");
    }
    clients[3] = subscribe(NULL);
    https_read(clients[3], false, &reply);
    assert_int_equal(reply.status, 429);
    for (int i = 0; i < 3; i++)
        https_cut(clients[i]);
    https_cut(clients[3]);

    /* They are noticed at the next comment. */
    toy_await(&toy.released, 4, "released");
    clients[0] = subscribe(NULL);
    buf_reset(&got);
    await_text(clients[0], &got, "200 OK");
    https_close(clients[0]);
}

static void a_stream_does_not_stop_the_server_from_stopping(void **state)
{
    struct https_client *client = subscribe(NULL);
    OWNED_BUF got = BUF_OF(1 * MIB);
    int64_t start;

    await_text(client, &got, "200 OK");
    start = clock_monotonic_ms();
    toy_stop(60000);
    assert_true(clock_monotonic_ms() - start < 50000);
    assert_true(https_is_closed_within(client, 5000));
    https_cut(client);
    setup(state);
}

int main(void)
{
#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, setup, toy_teardown)
    const struct CMUnitTest tests[] = {
        STREAM_TEST(a_stream_resumes_and_wakes),
        STREAM_TEST(a_silent_stream_says_that_it_lives),
        STREAM_TEST(a_stream_that_ends_leaves_the_connection_usable),
        STREAM_TEST(streams_are_bounded_and_given_back),
        STREAM_TEST(a_stream_does_not_stop_the_server_from_stopping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
