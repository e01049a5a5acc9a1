#include "tests/unit/httpd/httpd_test.h"

#define FILE_SIZE (1 * MIB + 7)

static int setup(void **state)
{
    struct httpd_config config = {.idle_timeout_ms = 2000};

    (void)state;
    toy_start(&config);
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

int main(void)
{
#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, toy_teardown)
    const struct CMUnitTest tests[] = {
        FILE_TEST(ranges_that_do_not_exist_are_416), FILE_TEST(head_and_304_send_no_file),
        FILE_TEST(a_whole_file_arrives_and_is_told), FILE_TEST(parts_arrive_and_are_told),
        FILE_TEST(an_empty_file_is_a_file),          FILE_TEST(a_client_that_reads_nothing_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
