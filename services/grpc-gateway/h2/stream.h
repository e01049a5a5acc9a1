/* One stream of HTTP/2: a request that comes in and the answer that goes out, as the thread that
 * serves it sees them. It blocks there; the thread of the connections never does.
 *
 * What came in waits in a buffer of at most one flow-control window, and the peer may send more
 * only when the server has said with h2_stream_consumed() that it is done with what it took: memory
 * is bounded by construction, however slow the server is. What goes out is bounded in the same way.
 *
 * Errors: INTERRUPTED when the peer has ended the stream or the connection broke; TIMEOUT past
 * `until`, in milliseconds of clock_monotonic_ms(), H2_FOREVER for never, and when the peer keeps
 * the stream waiting for longer than the server's patience (pace.h). */
#ifndef COCOS_GATEWAY_H2_STREAM_H
#define COCOS_GATEWAY_H2_STREAM_H

#include "services/grpc-gateway/h2/fields.h"

#include "lib/crypto/digest.h"

#define H2_WINDOW        (256 * KIB) /* that may wait, each way */
#define H2_WINDOW_NARROW (16 * KIB)  /* that a peer may send where many send at once */
#define H2_GATHER        (64 * KIB)
#define H2_FOREVER       INT64_MAX

struct h2_stream;

/* Who is at the other end, and whom it believes to speak to. Keys are SHA-256 of their
 * SubjectPublicKeyInfo. */
struct h2_peer {
    bool has_identity; /* it showed a client certificate, and holds its key */
    uint8_t identity[SHA256_SIZE];
    bool has_voucher; /* it was shown a second certificate, whose key signed our own */
    uint8_t voucher[SHA256_SIZE];
};

/* Never changes. */
const struct h2_fields *h2_stream_request(const struct h2_stream *stream);
const struct h2_peer *h2_stream_peer(const struct h2_stream *stream);

/* Waits for bytes and exchanges them for *into, whose ceiling is H2_WINDOW and whose old content is
 * dropped. *ret_end is true, and *into empty, when the request is complete. */
MUST_USE int h2_stream_read(struct h2_stream *stream, struct buf *into, int64_t until,
                            bool *ret_end, struct err *err);

/* len bytes that were read are not needed any more. */
void h2_stream_consumed(struct h2_stream *stream, size_t len);

/* The head of the answer. Once; takes what is in fields. It goes out with what follows. */
void h2_stream_respond(struct h2_stream *stream, struct h2_fields *fields);

/* Bytes of the answer; waits while a window of them is still unsent. They go out when there are
 * H2_GATHER of them, at h2_stream_flush(), or with the end: a small answer is one packet. */
MUST_USE int h2_stream_write(struct h2_stream *stream, struct span bytes, int64_t until,
                             struct err *err);

void h2_stream_flush(struct h2_stream *stream);

/* Waits until the peer's HTTP/2 has everything that was written: it is sent, and a PING that went
 * out behind it has come back. */
MUST_USE int h2_stream_await_received(struct h2_stream *stream, int64_t until, struct err *err);

/* Ends the answer with trailers; without a head before they are the head ("trailers only"). Takes
 * what is in fields. Whatever the peer still sends is dropped. */
void h2_stream_finish(struct h2_stream *stream, struct h2_fields *fields);

/* The peer has gone: nothing that is sent arrives any more. */
bool h2_stream_is_closed(struct h2_stream *stream);

/* The server is done with it, and has called h2_stream_finish(). */
void h2_stream_release(struct h2_stream *stream);

#endif
