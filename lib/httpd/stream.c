#include "lib/httpd/internal.h"

#include "lib/base/clock.h"

#define EVENT_MAX  (1 * MIB)
#define COMMENT    ": still here\n\n"
#define BLOCK_SIZE (16 * KIB)

int httpd_stream_admit(struct httpd_request *rq, struct err *err)
{
    struct httpd *httpd = rq->httpd;
    bool room;

    pthread_mutex_lock(&httpd->lock);
    room = httpd->stream_count < httpd->config.streams_max && !httpd->draining;
    if (room) {
        httpd->stream_count++;
        rq->streaming = true;
        rq->next_stream = httpd->streams;
        if (rq->next_stream != NULL)
            rq->next_stream->prev_stream = rq;
        httpd->streams = rq;
    }
    pthread_mutex_unlock(&httpd->lock);
    if (!room)
        return err_set(err, ERR_TOO_MANY, "too many event streams at once; try again later");
    atomic_store(&rq->last_sent_ms, clock_monotonic_ms());
    rq->pending.max = EVENT_MAX;
    return 0;
}

void httpd_stream_leave(struct httpd_request *rq)
{
    struct httpd *httpd = rq->httpd;

    if (!rq->streaming)
        return;
    pthread_mutex_lock(&httpd->lock);
    if (rq->prev_stream != NULL)
        rq->prev_stream->next_stream = rq->next_stream;
    else
        httpd->streams = rq->next_stream;
    if (rq->next_stream != NULL)
        rq->next_stream->prev_stream = rq->prev_stream;
    httpd->stream_count--;
    pthread_mutex_unlock(&httpd->lock);
    rq->streaming = false;
}

void httpd_wake(struct httpd *httpd)
{
    pthread_mutex_lock(&httpd->lock);
    for (struct httpd_request *rq = httpd->streams; rq != NULL; rq = rq->next_stream)
        httpd_gate_ring(&rq->gate, rq->mhd);
    pthread_mutex_unlock(&httpd->lock);
}

void httpd_stream_keep_alive(struct httpd *httpd, int64_t now_ms)
{
    for (struct httpd_request *rq = httpd->streams; rq != NULL; rq = rq->next_stream) {
        if (now_ms - atomic_load(&rq->last_sent_ms) < httpd->config.keep_alive_ms)
            continue;
        atomic_store(&rq->comment_due, true);
        httpd_gate_ring(&rq->gate, rq->mhd);
    }
}

/* Fills pending; false at the end of the stream. */
static bool ask_service(struct httpd_request *rq)
{
    struct httpd_events *events = &rq->reply.events;
    int got;

    if (httpd_is_draining(rq->httpd))
        return false;
    buf_reset(&rq->pending);
    got = events->next(events->ctx, &events->after, &rq->pending);
    if (got < 0 || rq->pending.overflow)
        return false;
    if (atomic_exchange(&rq->comment_due, false) && rq->pending.len == 0)
        buf_add_str(&rq->pending, COMMENT);
    return true;
}

/* The connection sleeps while there is nothing to tell, and httpd_wake() or the timer ring. */
static ssize_t read_stream(void *cls, uint64_t at, char *out, size_t max)
{
    struct httpd_request *rq = cls;
    size_t part;

    (void)at;
    while (rq->pending.len == 0) {
        if (!ask_service(rq))
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (rq->pending.len == 0 && httpd_gate_sleep(&rq->gate, rq->mhd)) {
            httpd_conn_enter(rq->conn, PHASE_BUSY);
            return 0;
        }
    }

    part = rq->pending.len < max ? rq->pending.len : max;
    memcpy(out, rq->pending.data, part);
    buf_drop_front(&rq->pending, part);
    rq->bytes_out += part;
    atomic_store(&rq->last_sent_ms, clock_monotonic_ms());
    httpd_conn_enter(rq->conn, PHASE_REPLY);
    return (ssize_t)part;
}

struct MHD_Response *httpd_stream_response(struct httpd_request *rq)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream, rq, NULL);
}
