/* What nghttp2 calls, and what it is told. */
#include "services/grpc-gateway/h2/conn.h"

#define RESETS_BURST      1000 /* CVE-2023-44487: streams opened and reset at once */
#define RESETS_PER_SECOND 33
#define FAULTS_MAX        100 /* CVE-2025-8671: streams that we are made to reset */

static struct h2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

/* Each is the end of a stream by the peer's own doing, whose call begins and ends for nothing. Who
 * means well makes none, or few. */
static void note_fault(nghttp2_session *session, struct h2_conn *conn)
{
    if (++conn->faults == FAULTS_MAX)
        nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error,
                            void *arg)
{
    (void)frame;
    (void)error;
    note_fault(session, arg);
    return 0;
}

/* --- requests --- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2_conn *conn = arg;
    struct h2_stream *stream;
    struct h2_stream_io *io;

    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    stream = h2_stream_new(frame->hd.stream_id, &conn->peer, &conn->host->owner);
    io = h2_stream_io(stream);
    io->conn = conn;
    io->paced_ms = conn->heard_ms;
    io->after = conn->streams;
    if (conn->streams != NULL)
        h2_stream_io(conn->streams)->previous = stream;
    conn->streams = stream;
    conn->stream_count++;
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *arg)
{
    struct h2_stream *stream = stream_of(session, frame->hd.stream_id);
    struct h2_fields *fields;

    (void)flags;
    if (stream == NULL || h2_stream_io(stream)->served)
        return 0; /* trailers of a request mean nothing here */
    fields = h2_stream_request_fields(stream);
    h2_fields_add(fields, span_of(name, name_len), span_of(value, value_len));
    if (!fields->text.overflow)
        return 0;
    note_fault(session, arg);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* the stream is reset, the connection goes on */
}

static void end_request(struct h2_stream *stream)
{
    h2_stream_io(stream)->request_ended = true;
    h2_stream_end_request(stream);
}

/* A head is a frame and those that continue it, with nothing between. */
static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *arg)
{
    struct h2_conn *conn = arg;

    (void)session;
    if (hd->type != NGHTTP2_CONTINUATION)
        conn->head_ms = hd->type == NGHTTP2_HEADERS ? conn->heard_ms : 0;
    return 0;
}

/* A PING says of which stream it is to bring the receipt; 0: of none. */
static void submit_receipt(nghttp2_session *session, int32_t id)
{
    uint8_t opaque[8] = {0};

    memcpy(opaque, &id, sizeof(id));
    nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, opaque);
}

static void take_receipt(nghttp2_session *session, const uint8_t opaque[static 8])
{
    struct h2_stream *stream;
    int32_t id;

    memcpy(&id, opaque, sizeof(id));
    stream = id > 0 ? stream_of(session, id) : NULL;
    if (stream != NULL)
        h2_stream_set_received(stream);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2_conn *conn = arg;
    struct h2_stream *stream;

    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
        conn->pinged_ms = 0;
        take_receipt(session, frame->ping.opaque_data);
    }
    if (frame->hd.type == NGHTTP2_HEADERS)
        conn->head_ms = 0;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    stream = stream_of(session, frame->hd.stream_id);
    if (stream == NULL)
        return 0;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
        end_request(stream);
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        h2_stream_io(stream)->served = true;
        conn->host->serve(conn->host->serve_ctx, h2_stream_ref(stream));
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *arg)
{
    struct h2_stream *stream = stream_of(session, id);

    (void)flags;
    (void)arg;
    /* The connection's window never closes: each stream's own is the bound. */
    if (nghttp2_session_consume_connection(session, len) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (stream == NULL)
        return 0;
    if (!h2_stream_feed(stream, span_of(data, len)))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct h2_conn *conn = arg;
    struct h2_stream *stream = stream_of(session, id);
    struct h2_stream_io *io;

    (void)code;
    if (stream == NULL)
        return 0;
    io = h2_stream_io(stream);
    if (io->previous != NULL)
        h2_stream_io(io->previous)->after = io->after;
    else
        conn->streams = io->after;
    if (io->after != NULL)
        h2_stream_io(io->after)->previous = io->previous;
    conn->stream_count--;
    conn->host->wide -= io->is_wide;
    io->conn = NULL;
    nghttp2_session_set_stream_user_data(session, id, NULL);
    h2_stream_close(stream);
    h2_stream_unref(stream);
    return 0;
}

/* --- answers --- */

size_t h2_session_nv(const struct h2_fields *fields, nghttp2_nv nv[static H2_NV_MAX])
{
    struct h2_field field;
    size_t at = 0, count = 0;

    while (count < H2_NV_MAX && h2_fields_next(fields, &at, &field))
        nv[count++] = (nghttp2_nv){
            .name = (uint8_t *)(uintptr_t)field.name,
            .value = (uint8_t *)(uintptr_t)field.value,
            .namelen = strlen(field.name),
            .valuelen = strlen(field.value),
        };
    return count;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
                         uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct h2_stream *stream = source->ptr;
    OWNED_H2_FIELDS trailers = {0};
    nghttp2_nv nv[H2_NV_MAX];
    bool end;
    size_t len = h2_stream_take_body(stream, to, room, &end, &trailers);

    (void)arg;
    if (end) {
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        nghttp2_submit_trailer(session, id, nv, h2_session_nv(&trailers, nv));
    } else if (len == 0) {
        h2_stream_io(stream)->deferred = true;
        if (h2_stream_wants_receipt(stream))
            submit_receipt(session, id);
        return NGHTTP2_ERR_DEFERRED;
    }
    return (ssize_t)len;
}

/* Of some faults (a body that is not as long as its head says) this is all that we are told. */
static void note_reset(nghttp2_session *session, struct h2_conn *conn, uint32_t code)
{
    if (code == NGHTTP2_PROTOCOL_ERROR && ++conn->resets == FAULTS_MAX)
        nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
}

/* An answer that is complete before its request is: the rest of the request is not wanted. */
static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2_stream *stream;

    if (frame->hd.type == NGHTTP2_RST_STREAM)
        note_reset(session, arg, frame->rst_stream.error_code);
    if (frame->hd.type != NGHTTP2_HEADERS || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        return 0;
    stream = stream_of(session, frame->hd.stream_id);
    if (stream != NULL && !h2_stream_io(stream)->request_ended)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                  NGHTTP2_NO_ERROR);
    return 0;
}

static void answer(struct h2_conn *conn, struct h2_stream *stream)
{
    struct h2_stream_io *io = h2_stream_io(stream);
    nghttp2_data_provider body = {.source.ptr = stream, .read_callback = read_body};
    OWNED_H2_FIELDS head = {0};
    nghttp2_nv nv[H2_NV_MAX];
    enum h2_answer kind = h2_stream_take_head(stream, &head);

    if (kind == H2_ANSWER_NONE) {
        if (io->deferred && io->answered) {
            io->deferred = false;
            nghttp2_session_resume_data(conn->session, io->id);
        }
        return;
    }
    io->answered = true;
    nghttp2_submit_response(conn->session, io->id, nv, h2_session_nv(&head, nv),
                            kind == H2_ANSWER_HEAD ? &body : NULL);
}

/* A few streams that bring much may have much under way; where there are more of them the
 * processors are busy anyway, and memory is what counts. */
static void widen(struct h2_conn *conn, struct h2_stream_io *io)
{
    if (io->is_wide || io->request_ended || conn->host->wide >= H2_WIDE_MAX)
        return;
    io->is_wide = true;
    conn->host->wide++;
    nghttp2_session_set_local_window_size(conn->session, NGHTTP2_FLAG_NONE, io->id, H2_WINDOW);
}

void h2_conn_tend(struct h2_conn *conn, struct h2_stream *stream)
{
    size_t consumed = h2_stream_take_consumed(stream);

    if (consumed >= H2_WINDOW_NARROW / 4)
        widen(conn, h2_stream_io(stream));
    if (consumed > 0)
        nghttp2_session_consume_stream(conn->session, h2_stream_io(stream)->id, consumed);
    answer(conn, stream);
}

/* What nghttp2 has been given and cannot send waits for the peer; what is deferred, for us. */
void h2_conn_pace_streams(struct h2_conn *conn, int64_t now)
{
    for (struct h2_stream *stream = conn->streams; stream != NULL;
         stream = h2_stream_io(stream)->after) {
        struct h2_stream_io *io = h2_stream_io(stream);
        int64_t waited = now - io->paced_ms;

        io->paced_ms = now;
        if (io->answered && !io->deferred && !h2_stream_bear(stream, waited))
            nghttp2_submit_rst_stream(conn->session, NGHTTP2_FLAG_NONE, io->id, NGHTTP2_CANCEL);
    }
}

/* --- a session --- */

static nghttp2_session *new_session(struct h2_conn *conn)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session = NULL;
    nghttp2_option *option;

    if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0)
        abort();
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_stream_reset_rate_limit(option, RESETS_BURST, RESETS_PER_SECOND);
    if (nghttp2_session_server_new2(&session, callbacks, conn, option) != 0)
        abort();
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return session;
}

bool h2_session_open(struct h2_conn *conn)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS_MAX},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW_NARROW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, H2_FIELDS_MAX},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
    };

    conn->session = new_session(conn);
    return nghttp2_submit_settings(conn->session, NGHTTP2_FLAG_NONE, settings,
                                   COUNT_OF(settings)) == 0 &&
           nghttp2_session_set_local_window_size(conn->session, NGHTTP2_FLAG_NONE, 0,
                                                 8 * H2_WINDOW) == 0;
}
