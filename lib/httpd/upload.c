#include "lib/httpd/internal.h"

#include "lib/program/log.h"

#include <errno.h>

/* Blocks between the two threads. The one being filled belongs to MHD's thread, the one being
 * written to the upload's; memory appears when a block is first used. */
#define RING_BLOCKS 4

struct httpd_upload {
    struct httpd_sink sink;
    struct digest *digest; /* NULL when nothing is expected */
    uint64_t received;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    uint8_t *blocks[RING_BLOCKS];
    size_t lens[RING_BLOCKS];
    unsigned first, full; /* blocks handed over and not yet written */
    enum httpd_upload_state state;
    struct err err; /* when it failed */
    bool ended, cut;
};

void httpd_upload_free(struct httpd_upload *upload)
{
    if (upload == NULL)
        return;
    for (unsigned i = 0; i < RING_BLOCKS; i++)
        free(upload->blocks[i]);
    digest_free(upload->digest);
    pthread_cond_destroy(&upload->changed);
    pthread_mutex_destroy(&upload->lock);
    free(upload);
}

/* --- the upload's thread --- */

enum next { NEXT_BLOCK, NEXT_END, NEXT_CUT };

/* The oldest full block, or what there is instead. */
static enum next next_block(struct httpd_upload *upload, struct span *ret)
{
    enum next next = NEXT_BLOCK;

    pthread_mutex_lock(&upload->lock);
    while (upload->full == 0 && !upload->ended && !upload->cut)
        pthread_cond_wait(&upload->changed, &upload->lock);
    if (upload->cut)
        next = NEXT_CUT;
    else if (upload->full > 0)
        *ret = span_of(upload->blocks[upload->first], upload->lens[upload->first]);
    else
        next = NEXT_END;
    pthread_mutex_unlock(&upload->lock);
    return next;
}

/* The client goes on when half of the ring is free again: fewer, longer naps. */
static void give_back(struct httpd_request *rq)
{
    struct httpd_upload *upload = rq->upload;
    bool half;

    pthread_mutex_lock(&upload->lock);
    upload->lens[upload->first] = 0;
    upload->first = (upload->first + 1) % RING_BLOCKS;
    upload->full--;
    half = upload->full == RING_BLOCKS / 2;
    pthread_mutex_unlock(&upload->lock);
    if (half)
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
        if (upload->digest != NULL)
            digest_add(upload->digest, block);
        if (upload->sink.write(upload->sink.to, block, err) < 0)
            return -1;
        give_back(rq);
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

static int enter(struct httpd *httpd, struct err *err)
{
    bool room;

    pthread_mutex_lock(&httpd->lock);
    room = httpd->upload_count < httpd->config.uploads_max;
    if (room)
        httpd->upload_count++;
    pthread_mutex_unlock(&httpd->lock);
    if (!room)
        return err_set(err, ERR_TOO_MANY, "too many uploads at once; try again later");
    return 0;
}

int httpd_upload_start(struct httpd_request *rq, struct err *err)
{
    pthread_attr_t detached;
    pthread_t thread;
    int code;

    if (enter(rq->httpd, err) < 0)
        return -1;
    rq->upload = mem_new(struct httpd_upload);
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

/* The block that MHD's thread fills; NULL when all are full. */
static uint8_t *open_block(struct httpd_upload *upload, unsigned *ret_index)
{
    unsigned full, index;

    pthread_mutex_lock(&upload->lock);
    full = upload->full;
    index = (upload->first + full) % RING_BLOCKS;
    pthread_mutex_unlock(&upload->lock);
    if (full == RING_BLOCKS)
        return NULL;
    if (upload->blocks[index] == NULL)
        upload->blocks[index] = mem_zeroed(1, HTTPD_BLOCK_MAX);
    *ret_index = index;
    return upload->blocks[index];
}

static void hand_over(struct httpd_upload *upload)
{
    pthread_mutex_lock(&upload->lock);
    upload->full++;
    pthread_mutex_unlock(&upload->lock);
    pthread_cond_signal(&upload->changed);
}

int httpd_upload_put(struct httpd_request *rq, struct span bytes, size_t *ret_taken,
                     struct err *err)
{
    struct httpd_upload *upload = rq->upload;
    uint8_t *block;
    unsigned index;

    *ret_taken = 0;
    if (httpd_upload_state(rq, err) == UPLOAD_FAILED)
        return -1;
    if (bytes.len > rq->route->op->body_max - upload->received)
        return err_set(err, ERR_TOO_LARGE, "the body is over the limit of %llu bytes",
                       (unsigned long long)rq->route->op->body_max);

    while (bytes.len > 0 && (block = open_block(upload, &index)) != NULL) {
        size_t room = HTTPD_BLOCK_MAX - upload->lens[index];
        size_t part = bytes.len < room ? bytes.len : room;

        memcpy(block + upload->lens[index], bytes.data, part);
        upload->lens[index] += part;
        if (upload->lens[index] == HTTPD_BLOCK_MAX)
            hand_over(upload);
        upload->received += part;
        *ret_taken += part;
        bytes = span_part(bytes, part, bytes.len);
    }
    return 0;
}

void httpd_upload_end(struct httpd_request *rq)
{
    struct httpd_upload *upload = rq->upload;
    unsigned open;

    pthread_mutex_lock(&upload->lock);
    open = (upload->first + upload->full) % RING_BLOCKS;
    if (upload->full < RING_BLOCKS && upload->lens[open] > 0)
        upload->full++;
    upload->ended = true;
    pthread_cond_signal(&upload->changed);
    pthread_mutex_unlock(&upload->lock);
}

void httpd_upload_cut(struct httpd_request *rq)
{
    pthread_mutex_lock(&rq->upload->lock);
    rq->upload->cut = true;
    pthread_cond_signal(&rq->upload->changed);
    pthread_mutex_unlock(&rq->upload->lock);
}
