/* Clients that are too slow. */
#include "tests/unit/httpd/httpd_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define HEADER_MS 600
#define IDLE_MS   1500
#define GRACE_MS  600

static int setup(void **state)
{
    struct httpd_config config = {.header_timeout_ms = HEADER_MS,
                                  .idle_timeout_ms = IDLE_MS,
                                  .body_grace_ms = GRACE_MS,
                                  .body_rate_min = 10000};

    (void)state;
    toy_start(&config);
    return 0;
}

/* Says the text again and again, every 100 ms, until the server hangs up or 10 s have passed;
 * returns how long that took. */
static int64_t drip(struct https_client *client, const char *text)
{
    int64_t start = clock_monotonic_ms();

    while (clock_monotonic_ms() - start < 10000) {
        if (!https_say(client, "%s", text) || https_is_closed_within(client, 100))
            break;
    }
    return clock_monotonic_ms() - start;
}

static void slow_handshakes_are_cut(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(toy.port)};
    OWNED(close_fd) int fd = socket(AF_INET, SOCK_STREAM, 0);
    int64_t start = clock_monotonic_ms();
    char byte;

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_true(read(fd, &byte, 1) <= 0);
    assert_between(clock_monotonic_ms() - start, HEADER_MS - 100, HEADER_MS + 3000);
}

static void slow_request_lines_are_cut(void **state)
{
    struct https_client *client = toy_connect();

    (void)state;
    https_say(client, "GET /");
    assert_between(drip(client, "a"), HEADER_MS - 200, HEADER_MS + 3000);
    https_cut(client);
}

static void slow_headers_are_cut(void **state)
{
    struct https_client *client = toy_connect();

    (void)state;
    https_say(client, "GET /healthz HTTP/1.1\r\nHost: t\r\n");
    assert_between(drip(client, "X-A: b\r\n"), HEADER_MS - 200, HEADER_MS + 3000);
    https_cut(client);
}

static void slow_headers_of_a_second_request_are_cut(void **state)
{
    struct https_client *client = toy_connect();
    OWNED_REPLY reply = {0};

    (void)state;
    https_say(client, "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
    https_read(client, false, &reply);
    assert_int_equal(reply.status, 200);
    https_say(client, "GET /");
    assert_between(drip(client, "a"), HEADER_MS - 200, IDLE_MS + 3000);
    https_cut(client);
}

static void idle_connections_are_closed(void **state)
{
    struct https_client *client = toy_connect();
    int64_t start = clock_monotonic_ms();
    OWNED_REPLY reply = {0};

    (void)state;
    https_say(client, "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
    https_read(client, false, &reply);
    assert_true(https_is_closed_within(client, IDLE_MS + 3000));
    assert_between(clock_monotonic_ms() - start, IDLE_MS - 200, IDLE_MS + 3000);
    https_cut(client);
}

static void slow_bodies_are_cut(void **state)
{
    struct https_client *client = toy_connect();

    (void)state;
    https_say(client, "PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer good\r\n"
                      "Content-Length: 1000000\r\n\r\n");
    assert_between(drip(client, "a"), GRACE_MS - 200, GRACE_MS + 3000);
    toy_await(&toy.aborted, 1, "aborted");
    assert_int_equal(atomic_load(&toy.finished), 0);
    https_cut(client);
}

static void bodies_that_begin_fast_and_then_stall_are_cut(void **state)
{
    struct https_client *client = toy_connect();
    OWNED(free_str) char *bytes = mem_zeroed(1 * MIB, 1);

    (void)state;
    https_say(client, "PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer good\r\n"
                      "Content-Length: 10000000\r\n\r\n");
    https_send(client, bytes, 1 * MIB);
    assert_between(drip(client, "a"), 100, 2 * GRACE_MS + 3000);
    toy_await(&toy.aborted, 1, "aborted");
    https_cut(client);
}

static void bodies_that_stall_after_the_server_was_slow_are_cut(void **state)
{
    struct https_client *client = toy_connect();
    OWNED(free_str) char *bytes = mem_zeroed(3 * MIB, 1);

    (void)state;
    atomic_store(&toy.slow_us, 50000);
    https_say(client, "PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer good\r\n"
                      "Content-Length: 10000000\r\n\r\n");
    https_send(client, bytes, 3 * MIB);
    assert_between(drip(client, "a"), 100, 2 * GRACE_MS + 3000);
    toy_await(&toy.aborted, 1, "aborted");
    https_cut(client);
}

static void slow_json_is_cut(void **state)
{
    struct https_client *client = toy_connect();

    (void)state;
    https_say(client, "POST /v1/json HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer good\r\n"
                      "Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n");
    assert_between(drip(client, " "), GRACE_MS - 200, GRACE_MS + 3000);
    https_cut(client);
}

static void bodies_that_are_fast_enough_may_take_long(void **state)
{
    struct https_client *client = toy_connect();
    OWNED_REPLY reply = {0};
    char block[4000] = {0};

    (void)state;
    https_say(client, "PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer good\r\n"
                      "Content-Length: 80000\r\n\r\n");
    for (int i = 0; i < 20; i++) { /* 40 kB/s */
        usleep(100000);
        https_send(client, block, sizeof(block));
    }
    https_read(client, false, &reply);
    assert_int_equal(reply.status, 201);
    https_close(client);
}

static void a_slow_server_cuts_nobody(void **state)
{
    struct https_client *client = toy_connect(), *uploader = toy_connect();
    OWNED(free_str) char *bytes = mem_zeroed(3 * MIB, 1);
    OWNED_REPLY reply = {0};
    OWNED_REPLY uploaded = {0};

    (void)state;
    https_say(client, "GET /v1/slow HTTP/1.1\r\nHost: t\r\n\r\n");
    atomic_store(&toy.slow_us, 200000); /* 12 blocks: longer than every limit */
    https_say(uploader, "PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer good\r\n"
                        "Content-Length: 3145728\r\n\r\n");
    https_send(uploader, bytes, 3 * MIB);
    https_read(uploader, false, &uploaded);
    assert_int_equal(uploaded.status, 201);
    toy_open_gate();
    https_read(client, false, &reply);
    assert_int_equal(reply.status, 204);
    https_close(client);
    https_close(uploader);
}

int main(void)
{
#define CONN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, toy_teardown)
    const struct CMUnitTest tests[] = {
        CONN_TEST(slow_handshakes_are_cut),
        CONN_TEST(slow_request_lines_are_cut),
        CONN_TEST(slow_headers_are_cut),
        CONN_TEST(slow_headers_of_a_second_request_are_cut),
        CONN_TEST(idle_connections_are_closed),
        CONN_TEST(slow_bodies_are_cut),
        CONN_TEST(bodies_that_begin_fast_and_then_stall_are_cut),
        CONN_TEST(bodies_that_stall_after_the_server_was_slow_are_cut),
        CONN_TEST(slow_json_is_cut),
        CONN_TEST(bodies_that_are_fast_enough_may_take_long),
        CONN_TEST(a_slow_server_cuts_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
