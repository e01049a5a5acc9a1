#include "tests/unit/unit.h"

#include "lib/base/clock.h"
#include "tests/fakes/toy_service.h"

#include <stdio.h>
#include <unistd.h>

static int setup(void **state)
{
    (void)state;
    toy_start(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    toy_stop(0);
    return 0;
}

static struct json *body_of(const struct https_reply *reply)
{
    struct json *json = NULL;
    struct err err;

    if (json_parse(buf_span(&reply->body), &json, &err) < 0)
        fail_msg("'%s': %s", buf_str(&reply->body), err.text);
    return json;
}

static void assert_problem(const struct https_reply *reply, int status, const char *slug)
{
    OWNED_JSON *problem = body_of(reply);
    char type[80];

    snprintf(type, sizeof(type), "urn:cocos:problem:%s", slug);
    assert_int_equal(reply->status, status);
    assert_string_equal(https_header(reply, "Content-Type"), "application/problem+json");
    assert_string_equal(json_get_str(problem, "type"), type);
    assert_int_equal(json_get_int(problem, "status"), status);
    assert_string_equal(json_get_str(problem, "instance"), https_header(reply, "X-Request-Id"));
}

/* --- refusals --- */

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

static void a_challenge_goes_with_401(void **state)
{
    OWNED_REPLY reply = {0};

    (void)state;
    toy_ask("GET /v1/echo/a HTTP/1.1\r\nHost: t\r\n\r\n", &reply);
    assert_problem(&reply, 401, "unauthenticated");
    assert_string_equal(https_header(&reply, "WWW-Authenticate"), "Bearer realm=\"toy\"");
}

static void http_1_1_without_host_is_400(void **state)
{
    OWNED_REPLY reply = {0};

    (void)state;
    toy_ask("GET /healthz HTTP/1.1\r\n\r\n", &reply);
    assert_int_equal(reply.status, 400);
}

/* --- answers --- */

static void every_answer_has_its_headers(void **state)
{
    OWNED_REPLY reply = {0};

    (void)state;
    toy_ask("GET /v1/echo/a%20b?q=1+2%2b&other=x HTTP/1.1\r\n" GOOD "X-Request-Id: my-id.1\r\n\r\n",
            &reply);
    OWNED_JSON *json = body_of(&reply);

    assert_int_equal(reply.status, 200);
    assert_string_equal(https_header(&reply, "X-Request-Id"), "my-id.1");
    assert_string_equal(https_header(&reply, "Cache-Control"), "no-store");
    assert_string_equal(https_header(&reply, "Content-Type"), "application/json");
    assert_string_equal(https_header(&reply, "X-Toy"), "yes");
    assert_null(https_header(&reply, "Server"));
    assert_string_equal(json_get_str(json, "name"), "a b");
    assert_string_equal(json_get_str(json, "q"), "1 2+");
    assert_string_equal(json_get_str(json, "path"), "/v1/echo/a%20b");
    assert_string_equal(json_get_str(json, "query"), "q=1+2%2b&other=x");
    assert_string_equal(json_get_str(json, "caller"), "the caller");
    assert_string_equal(json_get_str(json, "id"), "my-id.1");
}

static void odd_request_ids_are_replaced(void **state)
{
    static const char *const odd[] = {"a b", "", "a\"b", "-x",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                      "aaaaaaaaaaaaaaaaaaaaaaa"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        char text[400];
        OWNED_REPLY reply = {0};

        snprintf(text, sizeof(text), "GET /healthz HTTP/1.1\r\nHost: t\r\nX-Request-Id: %s\r\n\r\n",
                 odd[i]);
        toy_ask(text, &reply);
        assert_int_equal(reply.status, 200);
        assert_int_equal(strlen(https_header(&reply, "X-Request-Id")), 36);
    }
}

static void head_answers_like_get_without_a_body(void **state)
{
    struct https_client *client = toy_connect();
    OWNED_REPLY head = {0};
    OWNED_REPLY after = {0};

    (void)state;
    https_say(client, "HEAD /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
    https_read(client, true, &head);
    assert_int_equal(head.status, 200);
    assert_string_equal(https_header(&head, "Content-Length"), "16");
    https_say(client, "HEAD /v1/uploads/conflict HTTP/1.1\r\nHost: t\r\n\r\n");
    https_read(client, true, &after);
    assert_int_equal(after.status, 401);
    https_close(client);
}

static void query_parameters_come_once(void **state)
{
    OWNED_REPLY reply = {0};

    (void)state;
    toy_ask("GET /v1/echo/a?q=1&q=2 HTTP/1.1\r\n" GOOD "\r\n", &reply);
    assert_problem(&reply, 400, "malformed");
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

static void requests_are_counted(void **state)
{
    OWNED_REPLY reply = {0};
    OWNED_BUF text = BUF_OF(1 * MIB);

    (void)state;
    toy_ask("GET /v1/echo/a HTTP/1.1\r\nHost: t\r\n\r\n", &reply);
    for (int i = 0; i < 100; i++) {
        buf_reset(&text);
        metric_write(toy.metrics, &text);
        if (strstr(buf_str(&text), "cocos_http_requests_total{op=\"get_echo\",status=\"401\"} 1") !=
            NULL)
            return;
        usleep(20000);
    }
    fail_msg("not counted: %s", buf_str(&text));
}

/* --- JSON bodies --- */

static void post_json(const char *body, struct https_reply *ret)
{
    struct https_client *client = toy_connect();

    https_say(client,
              "POST /v1/json HTTP/1.1\r\n" GOOD
              "Content-Type: application/json; charset=utf-8\r\nContent-Length: %zu\r\n\r\n",
              strlen(body));
    https_send(client, body, strlen(body));
    https_read(client, false, ret);
    https_close(client);
}

static void bad_json_is_told_from_bad_content(void **state)
{
    OWNED_REPLY syntax = {0};
    OWNED_REPLY deep = {0};
    OWNED_REPLY twice = {0};
    OWNED_REPLY content = {0};
    char nested[1000];

    (void)state;
    post_json("{\"a\": }", &syntax);
    assert_problem(&syntax, 400, "malformed");
    memset(nested, '[', sizeof(nested) - 1);
    nested[sizeof(nested) - 1] = '\0';
    post_json(nested, &deep);
    assert_problem(&deep, 400, "malformed");
    post_json("{\"a\": 1, \"a\": 2}", &twice);
    assert_problem(&twice, 422, "invalid-input");

    post_json("{\"bad\": 1}", &content);
    assert_problem(&content, 422, "invalid-input");
    OWNED_JSON *problem = body_of(&content);
    assert_string_equal(json_get_str(json_at(json_get(problem, "errors"), 0), "pointer"), "/bad");
}

static void good_json_reaches_the_handler(void **state)
{
    OWNED_REPLY reply = {0};

    (void)state;
    post_json("{\"a\": [1, \"x\"]}", &reply);
    assert_int_equal(reply.status, 201);
    assert_string_equal(buf_str(&reply.body), "{\"a\":[1,\"x\"]}\n");
}

static void endless_json_is_refused_on_the_way(void **state)
{
    struct https_client *client = toy_connect();
    OWNED_REPLY reply = {0};
    char block[4096];

    (void)state;
    memset(block, ' ', sizeof(block));
    https_say(client, "POST /v1/json HTTP/1.1\r\n" GOOD
                      "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        https_say(client, "1000\r\n");
        https_send(client, block, sizeof(block));
        https_say(client, "\r\n");
    }
    https_read(client, false, &reply);
    assert_problem(&reply, 413, "too-large");
    assert_true(https_is_closed_within(client, 5000));
    https_cut(client);
}

/* --- threads --- */

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
    assert_true(clock_monotonic_ms() - start < 5000);
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
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct https_client *client = toy_connect();

        https_say(client, "GET /v1/slow HTTP/1.1\r\nHost: t\r\n\r\n");
        toy_await(&toy.waiting, i + 1, "waiting");
        https_cut(client);
    }
    toy_open_gate();
    unknown_paths_are_404(state);
}

int main(void)
{
#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SERVER_TEST(unknown_paths_are_404),
        SERVER_TEST(other_methods_are_405_with_allow),
        SERVER_TEST(order_of_refusals_is_404_405_401_403_415_413),
        SERVER_TEST(framing_that_is_unclear_is_400),
        SERVER_TEST(huge_headers_are_431),
        SERVER_TEST(refused_requests_without_a_body_keep_the_connection),
        SERVER_TEST(a_challenge_goes_with_401),
        SERVER_TEST(http_1_1_without_host_is_400),
        SERVER_TEST(every_answer_has_its_headers),
        SERVER_TEST(odd_request_ids_are_replaced),
        SERVER_TEST(head_answers_like_get_without_a_body),
        SERVER_TEST(query_parameters_come_once),
        SERVER_TEST(origins_that_are_allowed_may_ask),
        SERVER_TEST(requests_are_counted),
        SERVER_TEST(bad_json_is_told_from_bad_content),
        SERVER_TEST(good_json_reaches_the_handler),
        SERVER_TEST(endless_json_is_refused_on_the_way),
        SERVER_TEST(a_blocking_handler_stalls_nobody_else),
        SERVER_TEST(requests_may_be_pipelined),
        SERVER_TEST(a_client_that_leaves_during_the_handler_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
