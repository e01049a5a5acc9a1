/* A call of gRPC, as the method that serves it sees it: metadata, messages in, messages out, and a
 * deadline. A method runs in a thread of its own and may block. What it returns is the status: OK,
 * or the kind of its error in gRPC's terms (lib/base/err_kinds.h) with its text as the message. */
#ifndef COCOS_GATEWAY_GRPC_CALL_H
#define COCOS_GATEWAY_GRPC_CALL_H

#include "services/grpc-gateway/grpc/frame.h"
#include "services/grpc-gateway/h2/stream.h"

/* The largest message, as gRPC has it by default. */
#define GRPC_MESSAGE_MAX (4 * MIB)

struct grpc_call;

/* Metadata of the request; the value of the first of that name, NULL when there is none. */
const char *grpc_call_metadata(const struct grpc_call *call, const char *name);
/* Every field, in order: see h2_fields_next(). */
const struct h2_fields *grpc_call_fields(const struct grpc_call *call);
const struct h2_peer *grpc_call_peer(const struct grpc_call *call);

/* The client has gone, or its deadline has passed: whatever still goes on is for nobody. */
bool grpc_call_is_over(struct grpc_call *call);
int64_t grpc_call_until(const struct grpc_call *call); /* H2_FOREVER without a deadline */

/* The next piece of the request: bytes of a message, borrowed until the next call; the end of a
 * message; or NONE, the end of all. Errors: those of frame.h and stream.h. */
MUST_USE int grpc_call_read(struct grpc_call *call, enum grpc_piece *ret, struct span *ret_bytes,
                            struct err *err);

/* How much of the message under way has not been given out yet. */
uint64_t grpc_call_message_left(const struct grpc_call *call);

/* The next message, whole, into the emptied buf, as far as its ceiling goes; *ret_end when there is
 * none. */
MUST_USE int grpc_call_read_message(struct grpc_call *call, struct buf *message, bool *ret_end,
                                    struct err *err);

/* From now on the call has 30 seconds, if it has more. */
void grpc_call_hurry(struct grpc_call *call);

/* The one message of a call that has one, which is said at once: within 30 seconds, also when the
 * call has no deadline (TIMEOUT). MALFORMED when there are more or fewer. */
MUST_USE int grpc_call_read_only_message(struct grpc_call *call, struct buf *message,
                                         struct err *err);

/* Initial metadata of the answer; before the first message. */
void grpc_call_add_header(struct grpc_call *call, const char *name, const char *value);

/* Sends the answer's head now, before there is a message; from then on one thread may read and
 * another write. */
void grpc_call_send_head(struct grpc_call *call);

/* Sends a message. */
MUST_USE int grpc_call_write(struct grpc_call *call, struct span message, struct err *err);

/* The same in parts: the message has len bytes, which follow in any number of calls. */
MUST_USE int grpc_call_begin_message(struct grpc_call *call, uint64_t len, struct err *err);
MUST_USE int grpc_call_write_part(struct grpc_call *call, struct span bytes, struct err *err);

/* What was written goes out now, as a stream of messages wants it; else it waits for more, for the
 * end of the call, or until the call waits for the client. */
void grpc_call_flush(struct grpc_call *call);

/* Waits until the client has everything that was written: see h2_stream_await_received(). */
MUST_USE int grpc_call_await_received(struct grpc_call *call, struct err *err);

/* --- for server.c --- */

/* Takes the stream, and releases it with the call. Errors: INPUT (timeout), UNSUPPORTED
 * (encoding); the call is made all the same, to be ended with them. */
MUST_USE int grpc_call_new(struct h2_stream *stream, struct grpc_call **ret, struct err *err);
/* status NULL: OK. Frees. */
void grpc_call_end(struct grpc_call *call, const struct err *status);

#endif
