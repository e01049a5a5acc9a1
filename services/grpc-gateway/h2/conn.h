/* One connection: its bytes, its session of nghttp2, its streams. Private to h2/; only the thread
 * of the connections touches it. */
#ifndef COCOS_GATEWAY_H2_CONN_H
#define COCOS_GATEWAY_H2_CONN_H

#include "services/grpc-gateway/h2/first.h"
#include "services/grpc-gateway/h2/stream_io.h"
#include "services/grpc-gateway/h2/wire.h"

#include <nghttp2/nghttp2.h>

#define H2_STREAMS_MAX 256
#define H2_WIDE_MAX    16

/* What a connection needs from its server. */
struct h2_host {
    void (*serve)(void *ctx, struct h2_stream *stream);
    void *serve_ctx;
    struct h2_owner owner; /* of its streams */
    unsigned wide;         /* streams with a wide window, of all connections */
    struct h2_asks asks;
};

struct h2_conn {
    struct h2_host *host;
    struct wire wire;
    nghttp2_session *session; /* NULL until the wire is open and HTTP/2 begins */
    struct buf early;         /* what came before that */
    struct h2_ask *ask;       /* the client's first words are being answered; NULL: none are */
    struct h2_peer peer;
    struct h2_stream *streams;
    size_t stream_count;
    unsigned faults;                               /* of streams, as they came */
    unsigned resets;                               /* that we sent for such */
    struct buf out;                                /* taken from nghttp2, not yet written */
    size_t written;                                /* of it */
    uint32_t events;                               /* what epoll was asked for */
    int64_t born_ms, heard_ms, idle_ms, pinged_ms; /* pinged_ms 0: no PING is out */
    int64_t head_ms;                               /* a request's head began; 0: none is coming */
    int64_t wrote_ms;                              /* nothing was unwritten, or some of it left */
    bool is_draining, is_broken;
    struct h2_conn *next; /* the server's list */
};

struct h2_conn *h2_conn_new(struct h2_host *host, int fd, SSL_CTX *tls, int64_t now);
/* Closes its streams, too. */
void h2_conn_free(struct h2_conn *conn);

/* The socket is ready, its ask has ended, or there is something to send: goes on until it would
 * block. False when the connection is over. */
bool h2_conn_run(struct h2_conn *conn, int64_t now);
/* What epoll should wait for. */
uint32_t h2_conn_wants(const struct h2_conn *conn);

/* A service did something with a stream. */
void h2_conn_tend(struct h2_conn *conn, struct h2_stream *stream);

/* Says GOAWAY; the connection ends with its last stream. */
void h2_conn_drain(struct h2_conn *conn);
void h2_conn_ping(struct h2_conn *conn, int64_t now);

/* What the clock says of it, by the server's terms: false when it is over. */
struct h2_config;
bool h2_conn_in_time(struct h2_conn *conn, const struct h2_config *config, int64_t now);

/* Ends the streams whose peer keeps their answers waiting. */
void h2_conn_pace_streams(struct h2_conn *conn, int64_t now);

/* --- session.c: nghttp2's side --- */
MUST_USE bool h2_session_open(struct h2_conn *conn);

/* Fields as nghttp2 takes them, borrowed; how many there are. */
#define H2_NV_MAX 64
size_t h2_session_nv(const struct h2_fields *fields, nghttp2_nv nv[static H2_NV_MAX]);

#endif
