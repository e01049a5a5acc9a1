#include "lib/httpc/events.h"

#include "lib/httpc/internal.h"

#include <poll.h>
#include <stdio.h>

#define QUIET_MS     500
#define ATTEMPTS_MAX 8
#define PAUSE_MIN_MS 500
#define PAUSE_MAX_MS 15000
#define HEADER_MAX   (SSE_FIELD_MAX + 32)

struct listening {
    const struct httpc_events *events;
    struct sse sse;
    bool connected;    /* at least once */
    unsigned failures; /* in a row, without an event between */
    bool refused;      /* the listener itself ended it */
};

static int on_event(void *ctx, const struct sse_event *event, struct err *err)
{
    struct listening *l = ctx;

    l->failures = 0;
    if (l->events->listener(l->events->ctx, event, err) == 0)
        return 0;
    l->refused = true;
    return -1;
}

static int on_bytes(void *to, struct span bytes, struct err *err)
{
    struct listening *l = to;

    return sse_feed(&l->sse, bytes, on_event, l, err);
}

static int connect_once(struct httpc *client, const struct httpc_call *call, struct listening *l,
                        struct err *err)
{
    struct httpc_sink sink = {.write = on_bytes, .to = l, .max = UINT64_MAX};
    char last_id[HEADER_MAX];
    const char *headers[] = {"Accept: text/event-stream", NULL, NULL};
    struct httpc_call streaming = *call;
    OWNED_HTTPC_REPLY reply = {0};
    int result;

    if (l->sse.id[0] != '\0') {
        snprintf(last_id, sizeof(last_id), "Last-Event-ID: %s", l->sse.id);
        headers[1] = last_id;
    }
    streaming.headers = headers;
    streaming.sink = &sink;
    streaming.endless = true;
    streaming.quiet_ms = l->events->follow ? 0 : QUIET_MS;
    sse_reset(&l->sse);
    result = httpc_perform(client, &streaming, &reply, err);
    l->connected = l->connected || reply.status == 200;
    return result;
}

static int pause_for(const struct httpc *client, unsigned ms, struct err *err)
{
    const struct httpc_config *config = &client->config;
    int64_t until = config->ticks_ms() + ms;

    while (config->ticks_ms() < until) {
        if (config->stopped != NULL && config->stopped(config->ctx))
            return err_set(err, ERR_INTERRUPTED, "interrupted");
        poll(NULL, 0, 100);
    }
    return 0;
}

static bool is_passing(const struct err *err)
{
    return err->kind == ERR_UNREACHABLE || err->kind == ERR_TIMEOUT || err->kind == ERR_UNAVAILABLE;
}

static int follow(struct httpc *client, const struct httpc_call *call, struct listening *l,
                  struct err *err)
{
    for (;;) {
        unsigned pause_ms = PAUSE_MIN_MS << l->failures;

        err_set(err, ERR_UNREACHABLE, "the stream ended");
        if (connect_once(client, call, l, err) < 0 &&
            (l->refused || !l->connected || !is_passing(err)))
            return -1;
        if (++l->failures >= ATTEMPTS_MAX)
            return err_wrap(err, "given up after %u attempts", l->failures);
        if (pause_ms > PAUSE_MAX_MS)
            pause_ms = PAUSE_MAX_MS;
        if (l->events->broke != NULL)
            l->events->broke(l->events->ctx, err, pause_ms);
        if (pause_for(client, pause_ms, err) < 0)
            return -1;
    }
}

int httpc_listen(struct httpc *client, const struct httpc_call *call,
                 const struct httpc_events *events, struct err *err)
{
    struct listening l = {.events = events};
    int result;

    sse_init(&l.sse);
    snprintf(l.sse.id, sizeof(l.sse.id), "%s", events->after != NULL ? events->after : "");
    result = events->follow ? follow(client, call, &l, err) : connect_once(client, call, &l, err);
    sse_done(&l.sse);
    return result;
}
