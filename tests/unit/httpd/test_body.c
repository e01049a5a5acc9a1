#include "tests/unit/httpd/httpd_test.h"

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
    assert_true(https_is_closed_within(client, 9000));
    https_cut(client);
}

static void a_wrong_digest_is_422(void **state)
{
    OWNED_REPLY wrong = {0};
    OWNED_REPLY right = {0};

    (void)state;
    digest_of(DIGEST_SHA256, span_of_str("{}"), toy.expect);
    toy_ask("POST /v1/json HTTP/1.1\r\n" GOOD "Content-Type: application/json\r\n"
            "X-Expect: 1\r\nContent-Length: 2\r\n\r\n[]",
            &wrong);
    assert_problem(&wrong, 422, "invalid-input");
    toy_ask("POST /v1/json HTTP/1.1\r\n" GOOD "Content-Type: application/json\r\n"
            "X-Expect: 1\r\nContent-Length: 2\r\n\r\n{}",
            &right);
    assert_int_equal(right.status, 201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(bad_json_is_told_from_bad_content),
        TOY_TEST(good_json_reaches_the_handler),
        TOY_TEST(endless_json_is_refused_on_the_way),
        TOY_TEST(a_wrong_digest_is_422),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
