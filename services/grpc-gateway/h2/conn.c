#include "services/grpc-gateway/h2/conn.h"

#include <sys/epoll.h>

#define READ_BLOCK   (64 * KIB)
#define READS_A_TURN 8          /* then the others have theirs */
#define GATHER       (64 * KIB) /* frames that go out in one write */
#define QUEUE_MAX    4096       /* frames that wait for a peer that does not read */

struct h2_conn *h2_conn_new(struct h2_host *host, int fd, SSL_CTX *tls, int64_t now)
{
    struct h2_conn *conn = mem_new(struct h2_conn);

    conn->host = host;
    conn->born_ms = conn->heard_ms = conn->idle_ms = conn->wrote_ms = now;
    conn->out = BUF_OF(2 * GATHER);
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
    nghttp2_session_del(conn->session);
    wire_done(&conn->wire);
    buf_done(&conn->out);
    free(conn);
}

static bool open_wire(struct h2_conn *conn)
{
    enum wire_result result = wire_open(&conn->wire);

    if (result != WIRE_OK)
        return result == WIRE_AGAIN;
    if (conn->wire.ssl != NULL)
        h2_tls_peer(conn->wire.ssl, &conn->peer);
    return h2_session_open(conn);
}

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
    if (conn->session == NULL && !open_wire(conn))
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
