#include "tests/unit/httpd/httpd_test.h"

static void refused_requests_without_a_body_keep_the_connection(void **state)
{
    struct https_client *client = toy_connect();
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET /v1/echo/a HTTP/1.1\r\nHost: t\r\n\r\n", 401},
        {"DELETE /v1/echo/a HTTP/1.1\r\nHost: t\r\nAuthorization: x\r\n\r\n", 403},
        {"GET /nowhere HTTP/1.1\r\nHost: t\r\n\r\n", 404},
        {"PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", 401},
        {"PUT /v1/uploads/conflict HTTP/1.1\r\n" GOOD "Content-Length: 0\r\n\r\n", 409},
        {"POST /v1/json HTTP/1.1\r\n" GOOD "Content-Length: 0\r\n\r\n", 400},
        {"BREW /healthz HTTP/1.1\r\nHost: t\r\n\r\n", 405},
        {"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n", 200},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_REPLY reply = {0};

        https_say(client, "%s", cases[i].request);
        https_read(client, false, &reply);
        if (reply.status != cases[i].status)
            fail_msg("case %zu: %d instead of %d", i, reply.status, cases[i].status);
    }
    https_close(client);
}

static void no_100_continue_before_the_request_is_admitted(void **state)
{
    static const struct {
        const char *path, *authorization;
        int status;
    } cases[] = {
        {"/v1/uploads/a", "Bearer bad", 403},
        {"/v1/uploads/conflict", "Bearer good", 409},
        {"/v1/nowhere", "Bearer good", 404},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct https_client *client = toy_connect();
        OWNED_REPLY reply = {0};

        https_say(client,
                  "PUT %s HTTP/1.1\r\nHost: t\r\nAuthorization: %s\r\nContent-Length: 3\r\n"
                  "Expect: 100-continue\r\n\r\n",
                  cases[i].path, cases[i].authorization);
        https_read(client, false, &reply);
        assert_int_equal(reply.status, cases[i].status);
        https_cut(client);
    }
}

/* Many clients read only after they have sent everything. */
static void a_refusal_reaches_a_client_that_goes_on_sending(void **state)
{
    OWNED(free_str) char *bytes = mem_zeroed(10 * MIB, 1);

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct https_client *client = toy_connect();
        OWNED_REPLY reply = {0};

        https_say(client, "PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\nContent-Length: %llu\r\n\r\n",
                  10 * MIB);
        assert_true(https_send(client, bytes, 10 * MIB));
        https_read(client, false, &reply);
        assert_problem(&reply, 401, "unauthenticated");
        assert_string_equal(https_header(&reply, "Connection"), "close");
        assert_non_null(https_header(&reply, "WWW-Authenticate"));
        assert_true(https_is_closed_within(client, 2000));
        https_cut(client);
    }
    assert_int_equal(atomic_load(&toy.opened), 0);
}

static void a_client_that_never_stops_sending_is_cut(void **state)
{
    struct https_client *client = toy_connect();
    OWNED(free_str) char *bytes = mem_zeroed(64 * KIB, 1);
    int64_t start = clock_monotonic_ms();

    (void)state;
    https_say(client, "PUT /nowhere HTTP/1.1\r\nHost: t\r\nContent-Length: 999999999999\r\n\r\n");
    while (https_send(client, bytes, 64 * KIB) && clock_monotonic_ms() - start < 15000)
        usleep(1000);
    assert_between(clock_monotonic_ms() - start, 3000, 10000);
    https_cut(client);
}

static void a_100_continue_comes_when_admitted(void **state)
{
    struct https_client *client = toy_connect();
    OWNED_REPLY go = {0};
    OWNED_REPLY reply = {0};

    (void)state;
    https_say(client, "PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer good\r\n"
                      "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    https_read(client, false, &go);
    assert_int_equal(go.status, 100);
    assert_int_equal(atomic_load(&toy.opened), 1);
    https_send(client, "abc", 3);
    https_read(client, false, &reply);
    assert_int_equal(reply.status, 201);
    https_close(client);
}

static void a_blocking_handler_stalls_nobody_else(void **state)
{
    struct https_client *blocked = toy_connect();
    OWNED_REPLY late = {0};
    int64_t start;

    (void)state;
    https_say(blocked, "GET /v1/slow HTTP/1.1\r\nHost: t\r\n\r\n");
    toy_await(&toy.waiting, 1, "waiting");
    start = clock_monotonic_ms();
    for (int i = 0; i < 8; i++) {
        OWNED_REPLY reply = {0};

        toy_ask("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n", &reply);
        assert_int_equal(reply.status, 200);
    }
    assert_true(clock_monotonic_ms() - start < 60000);
    toy_open_gate();
    https_read(blocked, false, &late);
    assert_int_equal(late.status, 204);
    https_close(blocked);
}

static void requests_may_be_pipelined(void **state)
{
    struct https_client *client = toy_connect();

    (void)state;
    https_say(client, "GET /v1/echo/1 HTTP/1.1\r\n" GOOD "\r\n"
                      "GET /nowhere HTTP/1.1\r\n" GOOD "\r\n"
                      "PUT /v1/uploads/a HTTP/1.1\r\n" GOOD "Content-Length: 3\r\n\r\nabc"
                      "GET /healthz HTTP/1.1\r\n" GOOD "\r\n");
    for (int i = 0; i < 4; i++) {
        static const int statuses[] = {200, 404, 201, 200};
        OWNED_REPLY reply = {0};

        https_read(client, false, &reply);
        assert_int_equal(reply.status, statuses[i]);
    }
    https_close(client);
}

static void a_client_that_leaves_during_the_handler_does_no_harm(void **state)
{
    OWNED_REPLY reply = {0};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct https_client *client = toy_connect();

        https_say(client, "GET /v1/slow HTTP/1.1\r\nHost: t\r\n\r\n");
        toy_await(&toy.waiting, i + 1, "waiting");
        https_cut(client);
    }
    toy_open_gate();
    toy_ask("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n", &reply);
    assert_int_equal(reply.status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(refused_requests_without_a_body_keep_the_connection),
        TOY_TEST(no_100_continue_before_the_request_is_admitted),
        TOY_TEST(a_refusal_reaches_a_client_that_goes_on_sending),
        TOY_TEST(a_client_that_never_stops_sending_is_cut),
        TOY_TEST(a_100_continue_comes_when_admitted),
        TOY_TEST(a_blocking_handler_stalls_nobody_else),
        TOY_TEST(requests_may_be_pipelined),
        TOY_TEST(a_client_that_leaves_during_the_handler_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
