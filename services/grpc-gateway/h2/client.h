/* A client of HTTP/2, on nghttp2: one connection with one stream that is open for as long as both
 * ends like, driven by one thread, which owns it.
 *
 *     h2_client_open(&config, &client, err);        connects, shakes hands, hears the server
 *     h2_client_request(client, &head, err);
 *     while (h2_client_wait(client, wake_fd, 1000, err) == 0) { take what came; write what there is
 * }
 *
 * What the server sends waits in one flow-control window (H2_WINDOW) until it is taken, so memory
 * is bounded however fast it sends; what is written waits in a bounded buffer, and there is room
 * (h2_client_has_room()) or there is not. A header list over 16 KiB, more frames than a peer
 * may make us answer, streams that the server opens: all of that ends the connection.
 *
 * A *mark* tells how far the server has come: it is a frame that HTTP/2 obliges the peer to answer
 * in order (SETTINGS), so when the answer is here, its end of the connection has all that was sent
 * before it. PING would say the same, but servers of gRPC hang up on whoever sends more than one in
 * five minutes.
 *
 * After an error the connection is of no use any more: h2_client_free(). */
#ifndef COCOS_GATEWAY_H2_CLIENT_H
#define COCOS_GATEWAY_H2_CLIENT_H

#include "services/grpc-gateway/h2/fields.h"
#include "services/grpc-gateway/h2/tls.h"

struct h2_client;

struct h2_client_config {
    const char *address;        /* "10.0.2.100:7001", "cvms.example:7001", "unix:PATH" */
    SSL_CTX *tls;               /* from h2_tls_new_client(); NULL: plain */
    const char *server_name;    /* that the certificate must have: a DNS name or an address */
    unsigned open_ms;           /* for all that comes before the first frame; 0: 10 s */
    unsigned quiet_ms;          /* after that much silence a PING asks; 0: 6 min */
    bool (*stopped)(void *ctx); /* asked now and then: true ends what waits; may be NULL */
    void *ctx;
};

/* Errors: INPUT (no address), UNREACHABLE, TIMEOUT, UNTRUSTED (certificate), INTERRUPTED. */
MUST_USE int h2_client_open(const struct h2_client_config *config, struct h2_client **ret,
                            struct err *err);
void h2_client_free(struct h2_client *client);

/* Opens the stream; takes what is in head. Once. */
MUST_USE int h2_client_request(struct h2_client *client, struct h2_fields *head, struct err *err);

/* Sends and receives until something has come, a mark is answered, the stream has ended, wake_fd
 * (-1: none) can be read, or wait_ms have passed. Errors: UNREACHABLE (the connection broke, or the
 * server ended it: with its reason), TIMEOUT (no answer to a PING or a mark in
 * 20 s, or quiet_ms if that is less), MALFORMED
 * (what the server may not send). */
MUST_USE int h2_client_wait(struct h2_client *client, int wake_fd, int wait_ms, struct err *err);

/* Less than H2_GATHER bytes are waiting to be sent. */
bool h2_client_has_room(const struct h2_client *client);
/* All that was written is sent, or on its way. */
bool h2_client_is_drained(const struct h2_client *client);
/* Appends to what is to be sent. Errors: TOO_LARGE. */
MUST_USE int h2_client_write(struct h2_client *client, struct span bytes, struct err *err);

/* What has come and was not taken yet; *into's old content is dropped. The window opens by it. */
void h2_client_take(struct h2_client *client, struct buf *into);

/* The answer's head, and what followed its body; NULL while it is not here. */
const struct h2_fields *h2_client_head(const struct h2_client *client);
const struct h2_fields *h2_client_trailers(const struct h2_client *client);
/* The server has ended the stream: what is here is all that comes. */
bool h2_client_has_ended(const struct h2_client *client);
/* What a GOAWAY or a reset said of it, printable; "" when there was none. */
const char *h2_client_reason(const struct h2_client *client);

/* Sets a mark behind all that was written; only when h2_client_is_drained() and no mark is out. */
void h2_client_mark(struct h2_client *client);
bool h2_client_is_marking(const struct h2_client *client); /* a mark is out */

#endif
