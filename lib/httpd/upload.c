#include "lib/httpd/internal.h"

#include "lib/program/log.h"

#include <errno.h>

/* The ring between the two threads holds what several turns of the scheduler bring, so that neither
 * stands still when the other waits for a processor. */
#define RING_MAX (8 * HTTPD_BLOCK_MIN)

/* Many at once share the processors anyway: those beyond the first ones have a small ring. */
#define CALM       16
#define RING_CROWD HTTPD_BLOCK_MIN

struct httpd_upload {
    struct httpd_sink sink;
    struct digest *digest; /* NULL when nothing is expected; MHD's thread's until the body ended */
    uint8_t *ring;
    size_t ring_size; /* RING_MAX, RING_CROWD, or all of a smaller body */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    uint64_t received, written; /* bytes put into the ring, and taken out of it again */
    enum httpd_upload_state state;
    struct err err; /* when it failed */
    bool ended, cut;
};

void httpd_upload_free(struct httpd_upload *upload)
{
    if (upload == NULL)
        return;
    free(upload->ring);
    digest_free(upload->digest);
    pthread_cond_destroy(&upload->changed);
    pthread_mutex_destroy(&upload->lock);
    free(upload);
}

/* --- the upload's thread --- */

enum next { NEXT_BLOCK, NEXT_END, NEXT_CUT };

/* How far the ring goes on from a place without a turn. */
static size_t until_turn(const struct httpd_upload *upload, uint64_t place)
{
    return upload->ring_size - (size_t)(place % upload->ring_size);
}

static uint8_t *place_at(const struct httpd_upload *upload, uint64_t place)
{
    return upload->ring + place % upload->ring_size;
}

/* How much of what has come makes a block: whole multiples of the smallest, but for the end. */
static size_t block_len(const struct httpd_upload *upload)
{
    uint64_t come = upload->received - upload->written;
    size_t len = until_turn(upload, upload->written);

    if (len > HTTPD_BLOCK_MAX)
        len = HTTPD_BLOCK_MAX;
    if (come < len)
        len = (size_t)come;
    return len < HTTPD_BLOCK_MIN ? len : len - len % HTTPD_BLOCK_MIN;
}

/* The next block, once it is worth a turn, or what there is instead. */
static enum next next_block(struct httpd_upload *upload, struct span *ret)
{
    enum next next = NEXT_BLOCK;
    size_t len;

    pthread_mutex_lock(&upload->lock);
    while ((len = block_len(upload)) < HTTPD_BLOCK_MIN && !upload->ended && !upload->cut)
        pthread_cond_wait(&upload->changed, &upload->lock);
    if (upload->cut)
        next = NEXT_CUT;
    else if (len == 0)
        next = NEXT_END;
    else
        *ret = span_of(place_at(upload, upload->written), len);
    pthread_mutex_unlock(&upload->lock);
    return next;
}

/* The client goes on when half of the ring is free again: fewer, longer naps. */
static void give_back(struct httpd_request *rq, size_t len)
{
    struct httpd_upload *upload = rq->upload;
    uint64_t half = upload->ring_size / 2, before, after;

    pthread_mutex_lock(&upload->lock);
    before = upload->received - upload->written;
    upload->written += len;
    after = upload->received - upload->written;
    pthread_mutex_unlock(&upload->lock);
    if (before > half && after <= half)
        httpd_gate_ring(&rq->gate, rq->mhd);
}

static void set_state(struct httpd_request *rq, enum httpd_upload_state state,
                      const struct err *err)
{
    pthread_mutex_lock(&rq->upload->lock);
    rq->upload->state = state;
    if (err != NULL)
        rq->upload->err = *err;
    pthread_mutex_unlock(&rq->upload->lock);
    httpd_gate_ring(&rq->gate, rq->mhd);
}

/* MHD may be waiting for bytes that the client does not send before it hears from us. */
static void fail_body(struct httpd_request *rq)
{
    struct httpd_upload *upload = rq->upload;

    pthread_mutex_lock(&upload->lock);
    if (!upload->cut && !upload->ended)
        httpd_conn_fail_body(rq->conn);
    pthread_mutex_unlock(&upload->lock);
}

static int check_digest(struct httpd_request *rq, struct err *err)
{
    uint8_t actual[SHA256_SIZE];

    if (rq->upload->digest == NULL)
        return 0;
    digest_finish(rq->upload->digest, actual);
    if (!span_equal(SPAN_OF_ARRAY(actual), SPAN_OF_ARRAY(rq->digest)))
        return err_set(err, ERR_INPUT, "the body is not what Content-Digest says");
    return 0;
}

/* 0 at the end of the body; -1 when it was cut, is not what was announced, or cannot be written. */
static int copy_body(struct httpd_request *rq, struct err *err)
{
    struct httpd_upload *upload = rq->upload;
    struct span block;
    enum next next;

    while ((next = next_block(upload, &block)) == NEXT_BLOCK) {
        if (upload->sink.write(upload->sink.to, block, err) < 0)
            return -1;
        give_back(rq, block.len);
    }
    if (next == NEXT_CUT)
        return err_set(err, ERR_INTERRUPTED, "the body was cut");
    return check_digest(rq, err);
}

static void serve_upload(struct httpd_request *rq)
{
    struct httpd_upload *upload = rq->upload;
    struct err err;

    if (rq->route->open(rq->httpd->service->app, rq, rq->announced, &upload->sink, &err) < 0) {
        set_state(rq, UPLOAD_FAILED, &err);
        return;
    }
    if (rq->digest_expected)
        upload->digest = digest_new(DIGEST_SHA256);
    set_state(rq, UPLOAD_OPEN, NULL);

    if (copy_body(rq, &err) < 0) {
        upload->sink.abort(upload->sink.to);
        httpd_reply_problem(rq, &err);
        set_state(rq, UPLOAD_FAILED, &err);
        fail_body(rq);
    } else if (upload->sink.finish(upload->sink.to, &rq->reply, &err) < 0) {
        httpd_reply_problem(rq, &err);
    }
    httpd_finish_work(rq);
}

static void leave(struct httpd *httpd)
{
    pthread_mutex_lock(&httpd->lock);
    httpd->upload_count--;
    pthread_mutex_unlock(&httpd->lock);
}

static void *run_upload(void *arg)
{
    struct httpd_request *rq = arg;

    pthread_setname_np(pthread_self(), "httpd-upload");
    log_set_request(rq->id);
    serve_upload(rq);
    leave(rq->httpd);
    httpd_request_unref(rq);
    return NULL;
}

/* --- MHD's thread --- */

static int enter(struct httpd *httpd, size_t *ret_ring, struct err *err)
{
    bool room;

    pthread_mutex_lock(&httpd->lock);
    room = httpd->upload_count < httpd->config.uploads_max;
    if (room)
        httpd->upload_count++;
    *ret_ring = httpd->upload_count <= CALM ? RING_MAX : RING_CROWD;
    pthread_mutex_unlock(&httpd->lock);
    if (!room)
        return err_set(err, ERR_TOO_MANY, "too many uploads at once; try again later");
    return 0;
}

int httpd_upload_start(struct httpd_request *rq, struct err *err)
{
    pthread_attr_t detached;
    pthread_t thread;
    size_t ring;
    int code;

    if (enter(rq->httpd, &ring, err) < 0)
        return -1;
    rq->upload = mem_new(struct httpd_upload);
    rq->upload->ring_size = rq->announced < ring ? (size_t)rq->announced + 1 : ring;
    rq->upload->ring = mem_zeroed(1, rq->upload->ring_size);
    pthread_mutex_init(&rq->upload->lock, NULL);
    pthread_cond_init(&rq->upload->changed, NULL);

    httpd_request_ref(rq);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    code = pthread_create(&thread, &detached, run_upload, rq);
    pthread_attr_destroy(&detached);
    if (code != 0) {
        httpd_upload_free(GIVE(rq->upload));
        httpd_request_unref(rq);
        leave(rq->httpd);
        errno = code;
        return err_set_errno(err, ERR_SYSTEM, "start a thread for the upload");
    }
    return 0;
}

enum httpd_upload_state httpd_upload_state(struct httpd_request *rq, struct err *err)
{
    enum httpd_upload_state state;

    pthread_mutex_lock(&rq->upload->lock);
    state = rq->upload->state;
    if (state == UPLOAD_FAILED)
        *err = rq->upload->err;
    pthread_mutex_unlock(&rq->upload->lock);
    return state;
}

/* How much MHD's thread may put where it is; 0 when the ring is full. */
static size_t room_for(struct httpd_upload *upload, size_t wanted)
{
    size_t straight = until_turn(upload, upload->received);
    uint64_t room;

    pthread_mutex_lock(&upload->lock);
    room = upload->ring_size - (upload->received - upload->written);
    pthread_mutex_unlock(&upload->lock);
    if (wanted > straight)
        wanted = straight;
    return wanted < room ? wanted : (size_t)room;
}

/* Wakes the upload's thread only when there is enough for a turn. */
static void hand_over(struct httpd_upload *upload, size_t len)
{
    uint64_t waiting;

    pthread_mutex_lock(&upload->lock);
    upload->received += len;
    waiting = upload->received - upload->written;
    pthread_mutex_unlock(&upload->lock);
    if (waiting >= HTTPD_BLOCK_MIN && waiting - len < HTTPD_BLOCK_MIN)
        pthread_cond_signal(&upload->changed);
}

int httpd_upload_put(struct httpd_request *rq, struct span bytes, size_t *ret_taken,
                     struct err *err)
{
    struct httpd_upload *upload = rq->upload;
    size_t len;

    *ret_taken = 0;
    if (httpd_upload_state(rq, err) == UPLOAD_FAILED)
        return -1;
    if (bytes.len > rq->route->op->body_max - upload->received)
        return err_set(err, ERR_TOO_LARGE, "the body is over the limit of %llu bytes",
                       (unsigned long long)rq->route->op->body_max);

    while ((len = room_for(upload, bytes.len)) > 0) {
        memcpy(place_at(upload, upload->received), bytes.data, len);
        if (upload->digest != NULL)
            digest_add(upload->digest, span_part(bytes, 0, len));
        hand_over(upload, len);
        *ret_taken += len;
        bytes = span_part(bytes, len, bytes.len);
    }
    return 0;
}

void httpd_upload_end(struct httpd_request *rq)
{
    pthread_mutex_lock(&rq->upload->lock);
    rq->upload->ended = true;
    pthread_cond_signal(&rq->upload->changed);
    pthread_mutex_unlock(&rq->upload->lock);
}

void httpd_upload_cut(struct httpd_request *rq)
{
    pthread_mutex_lock(&rq->upload->lock);
    rq->upload->cut = true;
    pthread_cond_signal(&rq->upload->changed);
    pthread_mutex_unlock(&rq->upload->lock);
}
