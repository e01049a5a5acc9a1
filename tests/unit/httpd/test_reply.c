#include "tests/unit/httpd/httpd_test.h"

static void a_challenge_goes_with_401(void **state)
{
    OWNED_REPLY reply = {0};

    (void)state;
    toy_ask("GET /v1/echo/a HTTP/1.1\r\nHost: t\r\n\r\n", &reply);
    assert_problem(&reply, 401, "unauthenticated");
    assert_string_equal(https_header(&reply, "WWW-Authenticate"), "Bearer realm=\"toy\"");
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(a_challenge_goes_with_401),
        TOY_TEST(every_answer_has_its_headers),
        TOY_TEST(head_answers_like_get_without_a_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
