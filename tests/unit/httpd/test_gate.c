#include "tests/unit/httpd/httpd_test.h"

#include "lib/httpd/internal.h"

/* The comments of a silent stream would hide a wake-up that was lost, so there are none. */
static int setup(void **state)
{
    struct httpd_config config = {.keep_alive_ms = 600000};

    (void)state;
    toy_start(&config);
    return 0;
}

#define EVENTS  20000
#define READERS 3

struct listener {
    pthread_t thread;
    bool got_all;
};

static void *listen_to_all(void *arg)
{
    struct https_client *client = toy_connect();
    struct listener *listener = arg;
    OWNED_BUF got = BUF_OF(4 * MIB);
    char last[32];

    snprintf(last, sizeof(last), "id: %d\n", EVENTS);
    https_say(client, "GET /v1/events HTTP/1.1\r\nHost: t\r\n\r\n");
    for (int silent = 0; silent < 50 && !listener->got_all;) {
        size_t before = got.len;

        https_read_some(client, 200, &got);
        silent = got.len > before ? 0 : silent + 1;
        listener->got_all = strstr(buf_str(&got), last) != NULL;
        if (got.len > 64 * KIB)
            buf_drop_front(&got, got.len - 1024);
    }
    https_close(client);
    return NULL;
}

static void no_wake_up_is_lost(void **state)
{
    struct listener listeners[READERS] = {0};

    (void)state;
    for (int i = 0; i < READERS; i++)
        pthread_create(&listeners[i].thread, NULL, listen_to_all, &listeners[i]);
    for (unsigned id = 1; id <= EVENTS; id++) {
        atomic_store(&toy.last_event, id);
        httpd_wake(toy.httpd);
        if (id % 64 == 0)
            usleep(100);
    }
    for (int i = 0; i < READERS; i++) {
        pthread_join(listeners[i].thread, NULL);
        assert_true(listeners[i].got_all);
    }
}

static void a_ring_before_the_sleep_ends_it(void **state)
{
    struct httpd_gate gate;

    (void)state;
    httpd_gate_init(&gate);
    httpd_gate_ring(&gate, NULL);
    assert_false(httpd_gate_sleep(&gate, NULL));
    httpd_gate_done(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_before_the_sleep_ends_it),
        cmocka_unit_test_setup_teardown(no_wake_up_is_lost, setup, toy_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
