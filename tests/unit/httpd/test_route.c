#include "tests/unit/httpd/httpd_test.h"

static void unknown_paths_are_404(void **state)
{
    static const char *const paths[] = {
        "/",
        "/v1",
        "/healthz/",
        "/v1/echo/",
        "/v1/echo/a/b",
        "/v1/echo/..",
        "/v1/echo/%00",
        "/v1/echo/a%2fb",
        "/v1/echo/%zz",
        "/v1//echo/a",
        "/HEALTHZ",
        "*",
        "/healthz%00",
        "/v1/echo/%ff",
        "healthz",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        char text[200];
        OWNED_REPLY reply = {0};

        snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" GOOD "\r\n", paths[i]);
        toy_ask(text, &reply);
        assert_problem(&reply, 404, "not-found");
    }
}

static void other_methods_are_405_with_allow(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH", "BREW", "OPTIONS", "TRACE"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        char text[200];
        OWNED_REPLY reply = {0};

        snprintf(text, sizeof(text), "%s /v1/echo/a HTTP/1.1\r\n" GOOD "\r\n", methods[i]);
        toy_ask(text, &reply);
        assert_problem(&reply, 405, "method-not-allowed");
        assert_string_equal(https_header(&reply, "Allow"), "GET, HEAD, DELETE");
    }
}

static void order_of_refusals_is_404_405_401_403_415_413(void **state)
{
    struct {
        const char *request;
        int status;
    } cases[] = {
        {"POST /nowhere HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\n", 404},
        {"PUT /v1/json HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\n", 405},
        {"POST /v1/json HTTP/1.1\r\nHost: t\r\nContent-Type: text/plain\r\n"
         "Content-Length: 999999999\r\n\r\n",
         401},
        {"POST /v1/json HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer other\r\n"
         "Content-Type: text/plain\r\nContent-Length: 999999999\r\n\r\n",
         403},
        {"POST /v1/json HTTP/1.1\r\n" GOOD "Content-Type: text/plain\r\n"
         "Content-Length: 999999999\r\n\r\n",
         415},
        {"POST /v1/json HTTP/1.1\r\n" GOOD "Content-Type: application/json\r\n"
         "Content-Length: 104857600\r\n\r\n",
         413},
        {"POST /v1/json HTTP/1.1\r\n" GOOD "Content-Type: application/json\r\n"
         "Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n",
         415},
        {"POST /v1/json?a=%zz HTTP/1.1\r\n" GOOD "Content-Type: application/json\r\n"
         "Content-Length: 2\r\n\r\n{}",
         400},
        {"DELETE /v1/echo/a HTTP/1.1\r\n" GOOD "Content-Length: 10\r\n\r\n", 413},
        {"PUT /v1/uploads/conflict HTTP/1.1\r\n" GOOD "Content-Length: 10\r\n\r\n", 409},
        {"PUT /v1/uploads/a HTTP/1.1\r\n" GOOD "Content-Length: 67108865\r\n\r\n", 413},
        {"PUT /v1/uploads/a HTTP/1.1\r\n" GOOD "Content-Type: text/html\r\n"
         "Content-Length: 6\r\n\r\n",
         415},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_REPLY reply = {0};

        /* No body byte is sent: the refusal must come before. */
        toy_ask(cases[i].request, &reply);
        if (reply.status != cases[i].status)
            fail_msg("case %zu: %d instead of %d", i, reply.status, cases[i].status);
        assert_string_equal(https_header(&reply, "Connection"), "close");
    }
    assert_int_equal(atomic_load(&toy.opened), 0);
}

static void framing_that_is_unclear_is_400(void **state)
{
    static const char *const framings[] = {
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: \r\n",
        "Authorization: Bearer good\r\nContent-Length: 5\r\n",
        "Content-Digest: a\r\nContent-Digest: b\r\nContent-Length: 5\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(framings); i++) {
        char text[400];
        OWNED_REPLY reply = {0};

        snprintf(text, sizeof(text), "PUT /v1/uploads/a HTTP/1.1\r\n" GOOD "%s\r\n", framings[i]);
        toy_ask(text, &reply);
        if (reply.status != 400)
            fail_msg("'%s': %d", framings[i], reply.status);
    }
    assert_int_equal(atomic_load(&toy.opened), 0);
}

static void huge_headers_are_431(void **state)
{
    struct https_client *client = toy_connect();
    OWNED(free_str) char *junk = mem_zeroed(1 * MIB, 1);
    OWNED_REPLY reply = {0};

    (void)state;
    memset(junk, 'a', 1 * MIB);
    https_say(client, "GET /healthz HTTP/1.1\r\nHost: toy\r\nX-Junk: ");
    https_send(client, junk, 1 * MIB);
    https_read(client, false, &reply);
    assert_int_equal(reply.status, 431);
    https_cut(client);
}

static void http_1_1_without_host_is_400(void **state)
{
    OWNED_REPLY reply = {0};

    (void)state;
    toy_ask("GET /healthz HTTP/1.1\r\n\r\n", &reply);
    assert_int_equal(reply.status, 400);
}

static void origins_that_are_allowed_may_ask(void **state)
{
    OWNED_REPLY preflight = {0};
    OWNED_REPLY stranger = {0};
    OWNED_REPLY get = {0};

    (void)state;
    toy_ask("OPTIONS /v1/json HTTP/1.1\r\nHost: t\r\nOrigin: https://b.example\r\n"
            "Access-Control-Request-Method: POST\r\n\r\n",
            &preflight);
    assert_int_equal(preflight.status, 204);
    assert_string_equal(https_header(&preflight, "Access-Control-Allow-Origin"),
                        "https://b.example");
    assert_string_equal(https_header(&preflight, "Access-Control-Allow-Methods"), "POST");
    assert_non_null(
        strstr(https_header(&preflight, "Access-Control-Allow-Headers"), "Authorization"));

    toy_ask("OPTIONS /v1/json HTTP/1.1\r\nHost: t\r\nOrigin: https://b.example.evil\r\n\r\n",
            &stranger);
    assert_int_equal(stranger.status, 405);
    assert_null(https_header(&stranger, "Access-Control-Allow-Origin"));

    toy_ask("GET /healthz HTTP/1.1\r\nHost: t\r\nOrigin: https://ui.example\r\n\r\n", &get);
    assert_int_equal(get.status, 200);
    assert_string_equal(https_header(&get, "Access-Control-Allow-Origin"), "https://ui.example");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(unknown_paths_are_404),
        TOY_TEST(other_methods_are_405_with_allow),
        TOY_TEST(order_of_refusals_is_404_405_401_403_415_413),
        TOY_TEST(framing_that_is_unclear_is_400),
        TOY_TEST(huge_headers_are_431),
        TOY_TEST(http_1_1_without_host_is_400),
        TOY_TEST(origins_that_are_allowed_may_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
