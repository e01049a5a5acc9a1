#include "services/grpc-gateway/h2/conn.h"

#include "services/grpc-gateway/h2/server.h"

#include "lib/program/log.h"

#include <poll.h>
#include <sys/epoll.h>

#define READ_BLOCK    (64 * KIB)
#define READS_A_TURN  8          /* then the others have theirs */
#define GATHER        (64 * KIB) /* frames that go out in one write */
#define PING_GRACE_MS 20000
#define QUEUE_MAX     4096 /* frames that wait for a peer that does not read */

struct h2_conn *h2_conn_new(struct h2_host *host, int fd, SSL_CTX *tls, int64_t now)
{
    struct h2_conn *conn = mem_new(struct h2_conn);

    conn->host = host;
    conn->born_ms = conn->heard_ms = conn->idle_ms = conn->wrote_ms = now;
    conn->out = BUF_OF(2 * GATHER);
    conn->early = BUF_OF(H2_FIRST_WORDS_MAX);
    wire_init(&conn->wire, fd, tls);
    return conn;
}

void h2_conn_free(struct h2_conn *conn)
{
    struct h2_stream *next;

    for (struct h2_stream *stream = conn->streams; stream != NULL; stream = next) {
        next = h2_stream_io(stream)->after;
        h2_stream_io(stream)->conn = NULL;
        conn->host->wide -= h2_stream_io(stream)->is_wide;
        h2_stream_close(stream);
        h2_stream_unref(stream);
    }
    h2_ask_drop(conn->ask);
    nghttp2_session_del(conn->session);
    wire_done(&conn->wire);
    buf_done(&conn->out);
    buf_done(&conn->early);
    free(conn);
}

/* --- before HTTP/2 --- */

/* HTTP/2, of which some may have come. */
static bool open_session(struct h2_conn *conn)
{
    return h2_session_open(conn) &&
           nghttp2_session_mem_recv(conn->session, conn->early.data, conn->early.len) >= 0;
}

/* While it runs nothing is read, so that only this tells whether the client is still there. */
static bool is_there(const struct h2_conn *conn)
{
    struct pollfd socket = {.fd = conn->wire.fd, .events = POLLRDHUP};

    return poll(&socket, 1, 0) == 0;
}

static bool take_answer(struct h2_conn *conn, int64_t now)
{
    enum h2_ask_state state = h2_ask_take(conn->ask, &conn->out);

    if (state == H2_ASK_RUNS)
        return is_there(conn);
    h2_ask_drop(conn->ask);
    conn->ask = NULL;
    conn->born_ms = conn->heard_ms = conn->idle_ms = conn->wrote_ms = now; /* it begins anew */
    return state == H2_ASK_ANSWERED && open_session(conn);
}

/* *ret_known: the first words are whole, or are HTTP/2. */
static bool look(struct h2_conn *conn, bool *ret_known)
{
    struct h2_asks *asks = &conn->host->asks;
    struct span come = buf_span(&conn->early);
    struct err err;
    bool is_first;
    size_t len;

    if (asks->first->measure(come, &is_first, &len, &err) < 0) {
        log_debug("before HTTP/2: %s", err.text);
        return false;
    }
    *ret_known = come.len > 0 && (!is_first || (len > 0 && come.len >= len));
    if (!*ret_known)
        return come.len < conn->early.max;
    if (!is_first)
        return open_session(conn);
    if (h2_ask_begin(asks, conn->wire.ssl, span_part(come, 0, len), &conn->ask, &err) < 0) {
        log_debug("before HTTP/2: %s", err.text);
        return false;
    }
    buf_drop_front(&conn->early, len);
    return true;
}

static bool read_first(struct h2_conn *conn)
{
    uint8_t block[H2_FIRST_WORDS_MAX];
    bool known = false;
    size_t len;

    while (!known) {
        enum wire_result result =
            wire_read(&conn->wire, block, conn->early.max - conn->early.len, &len);

        if (result != WIRE_OK)
            return result == WIRE_AGAIN;
        buf_add(&conn->early, block, len);
        if (!look(conn, &known))
            return false;
    }
    return true;
}

static bool open_wire(struct h2_conn *conn, int64_t now)
{
    enum wire_result result;

    if (conn->ask != NULL)
        return take_answer(conn, now);
    result = wire_open(&conn->wire);
    if (result != WIRE_OK)
        return result == WIRE_AGAIN;
    if (conn->wire.ssl != NULL)
        h2_tls_peer(conn->wire.ssl, &conn->peer);
    if (conn->wire.ssl != NULL && conn->host->asks.first != NULL)
        return read_first(conn);
    return h2_session_open(conn);
}

/* --- HTTP/2 --- */

/* *ret_more: there may be more, but others wait for their turn. */
static bool read_frames(struct h2_conn *conn, int64_t now)
{
    uint8_t block[READ_BLOCK];
    size_t len;

    for (int i = 0; i < READS_A_TURN; i++) {
        enum wire_result result = wire_read(&conn->wire, block, sizeof(block), &len);

        if (result != WIRE_OK)
            return result == WIRE_AGAIN;
        conn->heard_ms = now;
        if (nghttp2_session_mem_recv(conn->session, block, len) < 0)
            return false;
    }
    return true;
}

static bool gather(struct h2_conn *conn)
{
    const uint8_t *frames;
    ssize_t len;

    while (conn->out.len < GATHER) {
        len = nghttp2_session_mem_send(conn->session, &frames);
        if (len <= 0)
            return len == 0;
        buf_add(&conn->out, frames, (size_t)len);
    }
    return !conn->out.overflow;
}

static bool write_frames(struct h2_conn *conn, int64_t now)
{
    for (;;) {
        struct span left;
        size_t len;
        enum wire_result result;

        if (conn->written == conn->out.len) {
            buf_reset(&conn->out);
            conn->written = 0;
            if (!gather(conn))
                return false;
        }
        left = span_part(buf_span(&conn->out), conn->written, conn->out.len);
        if (left.len == 0)
            conn->wrote_ms = now;
        if (left.len == 0)
            return true;
        result = wire_write(&conn->wire, left, &len);
        if (result != WIRE_OK)
            return result == WIRE_AGAIN;
        conn->written += len;
        conn->wrote_ms = now;
    }
}

/* A peer can make us say more than it reads, by streams beyond the limit say, each of which is
 * refused with a frame: memory would be its to fill. */
static bool is_flooded(const struct h2_conn *conn)
{
    return conn->written < conn->out.len &&
           nghttp2_session_get_outbound_queue_size(conn->session) > QUEUE_MAX;
}

bool h2_conn_run(struct h2_conn *conn, int64_t now)
{
    if (conn->session == NULL && !open_wire(conn, now))
        return false;
    if (conn->session == NULL)
        return true;
    if (!read_frames(conn, now)) {
        write_frames(conn, now); /* the reason, if nghttp2 has one for the peer */
        return false;
    }
    if (!write_frames(conn, now) || is_flooded(conn))
        return false;
    if (conn->stream_count > 0)
        conn->idle_ms = now;
    return nghttp2_session_want_read(conn->session) || nghttp2_session_want_write(conn->session) ||
           conn->written < conn->out.len;
}

uint32_t h2_conn_wants(const struct h2_conn *conn)
{
    bool write = conn->wire.wants_write || conn->written < conn->out.len;

    if (conn->ask != NULL)
        return EPOLLRDHUP; /* nothing is read; its end will wake us */
    return EPOLLIN | (write ? EPOLLOUT : 0U);
}

void h2_conn_drain(struct h2_conn *conn)
{
    if (conn->is_draining)
        return;
    conn->is_draining = true;
    if (conn->session != NULL)
        nghttp2_submit_goaway(conn->session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(conn->session),
                              NGHTTP2_NO_ERROR, NULL, 0);
}

void h2_conn_ping(struct h2_conn *conn, int64_t now)
{
    conn->pinged_ms = now;
    nghttp2_submit_ping(conn->session, NGHTTP2_FLAG_NONE, NULL);
}

bool h2_conn_in_time(struct h2_conn *conn, const struct h2_config *config, int64_t now)
{
    if (conn->ask != NULL)
        return now - conn->born_ms < config->patience_ms;
    if (conn->session == NULL)
        return now - conn->born_ms < config->open_timeout_ms;
    if (conn->head_ms != 0 && now - conn->head_ms >= config->open_timeout_ms)
        return false;
    if (now - conn->wrote_ms >= config->patience_ms && conn->written < conn->out.len)
        return false;
    if (conn->pinged_ms != 0)
        return now - conn->pinged_ms < PING_GRACE_MS;
    if (conn->stream_count == 0) {
        /* Whoever never asked anything has the time of a handshake, not of a rest. */
        if (conn->idle_ms == conn->born_ms && now - conn->born_ms >= config->open_timeout_ms)
            h2_conn_drain(conn);
        if (now - conn->idle_ms >= config->idle_timeout_ms)
            h2_conn_drain(conn);
        return !conn->is_draining || now - conn->heard_ms < config->idle_timeout_ms + PING_GRACE_MS;
    }
    h2_conn_pace_streams(conn, now);
    if (now - conn->heard_ms >= config->quiet_timeout_ms)
        h2_conn_ping(conn, now);
    return true;
}
