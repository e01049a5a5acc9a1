/* A real server of the server kit for each test of the client kit, and a client of it. */
#ifndef COCOS_TESTS_UNIT_HTTPC_SERVED_H
#define COCOS_TESTS_UNIT_HTTPC_SERVED_H

#include "tests/unit/unit.h"

#include "lib/base/clock.h"
#include "lib/httpc/httpc.h"
#include "tests/fakes/toy_service.h"

static char url[64];
static char pin[HTTPC_PIN_SIZE];
static bool stop_now;

static inline bool stopped(void *ctx)
{
    (void)ctx;
    return stop_now;
}

static inline int set_up(void **state)
{
    OWNED_BUF text = BUF_OF(HTTPC_PIN_SIZE);

    (void)state;
    toy_start(NULL);
    snprintf(url, sizeof(url), "https://127.0.0.1:%u", toy.port);
    buf_add_str(&text, "sha256//");
    text_encode_base64(SPAN_OF_ARRAY(toy.server.id), &text);
    snprintf(pin, sizeof(pin), "%s", buf_str(&text));
    stop_now = false;
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    toy_stop(0);
    return 0;
}

static inline struct httpc_config config_of(void)
{
    return (struct httpc_config){
        .url = url,
        .trust = HTTPC_TRUST_PIN,
        .pin = pin,
        .token = "good",
        .clock = clock_now,
        .ticks_ms = clock_monotonic_ms,
        .stopped = stopped,
    };
}

static inline struct httpc *client_of(const struct httpc_config *config)
{
    struct httpc *client = NULL;
    struct err err;

    assert_ok(httpc_new(config, &client, &err));
    return client;
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
