#include "services/grpc-gateway/h2/client.h"

#include "services/grpc-gateway/h2/client_parts.h"
#include "services/grpc-gateway/h2/dial.h"

#include "lib/base/clock.h"

#include <poll.h>

#define OUT_MAX  (8 * MIB)
#define GRACE_MS 20000 /* for the answer to a PING or a mark */
#define OPEN_MS  10000
#define QUIET_MS 360000
#define TICK_MS  1000

/* --- the connection --- */

static int set_over(const struct h2_client *client, struct err *err)
{
    if (client->reason.len > 0)
        return err_set(err, ERR_UNREACHABLE, "the server ended the connection: %s",
                       buf_str(&client->reason));
    return err_set(err, ERR_UNREACHABLE, "the connection broke");
}

static int check_time(struct h2_client *client, int64_t now, struct err *err)
{
    struct h2_conn *conn = client->conn;
    unsigned quiet = client->config.quiet_ms, grace = quiet < GRACE_MS ? quiet : GRACE_MS;

    if ((conn->pinged_ms != 0 && now - conn->pinged_ms >= grace) ||
        (client->marked_ms != 0 && now - client->marked_ms >= grace))
        return err_set(err, ERR_TIMEOUT, "the server says nothing any more");
    if (conn->pinged_ms == 0 && now - conn->heard_ms >= client->config.quiet_ms)
        h2_conn_ping(conn, now);
    return 0;
}

/* One turn: sleeps at most wait_ms, then sends and receives what there is. */
static int turn(struct h2_client *client, int wake_fd, int wait_ms, struct err *err)
{
    struct h2_conn *conn = client->conn;
    struct pollfd ready[2] = {{conn->wire.fd, POLLIN, 0}, {wake_fd, POLLIN, 0}};
    int64_t now = clock_monotonic_ms();

    if (check_time(client, now, err) < 0)
        return -1;
    if (!h2_conn_run(conn, now))
        return set_over(client, err);
    if (client->news)
        return 0;
    if ((h2_conn_wants(conn) & POLLOUT) != 0)
        ready[0].events |= POLLOUT;
    poll(ready, wake_fd < 0 ? 1 : 2, wait_ms < TICK_MS ? wait_ms : TICK_MS);
    client->news = (ready[1].revents & POLLIN) != 0;
    if (!h2_conn_run(conn, clock_monotonic_ms()))
        return set_over(client, err);
    if (client->config.stopped != NULL && client->config.stopped(client->config.ctx))
        return err_set(err, ERR_INTERRUPTED, "interrupted");
    return 0;
}

int h2_client_wait(struct h2_client *client, int wake_fd, int wait_ms, struct err *err)
{
    int64_t until = clock_monotonic_ms() + wait_ms, left = wait_ms;

    client->news = client->in.len > 0;
    do {
        if (turn(client, wake_fd, (int)left, err) < 0)
            /* What came before the end is still to be taken. */
            return client->ended || client->in.len > 0 ? 0 : -1;
        left = until - clock_monotonic_ms();
    } while (!client->news && left > 0);
    return 0;
}

/* --- opening --- */

static int await_server(struct h2_client *client, int64_t until, struct err *err)
{
    while (!client->heard) {
        if (clock_monotonic_ms() >= until)
            return err_set(err, ERR_TIMEOUT, "no HTTP/2 from it in time");
        if (turn(client, -1, 100, err) < 0)
            return -1;
        client->news = false;
    }
    return 0;
}

static int open_client(struct h2_client *client, struct err *err)
{
    int64_t now = clock_monotonic_ms(), until = now + client->config.open_ms;
    const struct h2_client_config *config = &client->config;
    struct dial dial = {.until = until, .stopped = config->stopped, .ctx = config->ctx};
    int fd;

    if (dial_address(&dial, config->address, &fd, err) < 0)
        return -1;
    client->conn = h2_conn_new(NULL, fd, config->tls, now);
    if (config->tls != NULL &&
        dial_shake_hands(&dial, &client->conn->wire, config->server_name, err) < 0)
        return -1;
    h2_client_open_session(client);
    return await_server(client, until, err);
}

int h2_client_open(const struct h2_client_config *config, struct h2_client **ret, struct err *err)
{
    struct h2_client *client = mem_new(struct h2_client);

    client->config = *config;
    if (client->config.open_ms == 0)
        client->config.open_ms = OPEN_MS;
    if (client->config.quiet_ms == 0)
        client->config.quiet_ms = QUIET_MS;
    client->in = BUF_OF(H2_WINDOW);
    client->out = BUF_OF(OUT_MAX);
    client->reason = BUF_OF(1 * KIB);
    client->head = client->trailers = H2_FIELDS_NEW;
    if (open_client(client, err) < 0) {
        h2_client_free(client);
        return err_wrap(err, "'%s'", config->address);
    }
    *ret = client;
    return 0;
}

void h2_client_free(struct h2_client *client)
{
    if (client == NULL)
        return;
    if (client->conn != NULL)
        h2_conn_free(client->conn);
    h2_fields_done(&client->head);
    h2_fields_done(&client->trailers);
    buf_done(&client->in);
    buf_done(&client->out);
    buf_done(&client->reason);
    free(client);
}

/* --- the stream --- */

int h2_client_request(struct h2_client *client, struct h2_fields *head, struct err *err)
{
    OWNED_H2_FIELDS fields = GIVE_FIELDS(*head);
    nghttp2_data_provider body = {.read_callback = h2_client_read_body};
    nghttp2_nv nv[H2_NV_MAX];
    int id = nghttp2_submit_request(client->conn->session, NULL, nv, h2_session_nv(&fields, nv),
                                    &body, NULL);

    if (id < 0)
        return err_set(err, ERR_UNREACHABLE, "no stream could be opened: %s", nghttp2_strerror(id));
    client->stream = id;
    return 0;
}

bool h2_client_has_room(const struct h2_client *client)
{
    return client->out.len - client->sent < H2_GATHER;
}

bool h2_client_is_drained(const struct h2_client *client)
{
    return client->out.len == client->sent;
}

int h2_client_write(struct h2_client *client, struct span bytes, struct err *err)
{
    if (client->sent > 0) {
        buf_drop_front(&client->out, client->sent);
        client->sent = 0;
    }
    buf_add_span(&client->out, bytes);
    if (buf_check(&client->out, "what waits for the server", err) < 0)
        return -1;
    if (client->deferred) {
        client->deferred = false;
        nghttp2_session_resume_data(client->conn->session, client->stream);
    }
    return 0;
}

void h2_client_take(struct h2_client *client, struct buf *into)
{
    struct buf taken = client->in;

    buf_reset(into);
    client->in = *into;
    client->in.max = H2_WINDOW;
    *into = taken;
    if (taken.len > 0 && !client->ended)
        nghttp2_session_consume_stream(client->conn->session, client->stream, taken.len);
}

const struct h2_fields *h2_client_head(const struct h2_client *client)
{
    return client->has_head ? &client->head : NULL;
}

const struct h2_fields *h2_client_trailers(const struct h2_client *client)
{
    return client->has_trailers ? &client->trailers : NULL;
}

bool h2_client_has_ended(const struct h2_client *client)
{
    return client->ended;
}

const char *h2_client_reason(const struct h2_client *client)
{
    return buf_str(&client->reason);
}

void h2_client_mark(struct h2_client *client)
{
    if (nghttp2_submit_settings(client->conn->session, NGHTTP2_FLAG_NONE, NULL, 0) == 0)
        client->marked_ms = clock_monotonic_ms();
}

bool h2_client_is_marking(const struct h2_client *client)
{
    return client->marked_ms != 0;
}
