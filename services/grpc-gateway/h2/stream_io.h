/* The other side of a stream: what the thread of the connections does with it. Private to h2/. */
#ifndef COCOS_GATEWAY_H2_STREAM_IO_H
#define COCOS_GATEWAY_H2_STREAM_IO_H

#include "services/grpc-gateway/h2/stream.h"

struct h2_conn;

/* Called, from any thread, when there is something to do for a stream. */
typedef void h2_poke(void *ctx, struct h2_stream *stream);

/* What a stream needs from its server. */
struct h2_owner {
    h2_poke *poke;
    void *ctx;
    unsigned patience_ms; /* see pace.h */
};

struct h2_stream *h2_stream_new(int32_t id, const struct h2_peer *peer,
                                const struct h2_owner *owner);
struct h2_stream *h2_stream_ref(struct h2_stream *stream);
void h2_stream_unref(struct h2_stream *stream);

/* What only the thread of the connections touches. */
struct h2_stream_io {
    int32_t id;
    struct h2_conn *conn;               /* NULL once the stream is closed */
    struct h2_stream *previous, *after; /* in the connection's list */
    struct h2_stream *next_poked;       /* in the server's list; under the server's lock */
    bool poked;                         /* under the server's lock */
    bool served;                        /* handed to the service */
    bool answered;                      /* the head was given to nghttp2 */
    bool deferred;                      /* nghttp2 waits for more of the body */
    bool request_ended;
    bool is_wide;     /* its window is H2_WINDOW, not H2_WINDOW_NARROW */
    int64_t paced_ms; /* when its pace was looked at */
};
struct h2_stream_io *h2_stream_io(struct h2_stream *stream);
struct h2_fields *h2_stream_request_fields(struct h2_stream *stream);

/* Bytes came. False when there were more than the window allows. */
bool h2_stream_feed(struct h2_stream *stream, struct span bytes);
void h2_stream_end_request(struct h2_stream *stream);
void h2_stream_close(struct h2_stream *stream);

/* The peer had waited_ms more to take what is ready for him. False, and the stream is closed, when
 * he takes too little. */
bool h2_stream_bear(struct h2_stream *stream, int64_t waited_ms);

/* All is sent that was written, and the service wants to know when it is there. Once. */
bool h2_stream_wants_receipt(struct h2_stream *stream);
void h2_stream_set_received(struct h2_stream *stream);

/* How many bytes were consumed since it was asked last. */
size_t h2_stream_take_consumed(struct h2_stream *stream);

/* What the server wants sent. */
enum h2_answer { H2_ANSWER_NONE, H2_ANSWER_HEAD, H2_ANSWER_TRAILERS_ONLY };
/* What there is to begin an answer with; ret is moved out of the stream. */
enum h2_answer h2_stream_take_head(struct h2_stream *stream, struct h2_fields *ret);

/* Copies up to room bytes of the body to `to`. *ret_end: that was all, and ret_trailers follow. */
size_t h2_stream_take_body(struct h2_stream *stream, uint8_t *to, size_t room, bool *ret_end,
                           struct h2_fields *ret_trailers);

#endif
