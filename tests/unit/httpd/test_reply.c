/* Replies from files and streams of events. */
#include "tests/unit/unit.h"

#include "lib/base/clock.h"
#include "tests/fakes/toy_service.h"

#include <stdio.h>
#include <unistd.h>

#define FILE_SIZE (1 * MIB + 7)

static int setup(void **state)
{
    struct httpd_config config = {.keep_alive_ms = 300, .idle_timeout_ms = 2000, .streams_max = 3};

    (void)state;
    toy_start(&config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    toy_stop(0);
    return 0;
}

static void get_file(const char *headers, struct https_reply *ret)
{
    char text[512];

    snprintf(text, sizeof(text), "GET /v1/file HTTP/1.1\r\nHost: t\r\n%s\r\n", headers);
    toy_ask(text, ret);
}

static void assert_bytes(const struct https_reply *reply, uint64_t from, uint64_t to)
{
    OWNED(free_str) char *wanted = mem_zeroed(to - from + 1, 1);

    toy_file_block(from, (uint8_t *)wanted, to - from);
    assert_int_equal(reply->body.len, to - from);
    assert_memory_equal(reply->body.data, wanted, to - from);
    assert_false(reply->cut);
}

/* --- files --- */

static void ranges_that_do_not_exist_are_416(void **state)
{
    OWNED_REPLY reply = {0};

    (void)state;
    get_file("Range: bytes=1048583-\r\n", &reply);
    assert_int_equal(reply.status, 416);
    assert_string_equal(https_header(&reply, "Content-Range"), "bytes */1048583");
    toy_await(&toy.released, 1, "released");
    assert_int_equal(atomic_load(&toy.files_sent), 0);
}

static void a_file_that_is_cut_is_not_sent(void **state)
{
    struct https_client *client = toy_connect();
    OWNED_BUF some = BUF_OF(64 * KIB);

    (void)state;
    https_say(client, "GET /v1/file?size=100000000 HTTP/1.1\r\nHost: t\r\n\r\n");
    https_read_some(client, 5000, &some);
    https_cut(client);
    toy_await(&toy.released, 1, "released");
    assert_int_equal(atomic_load(&toy.files_sent), 0);
}

/* All of it fits into buffers of the two systems, and yet the client never had it. */
static void a_small_file_that_is_cut_is_not_sent(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct https_client *client = toy_connect();
        OWNED_BUF some = BUF_OF(64 * KIB);

        https_say(client, "GET /v1/file HTTP/1.1\r\nHost: t\r\n%s\r\n",
                  i == 2 ? "Connection: close\r\n" : "");
        https_read_some(client, 5000, &some);
        https_cut(client);
        toy_await(&toy.released, i + 1, "released");
    }
    assert_int_equal(atomic_load(&toy.files_sent), 0);
}

static void a_file_is_sent_though_the_connection_stays(void **state)
{
    struct https_client *client = toy_connect();

    (void)state;
    for (int i = 0; i < 3; i++) {
        OWNED_REPLY reply = {0};

        https_say(client, "GET /v1/file HTTP/1.1\r\nHost: t\r\n%s\r\n",
                  i == 2 ? "Connection: close\r\n" : "");
        https_read(client, false, &reply);
        assert_bytes(&reply, 0, FILE_SIZE);
        toy_await(&toy.files_sent, i + 1, "sent");
    }
    https_close(client);
}

static void head_and_304_send_no_file(void **state)
{
    OWNED_REPLY head = {0};
    OWNED_REPLY unchanged = {0};

    (void)state;
    toy_ask("HEAD /v1/file HTTP/1.1\r\nHost: t\r\nRange: bytes=0-1\r\n\r\n", &head);
    assert_int_equal(head.status, 200);
    assert_string_equal(https_header(&head, "Content-Length"), "1048583");
    assert_string_equal(https_header(&head, "ETag"), "\"toy-1\"");
    get_file("If-None-Match: \"x\", \"toy-1\"\r\n", &unchanged);
    assert_int_equal(unchanged.status, 304);
    assert_string_equal(https_header(&unchanged, "ETag"), "\"toy-1\"");
    toy_await(&toy.released, 2, "released");
    assert_int_equal(atomic_load(&toy.files_sent), 0);
}

static void a_whole_file_arrives_and_is_told(void **state)
{
    OWNED_REPLY reply = {0};

    (void)state;
    get_file("", &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(https_header(&reply, "Content-Type"), "application/zip");
    assert_string_equal(https_header(&reply, "Accept-Ranges"), "bytes");
    assert_bytes(&reply, 0, FILE_SIZE);
    toy_await(&toy.files_sent, 1, "sent");
    assert_int_equal(atomic_load(&toy.sent_from), 0);
    assert_int_equal(atomic_load(&toy.sent_to), FILE_SIZE);
    toy_await(&toy.released, 1, "released");
}

static void parts_arrive_and_are_told(void **state)
{
    static const struct {
        const char *headers;
        int status;
        uint64_t from, to;
    } cases[] = {
        {"Range: bytes=0-0\r\n", 206, 0, 1},
        {"Range: bytes=65535-200000\r\n", 206, 65535, 200001},
        {"Range: bytes=-7\r\n", 206, FILE_SIZE - 7, FILE_SIZE},
        {"Range: bytes=1000-\r\nIf-Range: \"toy-1\"\r\n", 206, 1000, FILE_SIZE},
        {"Range: bytes=1000-\r\nIf-Range: \"toy-2\"\r\n", 200, 0, FILE_SIZE},
        {"Range: bytes=0-1,5-6\r\n", 200, 0, FILE_SIZE},
        {"If-None-Match: \"toy-2\"\r\n", 200, 0, FILE_SIZE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_REPLY reply = {0};
        char range[80];

        get_file(cases[i].headers, &reply);
        assert_int_equal(reply.status, cases[i].status);
        assert_bytes(&reply, cases[i].from, cases[i].to);
        toy_await(&toy.files_sent, (int)i + 1, "sent");
        assert_int_equal(atomic_load(&toy.sent_from), cases[i].from);
        assert_int_equal(atomic_load(&toy.sent_to), cases[i].to);
        snprintf(range, sizeof(range), "bytes %llu-%llu/1048583", (unsigned long long)cases[i].from,
                 (unsigned long long)cases[i].to - 1);
        if (cases[i].status == 206)
            assert_string_equal(https_header(&reply, "Content-Range"), range);
    }
}

static void an_empty_file_is_a_file(void **state)
{
    OWNED_REPLY reply = {0};

    (void)state;
    toy_ask("GET /v1/file?size=0 HTTP/1.1\r\nHost: t\r\n\r\n", &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body.len, 0);
    toy_await(&toy.files_sent, 1, "sent");
}

static void a_client_that_reads_nothing_is_cut(void **state)
{
    struct https_client *client = toy_connect();

    (void)state;
    https_say(client, "GET /v1/file?size=1000000000 HTTP/1.1\r\nHost: t\r\n\r\n");
    toy_await(&toy.released, 1, "released");
    assert_int_equal(atomic_load(&toy.files_sent), 0);
    https_cut(client);
}

/* --- events --- */

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
    toy_stop(10000);
    assert_true(clock_monotonic_ms() - start < 5000);
    assert_true(https_is_closed_within(client, 5000));
    https_cut(client);
    setup(state);
}

int main(void)
{
#define REPLY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        REPLY_TEST(ranges_that_do_not_exist_are_416),
        REPLY_TEST(a_file_that_is_cut_is_not_sent),
        REPLY_TEST(a_small_file_that_is_cut_is_not_sent),
        REPLY_TEST(a_file_is_sent_though_the_connection_stays),
        REPLY_TEST(head_and_304_send_no_file),
        REPLY_TEST(a_whole_file_arrives_and_is_told),
        REPLY_TEST(parts_arrive_and_are_told),
        REPLY_TEST(an_empty_file_is_a_file),
        REPLY_TEST(a_client_that_reads_nothing_is_cut),
        REPLY_TEST(a_stream_resumes_and_wakes),
        REPLY_TEST(a_silent_stream_says_that_it_lives),
        REPLY_TEST(a_stream_that_ends_leaves_the_connection_usable),
        REPLY_TEST(streams_are_bounded_and_given_back),
        REPLY_TEST(a_stream_does_not_stop_the_server_from_stopping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
