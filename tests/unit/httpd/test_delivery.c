#include "tests/unit/httpd/httpd_test.h"

#define FILE_SIZE (1 * MIB + 7)

static void assert_bytes(const struct https_reply *reply, uint64_t from, uint64_t to)
{
    OWNED(free_str) char *wanted = mem_zeroed(to - from + 1, 1);

    toy_file_block(from, (uint8_t *)wanted, to - from);
    assert_int_equal(reply->body.len, to - from);
    assert_memory_equal(reply->body.data, wanted, to - from);
    assert_false(reply->cut);
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

        https_say(client, "GET /v1/file?size=60000 HTTP/1.1\r\nHost: t\r\n%s\r\n",
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

static void stopping_waits_for_what_is_on_its_way(void **state)
{
    struct https_client *client = toy_connect();
    OWNED_REPLY reply = {0};

    (void)state;
    https_say(client, "GET /v1/file HTTP/1.1\r\nHost: t\r\n\r\n");
    https_read(client, false, &reply);
    assert_int_equal(reply.body.len, FILE_SIZE);
    httpd_stop(toy.httpd, 5000);
    toy.httpd = NULL;
    assert_int_equal(atomic_load(&toy.files_sent), 1);
    assert_int_equal(atomic_load(&toy.released), 1);
    https_cut(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(a_file_that_is_cut_is_not_sent),
        TOY_TEST(a_small_file_that_is_cut_is_not_sent),
        TOY_TEST(a_file_is_sent_though_the_connection_stays),
        TOY_TEST(stopping_waits_for_what_is_on_its_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
