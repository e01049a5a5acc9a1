/* Event streams: listed to their end, and followed across a broken connection. */
#include "tests/unit/httpc/served.h"

#include "lib/httpc/events.h"

static const struct api_op op_events = {"list_events", API_GET,       "/v1/events",
                                        API_AUTH_NONE, API_BODY_NONE, 0};

struct hearing {
    char ids[256];
    int count;
    int enough; /* after so many the listener ends it; 0: never */
};

static int hear(void *ctx, const struct sse_event *event, struct err *err)
{
    struct hearing *hearing = ctx;
    size_t used = strlen(hearing->ids);

    snprintf(hearing->ids + used, sizeof(hearing->ids) - used, "%s ", event->id);
    if (++hearing->count == hearing->enough)
        return err_set(err, ERR_STATE, "enough");
    return 0;
}

static void on_break(void *ctx, const struct err *why, unsigned pause_ms)
{
    (void)ctx, (void)why, (void)pause_ms;
    atomic_store(&toy.last_event, 6);
    atomic_store(&toy.end_events, false);
}

static void a_list_of_events_comes_to_its_end(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_call call = {.op = &op_events};
    struct hearing hearing = {0};
    struct httpc_events events = {.listener = hear, .ctx = &hearing, .after = "2"};
    struct err err;

    (void)state;
    atomic_store(&toy.last_event, 5);
    assert_ok(httpc_listen(client, &call, &events, &err));
    assert_string_equal(hearing.ids, "3 4 5 ");
}

static void a_follower_takes_up_where_it_broke_off(void **state)
{
    struct httpc_config config = config_of();
    OWNED_HTTPC *client = client_of(&config);
    struct httpc_call call = {.op = &op_events};
    struct hearing hearing = {.enough = 4};
    struct httpc_events events = {
        .listener = hear, .ctx = &hearing, .after = "2", .follow = true, .broke = on_break};
    struct err err;

    (void)state;
    atomic_store(&toy.end_events, true); /* the first stream is empty and ends at once */
    assert_fails(httpc_listen(client, &call, &events, &err), ERR_STATE);
    assert_string_equal(hearing.ids, "3 4 5 6 ");
}

static void a_follower_that_never_got_in_gives_up(void **state)
{
    struct httpc_config config = config_of();
    struct httpc_call call = {.op = &op_events};
    struct hearing hearing = {0};
    struct httpc_events events = {.listener = hear, .ctx = &hearing, .follow = true};
    OWNED_HTTPC *client = NULL;
    struct err err;

    (void)state;
    config.url = "https://127.0.0.1:1";
    client = client_of(&config);
    assert_fails(httpc_listen(client, &call, &events, &err), ERR_UNREACHABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(a_list_of_events_comes_to_its_end),
        SERVED(a_follower_takes_up_where_it_broke_off),
        SERVED(a_follower_that_never_got_in_gives_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
