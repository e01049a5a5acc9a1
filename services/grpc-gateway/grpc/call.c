#include "services/grpc-gateway/grpc/call.h"

#include "services/grpc-gateway/grpc/text.h"

#include "lib/base/clock.h"

#include <stdio.h>
#include <string.h>

#define ONLY_MESSAGE_MS 30000

struct grpc_call {
    struct h2_stream *stream;
    int64_t until;
    struct grpc_frame frame;
    struct buf taken; /* bytes of the stream that are being read */
    struct span rest; /* of them */
    size_t untold;    /* read, but the peer does not know yet */
    bool request_ended;
    struct h2_fields head;
    bool head_sent;
};

static struct h2_fields new_head(void)
{
    struct h2_fields head = H2_FIELDS_NEW;

    h2_fields_add_str(&head, ":status", "200");
    h2_fields_add_str(&head, "content-type", "application/grpc");
    return head;
}

static int read_head(struct grpc_call *call, struct err *err)
{
    const char *timeout = grpc_call_metadata(call, "grpc-timeout");
    const char *encoding = grpc_call_metadata(call, "grpc-encoding");
    int64_t ms;

    if (encoding != NULL && strcmp(encoding, "identity") != 0)
        return err_set(err, ERR_UNSUPPORTED, "grpc-encoding '%.40s' is not taken, only identity",
                       encoding);
    if (timeout == NULL)
        return 0;
    if (grpc_text_parse_timeout(timeout, &ms, err) < 0)
        return -1;
    call->until = clock_monotonic_ms() + ms;
    return 0;
}

int grpc_call_new(struct h2_stream *stream, struct grpc_call **ret, struct err *err)
{
    struct grpc_call *call = mem_new(struct grpc_call);

    call->stream = stream;
    call->until = H2_FOREVER;
    call->frame.max = GRPC_MESSAGE_MAX;
    call->taken = BUF_OF(H2_WINDOW);
    call->head = new_head();
    *ret = call;
    return read_head(call, err);
}

static void add_status(struct h2_fields *fields, const struct err *status)
{
    OWNED_BUF message = BUF_OF(4 * ERR_TEXT_MAX);
    char code[12];

    snprintf(code, sizeof(code), "%d", status == NULL ? 0 : err_row(status->kind)->grpc_status);
    h2_fields_add_str(fields, "grpc-status", code);
    if (status == NULL)
        return;
    grpc_text_encode_message(status->text, &message);
    h2_fields_add_str(fields, "grpc-message", buf_str(&message));
}

void grpc_call_end(struct grpc_call *call, const struct err *status)
{
    struct h2_fields trailers = call->head_sent ? H2_FIELDS_NEW : GIVE_FIELDS(call->head);

    if (!call->head_sent && status == NULL)
        h2_fields_add_str(&trailers, "grpc-accept-encoding", "identity");
    add_status(&trailers, status);
    h2_stream_finish(call->stream, &trailers);
    h2_stream_release(call->stream);
    h2_fields_done(&call->head);
    buf_done(&call->taken);
    free(call);
}

const struct h2_fields *grpc_call_fields(const struct grpc_call *call)
{
    return h2_stream_request(call->stream);
}

const char *grpc_call_metadata(const struct grpc_call *call, const char *name)
{
    return h2_fields_find(grpc_call_fields(call), name);
}

const struct h2_peer *grpc_call_peer(const struct grpc_call *call)
{
    return h2_stream_peer(call->stream);
}

int64_t grpc_call_until(const struct grpc_call *call)
{
    return call->until;
}

bool grpc_call_is_over(struct grpc_call *call)
{
    return h2_stream_is_closed(call->stream) ||
           (call->until != H2_FOREVER && clock_monotonic_ms() >= call->until);
}

/* --- what comes in --- */

/* The caller is done with what he was given last. */
static void tell_consumed(struct grpc_call *call)
{
    if (call->untold > 0)
        h2_stream_consumed(call->stream, call->untold);
    call->untold = 0;
}

static int fetch(struct grpc_call *call, struct err *err)
{
    bool end;

    if (call->head_sent)
        grpc_call_flush(call);
    if (h2_stream_read(call->stream, &call->taken, call->until, &end, err) < 0)
        return -1;
    call->rest = buf_span(&call->taken);
    call->request_ended = end;
    if (end && !grpc_frame_is_between(&call->frame))
        return err_set(err, ERR_MALFORMED, "the request ends within a message");
    return 0;
}

int grpc_call_read(struct grpc_call *call, enum grpc_piece *ret, struct span *ret_bytes,
                   struct err *err)
{
    for (;;) {
        size_t before = call->rest.len;

        tell_consumed(call);
        if (grpc_frame_next(&call->frame, &call->rest, ret, ret_bytes, err) < 0)
            return -1;
        call->untold += before - call->rest.len;
        if (*ret != GRPC_PIECE_NONE || call->request_ended)
            return 0;
        tell_consumed(call);
        if (fetch(call, err) < 0)
            return -1;
    }
}

uint64_t grpc_call_message_left(const struct grpc_call *call)
{
    return call->frame.left;
}

int grpc_call_read_message(struct grpc_call *call, struct buf *message, bool *ret_end,
                           struct err *err)
{
    enum grpc_piece piece;
    struct span bytes;

    buf_reset(message);
    do {
        if (grpc_call_read(call, &piece, &bytes, err) < 0)
            return -1;
        if (piece == GRPC_PIECE_BYTES)
            buf_add_span(message, bytes);
        if (buf_check(message, "the message", err) < 0)
            return -1;
    } while (piece == GRPC_PIECE_BYTES);
    *ret_end = piece == GRPC_PIECE_NONE;
    return 0;
}

static int read_only_message(struct grpc_call *call, struct buf *message, struct err *err)
{
    OWNED_BUF more = BUF_OF(message->max);
    bool end;

    if (grpc_call_read_message(call, message, &end, err) < 0)
        return -1;
    if (end)
        return err_set(err, ERR_MALFORMED, "the call has no message");
    if (grpc_call_read_message(call, &more, &end, err) < 0)
        return -1;
    return end ? 0 : err_set(err, ERR_MALFORMED, "the call has more than one message");
}

void grpc_call_hurry(struct grpc_call *call)
{
    int64_t patience = clock_monotonic_ms() + ONLY_MESSAGE_MS;

    if (call->until > patience)
        call->until = patience;
}

int grpc_call_read_only_message(struct grpc_call *call, struct buf *message, struct err *err)
{
    int64_t until = call->until;
    int result;

    grpc_call_hurry(call);
    result = read_only_message(call, message, err);
    call->until = until;
    return result;
}

/* --- what goes out --- */

void grpc_call_add_header(struct grpc_call *call, const char *name, const char *value)
{
    if (!call->head_sent)
        h2_fields_add_str(&call->head, name, value);
}

static void respond(struct grpc_call *call)
{
    if (call->head_sent)
        return;
    call->head_sent = true;
    h2_stream_respond(call->stream, &call->head);
}

void grpc_call_send_head(struct grpc_call *call)
{
    respond(call);
    grpc_call_flush(call);
}

int grpc_call_begin_message(struct grpc_call *call, uint64_t len, struct err *err)
{
    uint8_t prefix[GRPC_PREFIX_SIZE];

    if (len > UINT32_MAX)
        return err_set(err, ERR_TOO_LARGE, "an answer of %llu bytes", (unsigned long long)len);
    respond(call);
    grpc_frame_write_prefix(prefix, (uint32_t)len);
    return grpc_call_write_part(call, SPAN_OF_ARRAY(prefix), err);
}

int grpc_call_write_part(struct grpc_call *call, struct span bytes, struct err *err)
{
    return h2_stream_write(call->stream, bytes, call->until, err);
}

int grpc_call_write(struct grpc_call *call, struct span message, struct err *err)
{
    if (grpc_call_begin_message(call, message.len, err) < 0)
        return -1;
    return grpc_call_write_part(call, message, err);
}

void grpc_call_flush(struct grpc_call *call)
{
    h2_stream_flush(call->stream);
}

int grpc_call_await_received(struct grpc_call *call, struct err *err)
{
    if (!call->head_sent)
        return 0;
    return h2_stream_await_received(call->stream, call->until, err);
}
