#include "services/grpc-gateway/cvms/follow.h"

#include "services/grpc-gateway/cvms/log_tail.h"
#include "services/grpc-gateway/cvms/words.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/httpc/events.h"
#include "lib/program/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define MESSAGE_MAX (64 * KIB)
#define PAUSE_MS    100

struct follow {
    struct follow_config config;
    struct httpc *events, *logs; /* a connection each, for a thread each */
    pthread_t events_thread, logs_thread;
    struct json *failure; /* what the agent said of it last; the first thread's own */
    atomic_bool runs;     /* the log may grow */
    atomic_bool ended;    /* no more events come */
    atomic_bool stopped;

    pthread_mutex_t log_lock; /* of the log's connection and place */
    struct log_tail tail;
};

static void spool_words(struct follow *follow, enum spool_kind kind, const struct buf *message)
{
    spool_add(follow->config.spool, kind, buf_span(message));
}

static void tell_log(struct follow *follow, const char *level, struct span text)
{
    OWNED_BUF message = BUF_OF(MESSAGE_MAX);
    struct err err;

    if (words_log(follow->config.computation, level, text, clock_now(), &message, &err) == 0)
        spool_words(follow, SPOOL_LOG, &message);
}

/* --- events --- */

static void tell_step(struct follow *follow, const struct words_step *step, int64_t time)
{
    bool failed = strcmp(step->type, "Failed") == 0;
    const struct words_event event = {
        .computation = follow->config.computation,
        .type = step->type,
        .status = step->status,
        .time = time,
        .about = failed ? follow->failure : NULL,
    };
    OWNED_BUF message = BUF_OF(MESSAGE_MAX);
    struct err err;

    if (words_event(&event, &message, &err) == 0)
        spool_words(follow, SPOOL_EVENT, &message);
}

/* The step back to ReceivingManifest is told by who ordered it, when nothing is left. */
static void take_state(struct follow *follow, const struct json *data, int64_t time)
{
    const char *from = json_get_str(data, "from"), *to = json_get_str(data, "to");
    struct words_step step;

    for (size_t i = 0; to != NULL && words_step(from, to, i, &step); i++)
        tell_step(follow, &step, time);
    atomic_store(&follow->runs, to != NULL && strcmp(to, "Running") == 0);
    if (from != NULL && strcmp(from, "Running") == 0)
        follow_read_log(follow);
}

static void take_other(struct follow *follow, const char *type, const struct json *data)
{
    OWNED_BUF text = BUF_OF(16 * KIB);
    bool failure = strcmp(type, "failure") == 0;

    buf_printf(&text, "%s ", type);
    if (data != NULL && json_count(data) > 0)
        json_write(data, &text);
    if (failure) {
        json_free(follow->failure);
        follow->failure = data != NULL ? json_new_copy(data) : NULL;
    }
    tell_log(follow, failure ? "ERROR" : "INFO", buf_span(&text));
}

static int on_event(void *ctx, const struct sse_event *event, struct err *err)
{
    struct follow *follow = ctx;
    OWNED_JSON *json = NULL;
    const char *type, *at;
    int64_t time;

    if (json_parse(event->data, &json, err) < 0)
        return err_wrap(err, "an event of the agent");
    type = json_get_str(json, "type");
    at = json_get_str(json, "time");
    if (at == NULL || text_parse_time(at, &time, err) < 0)
        time = clock_now();
    if (type != NULL && strcmp(type, "state") == 0)
        take_state(follow, json_get(json, "data"), time);
    else if (type != NULL)
        take_other(follow, type, json_get(json, "data"));
    return 0;
}

static void *follow_events(void *arg)
{
    struct follow *follow = arg;
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_list_events]};
    struct httpc_events events = {.follow = true, .listener = on_event, .ctx = follow};
    struct err err;

    /* It ends with an error in any case; that there is no computation any more is a good one. */
    if (httpc_listen(follow->events, &call, &events, &err) < 0 && err.kind != ERR_STATE &&
        err.kind != ERR_INTERRUPTED) {
        log_warn("events of computation '%.64s': %s", follow->config.computation, err.text);
        tell_log(follow, "ERROR", span_of_str(err.text));
    }
    atomic_store(&follow->ended, true);
    return NULL;
}

/* --- logs --- */

static void on_line(void *ctx, struct span line)
{
    tell_log(ctx, "INFO", line);
}

/* `last`: no more is said after this. */
static void read_log(struct follow *follow, bool last)
{
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_get_logs]};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    pthread_mutex_lock(&follow->log_lock);
    if (httpc_perform(follow->logs, &call, &reply, &err) == 0)
        log_tail_feed(&follow->tail, buf_span(&reply.text), on_line, follow);
    else if (err.kind != ERR_STATE && err.kind != ERR_FORBIDDEN && err.kind != ERR_INTERRUPTED)
        log_warn("the log of computation '%.64s': %s", follow->config.computation, err.text);
    if (last)
        log_tail_flush(&follow->tail, on_line, follow);
    pthread_mutex_unlock(&follow->log_lock);
}

void follow_read_log(struct follow *follow)
{
    read_log(follow, true);
}

static void *follow_logs(void *arg)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    struct follow *follow = arg;
    unsigned waited = 0;

    while (!atomic_load(&follow->stopped)) {
        nanosleep(&pause, NULL);
        waited += PAUSE_MS;
        if (waited < follow->config.log_poll_ms || !atomic_load(&follow->runs))
            continue;
        waited = 0;
        read_log(follow, false);
    }
    return NULL;
}

/* --- life --- */

static bool is_stopped(void *ctx)
{
    return atomic_load(&((struct follow *)ctx)->stopped);
}

static int open_clients(struct follow *follow, struct err *err)
{
    struct httpc_config config = agent_door_config(follow->config.door);

    config.key = follow->config.owner;
    config.auth = HTTPC_AUTH_CERTIFICATE;
    config.stopped = is_stopped;
    config.ctx = follow;
    if (httpc_new(&config, &follow->events, err) < 0)
        return -1;
    return httpc_new(&config, &follow->logs, err);
}

static void free_follow(struct follow *follow)
{
    httpc_free(follow->events);
    httpc_free(follow->logs);
    json_free(follow->failure);
    log_tail_done(&follow->tail);
    pthread_mutex_destroy(&follow->log_lock);
    free(follow);
}

int follow_start(const struct follow_config *config, struct follow **ret, struct err *err)
{
    struct follow *follow = mem_new(struct follow);

    follow->config = *config;
    pthread_mutex_init(&follow->log_lock, NULL);
    log_tail_init(&follow->tail);
    if (open_clients(follow, err) < 0) {
        free_follow(follow);
        return -1;
    }
    if (pthread_create(&follow->events_thread, NULL, follow_events, follow) != 0) {
        free_follow(follow);
        return err_set(err, ERR_SYSTEM, "no thread for the events");
    }
    if (pthread_create(&follow->logs_thread, NULL, follow_logs, follow) != 0) {
        atomic_store(&follow->stopped, true);
        pthread_join(follow->events_thread, NULL);
        free_follow(follow);
        return err_set(err, ERR_SYSTEM, "no thread for the log");
    }
    *ret = follow;
    return 0;
}

bool follow_has_ended(const struct follow *follow)
{
    return follow == NULL || atomic_load(&follow->ended);
}

void follow_end(struct follow *follow, unsigned wait_ms)
{
    const struct timespec pause = {.tv_nsec = 20000000L};
    int64_t until = clock_monotonic_ms() + wait_ms;

    if (follow == NULL)
        return;
    while (!atomic_load(&follow->ended) && clock_monotonic_ms() < until)
        nanosleep(&pause, NULL);
    atomic_store(&follow->stopped, true);
    pthread_join(follow->events_thread, NULL);
    pthread_join(follow->logs_thread, NULL);
    free_follow(follow);
}
