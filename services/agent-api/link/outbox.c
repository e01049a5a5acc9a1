#include "services/agent-api/link/outbox.h"

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/program/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define HEARTBEAT_S 4   /* at least every five seconds, with some room for a slow write */
#define PAUSE_MS    100 /* changes that come faster are written together */
#define HEAD_MAX    256 /* of a state: what goes in front */

struct outbox {
    int dir_fd;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool dirty, stopping;
    struct buf state; /* without its opening brace; empty: there is none yet */
    char pin[OUTBOX_PIN_SIZE];
    struct buf events; /* lines */
    size_t event_count;
    uint64_t events_added;

    /* of the thread alone */
    uint64_t seq;
    uint64_t events_written; /* events_added at the last write */
    bool complained;
};

/* --- what is to be written ------------------------------------------------------------------- */

static void wake(struct outbox *outbox)
{
    outbox->dirty = true;
    pthread_cond_signal(&outbox->changed);
}

void outbox_set_state(struct outbox *outbox, struct span state, const char *pin)
{
    if (outbox == NULL || state.len < 2 || state.len > OUTBOX_STATE_MAX - HEAD_MAX ||
        state.data[0] != '{' || state.data[1] == '}')
        return;
    pthread_mutex_lock(&outbox->lock);
    buf_reset(&outbox->state);
    buf_add_span(&outbox->state, span_part(state, 1, state.len));
    snprintf(outbox->pin, sizeof(outbox->pin), "%s", pin);
    wake(outbox);
    pthread_mutex_unlock(&outbox->lock);
}

static void drop_oldest(struct outbox *outbox)
{
    const uint8_t *end = memchr(outbox->events.data, '\n', outbox->events.len);

    if (end == NULL)
        return;
    buf_drop_front(&outbox->events, (size_t)(end - outbox->events.data) + 1);
    outbox->event_count--;
}

void outbox_add_event(struct outbox *outbox, struct span line)
{
    if (outbox == NULL || line.len >= OUTBOX_EVENTS_MAX || line.len == 0 ||
        memchr(line.data, '\n', line.len) != NULL)
        return;
    pthread_mutex_lock(&outbox->lock);
    while (outbox->event_count > 0 && (outbox->event_count >= OUTBOX_EVENTS_KEPT ||
                                       outbox->events.len + line.len + 1 > OUTBOX_EVENTS_MAX))
        drop_oldest(outbox);
    buf_add_span(&outbox->events, line);
    buf_add_u8(&outbox->events, '\n');
    outbox->event_count++;
    outbox->events_added++;
    wake(outbox);
    pthread_mutex_unlock(&outbox->lock);
}

/* --- writing --------------------------------------------------------------------------------- */

static void encode_state(struct outbox *outbox, struct buf *out)
{
    char time[TEXT_TIME_SIZE];

    text_format_time(clock_now(), time);
    pthread_mutex_lock(&outbox->lock);
    if (outbox->state.len > 0) {
        buf_printf(out, "{\"time\":\"%s\",\"seq\":%" PRIu64 ",\"pin\":\"%s\",", time, ++outbox->seq,
                   outbox->pin);
        buf_add_span(out, buf_span(&outbox->state));
    }
    pthread_mutex_unlock(&outbox->lock);
}

static int write_state(struct outbox *outbox, struct err *err)
{
    OWNED_BUF text = BUF_OF(OUTBOX_STATE_MAX);

    encode_state(outbox, &text);
    if (text.len == 0)
        return 0;
    if (buf_check(&text, "state", err) < 0)
        return -1;
    return file_replace_at(outbox->dir_fd, "state.json", buf_span(&text), 0644, err);
}

static int write_events(struct outbox *outbox, struct err *err)
{
    OWNED_BUF text = BUF_OF(OUTBOX_EVENTS_MAX);
    uint64_t added;

    pthread_mutex_lock(&outbox->lock);
    added = outbox->events_added;
    if (added != outbox->events_written)
        buf_add_span(&text, buf_span(&outbox->events));
    pthread_mutex_unlock(&outbox->lock);
    if (added == outbox->events_written)
        return 0;
    if (buf_check(&text, "events", err) < 0 ||
        file_replace_at(outbox->dir_fd, "events.ndjson", buf_span(&text), 0644, err) < 0)
        return -1;
    outbox->events_written = added;
    return 0;
}

/* Events first: who sees a state finds the events that led there. */
static void write_all(struct outbox *outbox)
{
    struct err err;

    if (write_events(outbox, &err) == 0 && write_state(outbox, &err) == 0) {
        outbox->complained = false;
        return;
    }
    if (!outbox->complained)
        log_warn("the share: %s", err.text);
    outbox->complained = true;
}

/* --- the thread ------------------------------------------------------------------------------ */

/* Waits for a change or the next heartbeat; false when it is time to end. */
static bool await(struct outbox *outbox)
{
    struct timespec until;
    bool go_on;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += HEARTBEAT_S;
    pthread_mutex_lock(&outbox->lock);
    while (!outbox->dirty && !outbox->stopping)
        if (pthread_cond_timedwait(&outbox->changed, &outbox->lock, &until) == ETIMEDOUT)
            break;
    outbox->dirty = false;
    go_on = !outbox->stopping;
    pthread_mutex_unlock(&outbox->lock);
    return go_on;
}

static void *outbox_thread(void *arg)
{
    const struct timespec pause = {0, PAUSE_MS * 1000000L};
    struct outbox *outbox = arg;

    do {
        write_all(outbox);
        nanosleep(&pause, NULL);
    } while (await(outbox));
    write_all(outbox);
    return NULL;
}

int outbox_start(const char *share, struct outbox **ret, struct err *err)
{
    OWNED(free_str) char *path = mem_printf("%s/out", share);
    int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct outbox *outbox;
    pthread_condattr_t attr;

    if (dir_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open '%s'", path);
    outbox = mem_new(struct outbox);
    outbox->dir_fd = dir_fd;
    outbox->state = BUF_OF(OUTBOX_STATE_MAX);
    outbox->events = BUF_OF(OUTBOX_EVENTS_MAX);
    pthread_mutex_init(&outbox->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&outbox->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&outbox->thread, NULL, outbox_thread, outbox) != 0)
        abort(); /* at start: there is no memory for a thread */
    *ret = outbox;
    return 0;
}

int outbox_put(struct outbox *outbox, const char *name, struct span content, struct err *err)
{
    return file_replace_at(outbox->dir_fd, name, content, 0644, err);
}

void outbox_stop(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    pthread_mutex_lock(&outbox->lock);
    outbox->stopping = true;
    pthread_cond_signal(&outbox->changed);
    pthread_mutex_unlock(&outbox->lock);
    pthread_join(outbox->thread, NULL);
    pthread_cond_destroy(&outbox->changed);
    pthread_mutex_destroy(&outbox->lock);
    buf_done(&outbox->state);
    buf_done(&outbox->events);
    close(outbox->dir_fd);
    free(outbox);
}
