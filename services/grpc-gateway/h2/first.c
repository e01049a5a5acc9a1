#include "services/grpc-gateway/h2/first.h"

#include "lib/program/log.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Shared by the connection and the thread that answers; asks->lock guards all but `dropped`. */
struct h2_ask {
    struct h2_asks *asks;
    void *job;
    struct buf answer;
    enum h2_ask_state state;
    atomic_bool dropped;
    bool ended; /* the thread is done with it */
};

void h2_asks_init(struct h2_asks *asks, const struct h2_first *first, void (*wake)(void *ctx),
                  void *ctx)
{
    *asks = (struct h2_asks){.first = first, .wake = wake, .ctx = ctx};
    pthread_mutex_init(&asks->lock, NULL);
    pthread_cond_init(&asks->ended, NULL);
}

void h2_asks_done(struct h2_asks *asks)
{
    pthread_mutex_lock(&asks->lock);
    while (asks->count > 0)
        pthread_cond_wait(&asks->ended, &asks->lock);
    pthread_mutex_unlock(&asks->lock);
    pthread_cond_destroy(&asks->ended);
    pthread_mutex_destroy(&asks->lock);
}

static void free_ask(struct h2_ask *ask)
{
    buf_done(&ask->answer);
    free(ask);
}

static bool is_dropped(void *ask)
{
    return atomic_load(&((struct h2_ask *)ask)->dropped);
}

static void end(struct h2_ask *ask, enum h2_ask_state state)
{
    struct h2_asks *asks = ask->asks;
    bool dropped;

    asks->first->release(ask->job);
    pthread_mutex_lock(&asks->lock);
    ask->state = state;
    ask->ended = true;
    dropped = atomic_load(&ask->dropped);
    if (!dropped)
        asks->wake(asks->ctx);
    asks->count--;
    pthread_cond_broadcast(&asks->ended);
    pthread_mutex_unlock(&asks->lock);
    if (dropped)
        free_ask(ask);
}

static void *run(void *arg)
{
    struct h2_ask *ask = arg;
    struct err err;
    bool good = ask->asks->first->answer(ask->job, is_dropped, ask, &ask->answer, &err) == 0 &&
                buf_check(&ask->answer, "the answer before HTTP/2", &err) == 0;

    if (!good && !is_dropped(ask))
        log_warn("before HTTP/2: %s", err.text);
    end(ask, good ? H2_ASK_ANSWERED : H2_ASK_FAILED);
    return NULL;
}

static int enter(struct h2_asks *asks, struct err *err)
{
    bool room;

    pthread_mutex_lock(&asks->lock);
    room = asks->count < H2_FIRST_ASKS_MAX;
    asks->count += room;
    pthread_mutex_unlock(&asks->lock);
    return room ? 0 : err_set(err, ERR_TOO_MANY, "%d others are being answered", H2_FIRST_ASKS_MAX);
}

static void leave(struct h2_asks *asks)
{
    pthread_mutex_lock(&asks->lock);
    asks->count--;
    pthread_cond_broadcast(&asks->ended);
    pthread_mutex_unlock(&asks->lock);
}

static int start(struct h2_ask *ask, struct err *err)
{
    pthread_attr_t detached;
    pthread_t thread;
    int result;

    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    result = pthread_create(&thread, &detached, run, ask);
    pthread_attr_destroy(&detached);
    return result == 0 ? 0 : err_set(err, ERR_SYSTEM, "no thread for the answer before HTTP/2");
}

int h2_ask_begin(struct h2_asks *asks, SSL *ssl, struct span words, struct h2_ask **ret,
                 struct err *err)
{
    struct h2_ask *ask;

    if (enter(asks, err) < 0)
        return -1;
    ask = mem_new(struct h2_ask);
    ask->asks = asks;
    ask->answer = BUF_OF(H2_FIRST_ANSWER_MAX);
    if (asks->first->prepare(asks->first->ctx, ssl, words, &ask->job, err) == 0) {
        if (start(ask, err) == 0) {
            *ret = ask;
            return 0;
        }
        asks->first->release(ask->job);
    }
    free_ask(ask);
    leave(asks);
    return -1;
}

enum h2_ask_state h2_ask_take(struct h2_ask *ask, struct buf *out)
{
    enum h2_ask_state state;

    pthread_mutex_lock(&ask->asks->lock);
    state = ask->state;
    pthread_mutex_unlock(&ask->asks->lock);
    if (state == H2_ASK_ANSWERED)
        buf_add_span(out, buf_span(&ask->answer));
    return state;
}

void h2_ask_drop(struct h2_ask *ask)
{
    bool ended;

    if (ask == NULL)
        return;
    pthread_mutex_lock(&ask->asks->lock);
    ended = ask->ended;
    atomic_store(&ask->dropped, true);
    pthread_mutex_unlock(&ask->asks->lock);
    if (ended)
        free_ask(ask);
}
