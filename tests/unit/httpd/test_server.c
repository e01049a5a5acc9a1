#include "tests/unit/httpd/httpd_test.h"

#include "lib/base/listen.h"

static void an_address_that_is_none_is_refused(void **state)
{
    static const char *const addresses[] = {
        "",       "7443",    "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "localhost:0",
        "[::1:0", "1.2.3:0", ":0"};
    struct httpd_config config = {.certificate = buf_span(&toy.server.certificate),
                                  .key = buf_span(&toy.server.key)};
    struct httpd *httpd;
    struct err err;
    char taken[32];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        config.listen = addresses[i];
        assert_fails(httpd_start(&config, &toy.service, &httpd, &err), ERR_INPUT);
    }
    snprintf(taken, sizeof(taken), "127.0.0.1:%u", toy.port);
    config.listen = taken;
    assert_fails(httpd_start(&config, &toy.service, &httpd, &err), ERR_SYSTEM);
    assert_non_null(strstr(err.text, "in use"));
}

/* The idle connection must end while the busy one goes on. */
static void *open_gate_when_idle_is_cut(void *arg)
{
    struct https_client *idle = arg;
    bool cut = https_is_closed_within(idle, 5000);

    toy_open_gate();
    return cut ? idle : NULL;
}

static void stopping_lets_work_under_way_finish(void **state)
{
    struct https_client *busy = toy_connect(), *idle = toy_connect();
    OWNED_REPLY reply = {0};
    pthread_t opener;
    void *cut;

    (void)state;
    https_say(busy, "GET /v1/slow HTTP/1.1\r\nHost: t\r\n\r\n");
    toy_await(&toy.waiting, 1, "waiting");
    pthread_create(&opener, NULL, open_gate_when_idle_is_cut, idle);
    httpd_stop(toy.httpd, 10000);
    toy.httpd = NULL;
    pthread_join(opener, &cut);
    assert_non_null(cut);
    https_read(busy, false, &reply);
    assert_int_equal(reply.status, 204);
    assert_string_equal(https_header(&reply, "Connection"), "close");
    https_cut(busy);
    https_cut(idle);
}

static void stopping_cuts_what_does_not_finish(void **state)
{
    struct https_client *clients[6];
    OWNED(free_str) char *bytes = mem_zeroed(5 * MIB, 1);
    int64_t start;

    (void)state;
    atomic_store(&toy.slow_us, 50000);
    for (int i = 0; i < 6; i++) {
        clients[i] = toy_connect();
        https_say(clients[i], "PUT /v1/uploads/a HTTP/1.1\r\nHost: t\r\n"
                              "Authorization: Bearer good\r\nContent-Length: 50000000\r\n\r\n");
        https_send(clients[i], bytes, i * 1000000);
    }
    toy_await(&toy.opened, 6, "opened");
    start = clock_monotonic_ms();
    httpd_stop(toy.httpd, 200);
    toy.httpd = NULL;
    assert_between(clock_monotonic_ms() - start, 150, 5000);
    assert_int_equal(atomic_load(&toy.aborted), 6);
    assert_int_equal(atomic_load(&toy.finished), 0);
    for (int i = 0; i < 6; i++)
        https_cut(clients[i]);
}

struct hammer {
    pthread_t thread;
    uint16_t port;
    atomic_bool stop;
};

static void *hit(void *arg)
{
    struct hammer *hammer = arg;

    while (!atomic_load(&hammer->stop)) {
        struct https_client *client = https_open(hammer->port, NULL);
        OWNED_REPLY reply = {0};

        if (client == NULL)
            continue;
        https_say(client, "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
        https_read(client, false, &reply);
        https_cut(client);
    }
    return NULL;
}

static void stopping_under_fire_is_clean(void **state)
{
    for (int round = 0; round < 4; round++) {
        struct hammer hammers[4];

        for (int i = 0; i < 4; i++) {
            hammers[i].port = toy.port;
            atomic_init(&hammers[i].stop, false);
            pthread_create(&hammers[i].thread, NULL, hit, &hammers[i]);
        }
        usleep(100000);
        toy_stop(0);
        for (int i = 0; i < 4; i++) {
            atomic_store(&hammers[i].stop, true);
            pthread_join(hammers[i].thread, NULL);
        }
        toy_setup(state);
    }
}

/* --- one socket, one server after the other --- */

static struct httpd *start_at(int socket)
{
    const struct httpd_config config = {.socket = dup(socket),
                                        .certificate = buf_span(&toy.server.certificate),
                                        .key = buf_span(&toy.server.key)};
    struct httpd *httpd = NULL;
    struct err err;

    assert_ok(httpd_start(&config, &toy.service, &httpd, &err));
    return httpd;
}

static bool is_answered(struct https_client *client)
{
    OWNED_REPLY reply = {0};

    https_say(client, "GET /v1/nothing HTTP/1.1\r\nHost: t\r\n\r\n");
    https_read(client, false, &reply);
    return reply.status == 404;
}

static void what_listens_at_no_socket_is_refused(void **state)
{
    const struct httpd_config config = {.socket = -1,
                                        .certificate = buf_span(&toy.server.certificate),
                                        .key = buf_span(&toy.server.key)};
    struct httpd *httpd;
    struct err err;

    (void)state;
    assert_fails(httpd_start(&config, &toy.service, &httpd, &err), ERR_SYSTEM);
}

/* A connection whose answer is out may be busy with its end for a moment, and then is left alone.
 */
static void hang_up_until_closed(struct httpd *httpd, struct https_client *client)
{
    bool closed = false;

    for (int i = 0; i < 100 && !closed; i++) {
        httpd_hang_up(httpd);
        closed = https_is_closed_within(client, 100);
    }
    assert_true(closed);
}

static void a_socket_is_left_to_the_next_server(void **state)
{
    OWNED(close_fd) int socket = -1;
    struct httpd *first, *second;
    struct https_client *before, *after, *last;
    uint16_t port;
    struct err err;

    (void)state;
    assert_ok(listen_at("127.0.0.1:0", &socket, &port, &err));
    first = start_at(socket);
    assert_int_equal(httpd_port(first), port); /* not 0, which would mean a path */
    before = https_open(port, NULL);
    assert_true(is_answered(before));
    assert_int_equal(httpd_connections(first), 1);

    httpd_quiesce(first);
    httpd_quiesce(first);
    second = start_at(socket);
    after = https_open(port, NULL);
    assert_true(is_answered(after));
    assert_int_equal(httpd_connections(second), 1);
    assert_true(is_answered(before));
    assert_int_equal(httpd_connections(first), 1);

    hang_up_until_closed(first, before);
    httpd_stop(first, 0);
    last = https_open(port, NULL); /* who stopped did not shut it down for the other */
    assert_true(is_answered(last));
    assert_true(is_answered(after));
    https_close(last);
    https_close(after);
    https_cut(before);
    httpd_stop(second, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(an_address_that_is_none_is_refused),
        TOY_TEST(stopping_lets_work_under_way_finish),
        TOY_TEST(stopping_cuts_what_does_not_finish),
        TOY_TEST(stopping_under_fire_is_clean),
        TOY_TEST(what_listens_at_no_socket_is_refused),
        TOY_TEST(a_socket_is_left_to_the_next_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
