/* What nghttp2 calls for a client, and what it is told. */
#include "services/grpc-gateway/h2/client_parts.h"

#include "lib/base/text.h"

#define REASON_MAX 200

/* --- what nghttp2 calls --- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2_client *client = arg;

    (void)session;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->hd.stream_id != client->stream)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (client->has_head)
        return 0;
    /* What an interim answer said counts for nothing. */
    h2_fields_done(&client->head);
    client->head = H2_FIELDS_NEW;
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *arg)
{
    struct h2_client *client = arg;
    struct h2_fields *fields = client->has_head ? &client->trailers : &client->head;

    (void)session;
    (void)frame;
    (void)flags;
    h2_fields_add(fields, span_of(name, name_len), span_of(value, value_len));
    return fields->text.overflow ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static void take_headers(struct h2_client *client, bool ends)
{
    const char *status = h2_fields_find(&client->head, ":status");

    if (client->has_head)
        client->has_trailers = true;
    else if (status != NULL && status[0] != '1')
        client->has_head = true;
    /* "Trailers only": the head is all there is, and is both. */
    if (ends && client->has_head && !client->has_trailers) {
        h2_fields_done(&client->trailers);
        client->trailers = H2_FIELDS_NEW;
        buf_add_span(&client->trailers.text, buf_span(&client->head.text));
        client->trailers.count = client->head.count;
        client->has_trailers = true;
    }
}

static void take_settings(struct h2_client *client, bool is_answer)
{
    if (!is_answer) {
        client->heard = true;
    } else if (!client->marks_opened) {
        client->marks_opened = true;
    } else {
        client->marked_ms = 0;
        client->news = true;
    }
}

static void take_goaway(struct h2_client *client, const nghttp2_goaway *goaway)
{
    if (client->reason.len > 0)
        return;
    buf_printf(&client->reason, "%s", nghttp2_http2_strerror(goaway->error_code));
    if (goaway->opaque_data_len > 0) {
        buf_add_str(&client->reason, ": ");
        text_add_printable(&client->reason, span_of(goaway->opaque_data, goaway->opaque_data_len),
                           REASON_MAX);
    }
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2_client *client = arg;
    bool acks = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

    (void)session;
    switch (frame->hd.type) {
    case NGHTTP2_SETTINGS: take_settings(client, acks); return 0;
    case NGHTTP2_GOAWAY: take_goaway(client, &frame->goaway); return 0;
    case NGHTTP2_PING:
        if (acks)
            client->conn->pinged_ms = 0;
        return 0;
    case NGHTTP2_HEADERS: take_headers(client, ends); break;
    case NGHTTP2_DATA: break;
    default: return 0;
    }
    client->ended = client->ended || ends;
    client->news = true;
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *arg)
{
    struct h2_client *client = arg;

    (void)flags;
    (void)id;
    if (nghttp2_session_consume_connection(session, len) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    buf_add(&client->in, data, len);
    client->news = true;
    return client->in.overflow ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct h2_client *client = arg;

    (void)session;
    if (id != client->stream)
        return 0;
    if (!client->ended && client->reason.len == 0)
        buf_printf(&client->reason, "the stream was reset, %s", nghttp2_http2_strerror(code));
    client->ended = true;
    client->news = true;
    return 0;
}

ssize_t h2_client_read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
                            uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct h2_client *client = arg;
    struct span part = span_part(buf_span(&client->out), client->sent, room);

    (void)session;
    (void)id;
    (void)flags;
    (void)source;
    if (part.len == 0) {
        client->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    memcpy(to, part.data, part.len);
    client->sent += part.len;
    if (client->sent == client->out.len) {
        buf_reset(&client->out);
        client->sent = 0;
    }
    return (ssize_t)part.len;
}

/* --- a session --- */

void h2_client_open_session(struct h2_client *client)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, H2_FIELDS_MAX},
    };
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;

    if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0)
        abort(); /* memory is gone */
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_option_set_no_auto_window_update(option, 1);
    if (nghttp2_session_client_new2(&client->conn->session, callbacks, client, option) != 0 ||
        nghttp2_submit_settings(client->conn->session, NGHTTP2_FLAG_NONE, settings,
                                COUNT_OF(settings)) != 0)
        abort();
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
}
