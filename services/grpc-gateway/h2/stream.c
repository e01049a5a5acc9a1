#include "services/grpc-gateway/h2/stream_io.h"

#include "services/grpc-gateway/h2/pace.h"

#include "lib/base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

struct h2_stream {
    atomic_int refs;
    struct h2_peer peer;
    struct h2_fields request;
    struct h2_owner owner;
    struct h2_stream_io io;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    struct buf in;
    bool in_ended;
    size_t consumed;
    struct h2_fields head, trailers;
    bool has_head, head_taken, finished, closed, too_slow;
    struct buf out, sending; /* the first fills while the second is sent */
    size_t sent;             /* of `sending` */
    bool receipt_wanted, receipt_asked, received;
    struct h2_pace reading, taking; /* the peer's */
};

struct h2_stream *h2_stream_new(int32_t id, const struct h2_peer *peer,
                                const struct h2_owner *owner)
{
    struct h2_stream *stream = mem_new(struct h2_stream);

    atomic_store(&stream->refs, 1);
    stream->peer = *peer;
    stream->request = H2_FIELDS_NEW;
    stream->owner = *owner;
    stream->io.id = id;
    stream->reading = stream->taking = h2_pace_of(owner->patience_ms);
    pthread_mutex_init(&stream->lock, NULL);
    pthread_cond_init(&stream->changed, NULL);
    stream->in = BUF_OF(H2_WINDOW);
    stream->out = stream->sending = BUF_OF(2 * H2_WINDOW);
    return stream;
}

struct h2_stream *h2_stream_ref(struct h2_stream *stream)
{
    atomic_fetch_add(&stream->refs, 1);
    return stream;
}

void h2_stream_unref(struct h2_stream *stream)
{
    if (atomic_fetch_sub(&stream->refs, 1) > 1)
        return;
    h2_fields_done(&stream->request);
    h2_fields_done(&stream->head);
    h2_fields_done(&stream->trailers);
    buf_done(&stream->in);
    buf_done(&stream->out);
    buf_done(&stream->sending);
    pthread_cond_destroy(&stream->changed);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

const struct h2_fields *h2_stream_request(const struct h2_stream *stream)
{
    return &stream->request;
}

struct h2_fields *h2_stream_request_fields(struct h2_stream *stream)
{
    return &stream->request;
}

const struct h2_peer *h2_stream_peer(const struct h2_stream *stream)
{
    return &stream->peer;
}

struct h2_stream_io *h2_stream_io(struct h2_stream *stream)
{
    return &stream->io;
}

/* --- the server's side --- */

static void poke(struct h2_stream *stream)
{
    stream->owner.poke(stream->owner.ctx, stream);
}

/* Waits for a change. False past the deadline. */
static bool await_change(struct h2_stream *stream, int64_t until)
{
    struct timespec at;
    int64_t left;

    if (until == H2_FOREVER) {
        pthread_cond_wait(&stream->changed, &stream->lock);
        return true;
    }
    left = until - clock_monotonic_ms();
    if (left <= 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += left / 1000;
    at.tv_nsec += (left % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    pthread_cond_clockwait(&stream->changed, &stream->lock, CLOCK_MONOTONIC, &at);
    return true;
}

static int set_gone(const struct h2_stream *stream, struct err *err)
{
    if (stream->too_slow)
        return err_set(err, ERR_TIMEOUT, "the client takes less than 1 KiB a second");
    return err_set(err, ERR_INTERRUPTED, "the client ended the call");
}

static int set_late(struct err *err)
{
    return err_set(err, ERR_TIMEOUT, "the deadline of the call has passed");
}

/* Waits for something that only the peer can bring. */
static int await_peer(struct h2_stream *stream, int64_t until, const char *does, struct err *err)
{
    int64_t begin = clock_monotonic_ms(), patience = begin + stream->reading.left_ms;

    await_change(stream, until < patience ? until : patience);
    if (clock_monotonic_ms() >= until)
        return set_late(err);
    if (!h2_pace_spend(&stream->reading, clock_monotonic_ms() - begin))
        return err_set(err, ERR_TIMEOUT, "the client %s", does);
    return 0;
}

static int read_locked(struct h2_stream *stream, struct buf *into, int64_t until, bool *ret_end,
                       struct err *err)
{
    struct buf taken;

    while (stream->in.len == 0 && !stream->in_ended && !stream->closed)
        if (await_peer(stream, until, "sends less than 1 KiB a second", err) < 0)
            return -1;
    /* A request that was cut is not taken for a complete one, whatever is still here of it. */
    if (stream->closed && !stream->in_ended)
        return set_gone(stream, err);
    h2_pace_fill(&stream->reading, stream->in.len);
    buf_reset(into);
    *ret_end = stream->in.len == 0;
    taken = stream->in;
    stream->in = *into;
    *into = taken;
    return 0;
}

int h2_stream_read(struct h2_stream *stream, struct buf *into, int64_t until, bool *ret_end,
                   struct err *err)
{
    int result;

    pthread_mutex_lock(&stream->lock);
    result = read_locked(stream, into, until, ret_end, err);
    pthread_mutex_unlock(&stream->lock);
    return result;
}

void h2_stream_consumed(struct h2_stream *stream, size_t len)
{
    bool tell;

    pthread_mutex_lock(&stream->lock);
    stream->consumed += len;
    tell = stream->consumed >= H2_WINDOW / 4 || stream->in.len == 0;
    pthread_mutex_unlock(&stream->lock);
    if (tell)
        poke(stream);
}

void h2_stream_respond(struct h2_stream *stream, struct h2_fields *fields)
{
    pthread_mutex_lock(&stream->lock);
    stream->head = GIVE_FIELDS(*fields);
    stream->has_head = true;
    pthread_mutex_unlock(&stream->lock);
}

void h2_stream_flush(struct h2_stream *stream)
{
    poke(stream);
}

int h2_stream_write(struct h2_stream *stream, struct span bytes, int64_t until, struct err *err)
{
    int result = 0;

    while (bytes.len > 0 && result == 0) {
        struct span part = span_part(bytes, 0, H2_WINDOW);
        size_t before;

        pthread_mutex_lock(&stream->lock);
        while (stream->out.len >= H2_WINDOW && !stream->closed && result == 0)
            if (!await_change(stream, until))
                result = set_late(err);
        if (stream->closed)
            result = set_gone(stream, err);
        before = stream->out.len;
        if (result == 0)
            buf_add_span(&stream->out, part);
        pthread_mutex_unlock(&stream->lock);
        if (before < H2_GATHER && before + part.len >= H2_GATHER)
            poke(stream);
        bytes = span_part(bytes, part.len, bytes.len);
    }
    return result;
}

int h2_stream_await_received(struct h2_stream *stream, int64_t until, struct err *err)
{
    int result = 0;

    pthread_mutex_lock(&stream->lock);
    stream->receipt_wanted = true;
    stream->receipt_asked = stream->received = false;
    pthread_mutex_unlock(&stream->lock);
    poke(stream);

    pthread_mutex_lock(&stream->lock);
    while (!stream->received && !stream->closed && result == 0)
        result = stream->receipt_asked ? await_peer(stream, until, "answers no PING", err)
                                       : (await_change(stream, until) ? 0 : set_late(err));
    if (result == 0 && !stream->received)
        result = set_gone(stream, err);
    pthread_mutex_unlock(&stream->lock);
    return result;
}

void h2_stream_finish(struct h2_stream *stream, struct h2_fields *fields)
{
    pthread_mutex_lock(&stream->lock);
    stream->trailers = GIVE_FIELDS(*fields);
    stream->finished = true;
    pthread_mutex_unlock(&stream->lock);
    poke(stream);
}

bool h2_stream_is_closed(struct h2_stream *stream)
{
    bool closed;

    pthread_mutex_lock(&stream->lock);
    closed = stream->closed;
    pthread_mutex_unlock(&stream->lock);
    return closed;
}

void h2_stream_release(struct h2_stream *stream)
{
    h2_stream_unref(stream);
}

/* --- the connection's side --- */

bool h2_stream_feed(struct h2_stream *stream, struct span bytes)
{
    bool fits = true;

    pthread_mutex_lock(&stream->lock);
    /* Nobody reads any more once the answer is complete. */
    if (stream->finished)
        stream->consumed += bytes.len;
    else
        buf_add_span(&stream->in, bytes);
    fits = !stream->in.overflow;
    pthread_cond_signal(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
    return fits;
}

void h2_stream_end_request(struct h2_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->in_ended = true;
    pthread_cond_signal(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
}

void h2_stream_close(struct h2_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->closed = true;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
}

bool h2_stream_bear(struct h2_stream *stream, int64_t waited_ms)
{
    bool bears;

    pthread_mutex_lock(&stream->lock);
    bears = h2_pace_spend(&stream->taking, waited_ms);
    if (!bears) {
        stream->too_slow = stream->closed = true;
        pthread_cond_broadcast(&stream->changed);
    }
    pthread_mutex_unlock(&stream->lock);
    return bears;
}

bool h2_stream_wants_receipt(struct h2_stream *stream)
{
    bool asks;

    pthread_mutex_lock(&stream->lock);
    asks = stream->receipt_wanted && !stream->receipt_asked;
    stream->receipt_asked = stream->receipt_asked || asks;
    if (asks)
        pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
    return asks;
}

void h2_stream_set_received(struct h2_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->received = stream->receipt_asked;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
}

size_t h2_stream_take_consumed(struct h2_stream *stream)
{
    size_t consumed;

    pthread_mutex_lock(&stream->lock);
    consumed = stream->consumed;
    stream->consumed = 0;
    pthread_mutex_unlock(&stream->lock);
    return consumed;
}

enum h2_answer h2_stream_take_head(struct h2_stream *stream, struct h2_fields *ret)
{
    enum h2_answer answer = H2_ANSWER_NONE;

    pthread_mutex_lock(&stream->lock);
    if (stream->head_taken)
        answer = H2_ANSWER_NONE;
    else if (stream->has_head)
        answer = H2_ANSWER_HEAD;
    else if (stream->finished)
        answer = H2_ANSWER_TRAILERS_ONLY;
    if (answer == H2_ANSWER_HEAD)
        *ret = GIVE_FIELDS(stream->head);
    else if (answer == H2_ANSWER_TRAILERS_ONLY)
        *ret = GIVE_FIELDS(stream->trailers);
    stream->head_taken = stream->head_taken || answer != H2_ANSWER_NONE;
    pthread_mutex_unlock(&stream->lock);
    return answer;
}

size_t h2_stream_take_body(struct h2_stream *stream, uint8_t *to, size_t room, bool *ret_end,
                           struct h2_fields *ret_trailers)
{
    struct span part;

    pthread_mutex_lock(&stream->lock);
    if (stream->sent == stream->sending.len) {
        struct buf full = stream->out;

        buf_reset(&stream->sending);
        stream->out = stream->sending;
        stream->sending = full;
        stream->sent = 0;
        pthread_cond_signal(&stream->changed);
    }
    part = span_part(buf_span(&stream->sending), stream->sent, room);
    if (part.len > 0)
        memcpy(to, part.data, part.len);
    stream->sent += part.len;
    h2_pace_fill(&stream->taking, part.len);
    *ret_end = stream->finished && stream->sent == stream->sending.len && stream->out.len == 0;
    if (*ret_end)
        *ret_trailers = GIVE_FIELDS(stream->trailers);
    pthread_mutex_unlock(&stream->lock);
    return part.len;
}
