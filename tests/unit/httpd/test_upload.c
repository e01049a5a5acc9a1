#include "tests/unit/httpd/httpd_test.h"

static uint8_t *make_bytes(size_t len)
{
    uint8_t *bytes = mem_zeroed(len, 1);

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 2654435761U >> 11);
    return bytes;
}

static void free_bytes(uint8_t **owner)
{
    free(*owner);
}

static void assert_stored(const struct https_reply *reply, const uint8_t *bytes, size_t len)
{
    uint8_t sha256[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    assert_int_equal(reply->status, 201);
    digest_of(DIGEST_SHA256, span_of(bytes, len), sha256);
    text_hex(sha256, sizeof(sha256), hex);
    assert_non_null(strstr(buf_str(&reply->body), hex));
}

static bool say_put(struct https_client *client, const char *headers, size_t length)
{
    return https_say(client,
                     "PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer good\r\n"
                     "%sContent-Length: %zu\r\n\r\n",
                     headers, length);
}

static void a_cut_upload_is_aborted_once(void **state)
{
    static const size_t sent[] = {0, 1, 16384, 300000, 5000000};
    OWNED(free_bytes) uint8_t *bytes = make_bytes(10000000);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sent); i++) {
        struct https_client *client = toy_connect();

        say_put(client, "", 10000000);
        https_send(client, bytes, sent[i]);
        toy_await(&toy.opened, (int)i + 1, "opened");
        if (i % 2 == 0)
            https_cut(client);
        else
            https_close(client);
        toy_await(&toy.aborted, (int)i + 1, "aborted");
    }
    usleep(50000);
    assert_int_equal(atomic_load(&toy.aborted), COUNT_OF(sent));
    assert_int_equal(atomic_load(&toy.finished), 0);
}

static void a_wrong_digest_is_422_and_stores_nothing(void **state)
{
    OWNED(free_bytes) uint8_t *bytes = make_bytes(700000);
    struct https_client *client = toy_connect();
    OWNED_REPLY wrong = {0};
    OWNED_REPLY right = {0};

    (void)state;
    digest_of(DIGEST_SHA256, span_of(bytes, 700000), toy.expect);
    bytes[699999] ^= 1;
    say_put(client, "X-Expect: 1\r\n", 700000);
    https_send(client, bytes, 700000);
    https_read(client, false, &wrong);
    assert_int_equal(wrong.status, 422);
    assert_int_equal(atomic_load(&toy.aborted), 1);

    bytes[699999] ^= 1;
    say_put(client, "X-Expect: 1\r\n", 700000);
    https_send(client, bytes, 700000);
    https_read(client, false, &right);
    assert_stored(&right, bytes, 700000);
    assert_int_equal(atomic_load(&toy.finished), 1);
    https_close(client);
}

static void a_wrong_digest_of_nothing_is_422_too(void **state)
{
    struct https_client *client = toy_connect();
    OWNED_REPLY wrong = {0};
    OWNED_REPLY right = {0};

    (void)state;
    say_put(client, "X-Expect: 1\r\n", 0);
    https_read(client, false, &wrong);
    assert_int_equal(wrong.status, 422);
    digest_of(DIGEST_SHA256, span_of(NULL, 0), toy.expect);
    say_put(client, "X-Expect: 1\r\n", 0);
    https_read(client, false, &right);
    assert_stored(&right, NULL, 0);
    https_close(client);
}

static void a_failing_sink_answers_at_once(void **state)
{
    OWNED(free_bytes) uint8_t *bytes = make_bytes(1000000);
    struct https_client *client = toy_connect();
    OWNED_REPLY reply = {0};

    (void)state;
    atomic_store(&toy.fail_write, true);
    say_put(client, "", TOY_UPLOAD_MAX); /* most of it is never sent */
    https_send(client, bytes, 1000000);
    https_read(client, false, &reply);
    assert_int_equal(reply.status, 507);
    assert_non_null(strstr(buf_str(&reply.body), "the toy is full"));
    assert_non_null(https_header(&reply, "X-Request-Id"));
    assert_string_equal(https_header(&reply, "Connection"), "close");
    assert_true(https_is_closed_within(client, 9000));
    toy_await(&toy.aborted, 1, "aborted");
    assert_int_equal(atomic_load(&toy.finished), 0);
    https_cut(client);
}

/* The sink fails while the client keeps still, and the client hears of it all the same. */
static void a_failing_sink_answers_a_client_that_waits(void **state)
{
    struct httpd_config config = {.body_grace_ms = 1000};
    OWNED(free_bytes) uint8_t *bytes = make_bytes(300000);
    int64_t start;

    toy_teardown(state);
    toy_start(&config);
    start = clock_monotonic_ms();
    atomic_store(&toy.fail_write, true);
    atomic_store(&toy.slow_us, 300000);
    for (int i = 0; i < 2; i++) {
        struct https_client *client = toy_connect();
        OWNED_REPLY reply = {0};

        say_put(client, "", TOY_UPLOAD_MAX);
        https_send(client, bytes, 300000);
        https_read(client, false, &reply);
        assert_int_equal(reply.status, 507);
        assert_true(https_is_closed_within(client, 9000));
        https_cut(client);
    }
    assert_between(clock_monotonic_ms() - start, 0, 8000);
}

static void a_sink_that_fails_at_the_end_answers_too(void **state)
{
    struct https_client *client = toy_connect();
    OWNED_REPLY reply = {0};

    (void)state;
    atomic_store(&toy.fail_write, true);
    say_put(client, "", 3);
    https_send(client, "abc", 3);
    https_read(client, false, &reply);
    assert_int_equal(reply.status, 507);
    assert_int_equal(atomic_load(&toy.aborted), 1);
    https_close(client);
}

static void a_chunked_upload_over_the_limit_is_413(void **state)
{
    OWNED(free_bytes) uint8_t *bytes = make_bytes(1 * MIB);
    struct https_client *client = toy_connect();
    OWNED_REPLY reply = {0};

    (void)state;
    https_say(client, "PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer good\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < TOY_UPLOAD_MAX / MIB; i++) {
        https_say(client, "100000\r\n");
        https_send(client, bytes, 1 * MIB);
        https_say(client, "\r\n");
    }
    https_say(client, "1\r\nx\r\n");
    https_read(client, false, &reply);
    assert_int_equal(reply.status, 413);
    toy_await(&toy.aborted, 1, "aborted");
    assert_int_equal(atomic_load(&toy.finished), 0);
    https_cut(client);
}

static void malformed_chunks_are_400_and_aborted(void **state)
{
    static const char *const bodies[] = {"zz\r\nabc\r\n", "3\r\nabcdef\r\n0\r\n\r\n",
                                         "-1\r\nabc\r\n", "ffffffffffffffffffff\r\nabc\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct https_client *client = toy_connect();
        OWNED_REPLY reply = {0};

        https_say(client,
                  "PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer good\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n%s",
                  bodies[i]);
        https_read(client, false, &reply);
        assert_true(reply.status == 400 || reply.status == 413);
        toy_await(&toy.aborted, (int)i + 1, "aborted");
        https_cut(client);
    }
    assert_int_equal(atomic_load(&toy.finished), 0);
}

static void too_many_uploads_are_429(void **state)
{
    struct httpd_config config = {.uploads_max = 2};
    struct https_client *clients[3];
    OWNED_REPLY reply = {0};

    toy_teardown(state);
    toy_start(&config);
    for (int i = 0; i < 2; i++) {
        clients[i] = toy_connect();
        say_put(clients[i], "", 1000);
        toy_await(&toy.opened, i + 1, "opened");
    }
    clients[2] = toy_connect();
    say_put(clients[2], "", 1000);
    https_read(clients[2], false, &reply);
    assert_int_equal(reply.status, 429);
    for (int i = 0; i < 3; i++)
        https_cut(clients[i]);
}

static void uploads_of_every_size_arrive_whole(void **state)
{
    static const size_t sizes[] = {0,       1,       16383,   16384,   16385,
                                   262143,  262144,  262145,  524288,  1048576,
                                   2097151, 2097152, 2097153, 3000001, 20000000};
    OWNED(free_bytes) uint8_t *bytes = make_bytes(20000000);
    struct https_client *client = toy_connect();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        OWNED_REPLY reply = {0};

        say_put(client, "", sizes[i]);
        https_send(client, bytes, sizes[i]);
        https_read(client, false, &reply);
        assert_stored(&reply, bytes, sizes[i]);
    }
    assert_int_equal(atomic_load(&toy.aborted), 0);
    https_close(client);
}

static void a_chunked_upload_arrives_whole(void **state)
{
    OWNED(free_bytes) uint8_t *bytes = make_bytes(1000000);
    struct https_client *client = toy_connect();
    OWNED_REPLY reply = {0};
    size_t at = 0;

    (void)state;
    https_say(client, "PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer good\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t part = 1; at < 1000000; part = part * 3 + 1) {
        size_t len = part < 1000000 - at ? part : 1000000 - at;

        https_say(client, "%zx;ext=1\r\n", len);
        https_send(client, bytes + at, len);
        https_say(client, "\r\n");
        at += len;
    }
    https_say(client, "0\r\nTrailer-Field: x\r\n\r\n");
    https_read(client, false, &reply);
    assert_stored(&reply, bytes, 1000000);
    https_close(client);
}

/* A slow sink must hold the client back: memory for a few blocks, not for the body. What comes is
 * gathered: no block is smaller than 256 KiB or larger than 1 MiB. */
static void a_slow_sink_holds_the_client_back(void **state)
{
    OWNED(free_bytes) uint8_t *bytes = make_bytes(8 * MIB);
    struct https_client *client = toy_connect();
    OWNED_REPLY reply = {0};

    (void)state;
    atomic_store(&toy.slow_us, 20000);
    say_put(client, "", 8 * MIB);
    https_send(client, bytes, 8 * MIB);
    https_read(client, false, &reply);
    assert_stored(&reply, bytes, 8 * MIB);
    assert_between(atomic_load(&toy.write_calls), 8, 8 * MIB / (256 * KIB));
    https_close(client);
}

struct upload_job {
    pthread_t thread;
    uint8_t *bytes;
    size_t len;
    int status;
};

static void *upload(void *arg)
{
    struct upload_job *job = arg;
    struct https_client *client = toy_connect();

    for (int i = 0; i < 3; i++) {
        OWNED_REPLY reply = {0};

        say_put(client, "", job->len);
        https_send(client, job->bytes, job->len);
        https_read(client, false, &reply);
        job->status = reply.status;
    }
    https_close(client);
    return NULL;
}

static void uploads_run_side_by_side(void **state)
{
    OWNED(free_bytes) uint8_t *bytes = make_bytes(3000000);
    struct upload_job jobs[6];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        jobs[i] = (struct upload_job){.bytes = bytes, .len = 3000000 - i * 12345};
        pthread_create(&jobs[i].thread, NULL, upload, &jobs[i]);
    }
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        pthread_join(jobs[i].thread, NULL);
        assert_int_equal(jobs[i].status, 201);
    }
    assert_int_equal(atomic_load(&toy.finished), 3 * COUNT_OF(jobs));
    assert_int_equal(atomic_load(&toy.aborted), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(a_cut_upload_is_aborted_once),
        TOY_TEST(a_wrong_digest_is_422_and_stores_nothing),
        TOY_TEST(a_wrong_digest_of_nothing_is_422_too),
        TOY_TEST(a_failing_sink_answers_at_once),
        TOY_TEST(a_failing_sink_answers_a_client_that_waits),
        TOY_TEST(a_sink_that_fails_at_the_end_answers_too),
        TOY_TEST(a_chunked_upload_over_the_limit_is_413),
        TOY_TEST(malformed_chunks_are_400_and_aborted),
        TOY_TEST(too_many_uploads_are_429),
        TOY_TEST(uploads_of_every_size_arrive_whole),
        TOY_TEST(a_chunked_upload_arrives_whole),
        TOY_TEST(a_slow_sink_holds_the_client_back),
        TOY_TEST(uploads_run_side_by_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
