/* A server of HTTP/2, on nghttp2: one thread that owns every connection, and streams that are
 * served in threads of the service.
 *
 * Connections are plain (prior knowledge) or TLS with ALPN "h2". A connection must be open within
 * 10 seconds, ends after 5 minutes without a stream, and is asked with PING when a stream is open
 * and nothing was heard for a minute. A request's head must be whole within the same 10 seconds; a
 * stream whose peer neither sends nor takes a KiB a second is borne for a minute (pace.h), and so
 * is a connection that takes nothing at all. Header lists over 16 KiB, more than 256 streams at
 * once, and streams that are reset faster than 33 a second for long are refused, as nghttp2 has it;
 * a hundred streams that are reset for what the peer did on them end the connection, too. Where
 * there are as many connections as may be, a new one takes the place of the one that has rested
 * longest. */
#ifndef COCOS_GATEWAY_H2_SERVER_H
#define COCOS_GATEWAY_H2_SERVER_H

#include "services/grpc-gateway/h2/first.h"
#include "services/grpc-gateway/h2/stream.h"

struct h2_server;

struct h2_config {
    const char *listen;
    SSL_CTX *tls;                 /* NULL: plain; the server takes a reference of its own */
    const struct h2_first *first; /* see there; NULL: HTTP/2 only. Borrowed */
    unsigned connections_max;     /* 0: 256 */
    unsigned open_timeout_ms;     /* 0: 10 s */
    unsigned idle_timeout_ms;     /* 0: 5 min */
    unsigned quiet_timeout_ms;    /* of a connection with streams; 0: 1 min, then a PING of 20 s */
    unsigned patience_ms;         /* with a peer that keeps a stream waiting; 0: 1 min */

    /* A request's head is complete. In the thread of the connections: must not block. From now on
     * the stream is the service's, which calls h2_stream_release() in the end. */
    void (*serve)(void *ctx, struct h2_stream *stream);
    void *ctx;
};

/* Errors: INPUT (no address), SYSTEM. */
MUST_USE int h2_server_start(const struct h2_config *config, struct h2_server **ret,
                             struct err *err);
uint16_t h2_server_port(const struct h2_server *server);

/* Who connects from now on gets this TLS, of which the server takes a reference of its own. Those
 * who have another are told to connect anew (GOAWAY): what is under way ends by itself, and a
 * handshake that is under way is cut. Not for a server that is plain. */
void h2_server_use_tls(struct h2_server *server, SSL_CTX *tls);

/* Accepts nothing more, tells the clients (GOAWAY), waits up to drain_ms for the streams under way,
 * and closes what is left. Streams that the service still holds stay valid until it releases them;
 * when all are released, h2_server_free(). */
void h2_server_stop(struct h2_server *server, unsigned drain_ms);
void h2_server_free(struct h2_server *server);

#endif
