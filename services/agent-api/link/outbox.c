#include "services/agent-api/link/outbox.h"

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/program/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#define HEARTBEAT_S 4   /* at least every five seconds, with some room for a slow write */
#define PAUSE_MS    100 /* changes that come faster are written together */
#define LINES_MAX   (16 * MIB)

struct outbox {
    struct outbox_config config;
    int dir_fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool dirty, stopping;

    /* of the thread alone */
    uint64_t seq;
    uint64_t written_event;
    bool complained;
};

/* --- writing --- */

/* The names of many awaited datasets may be too much: then they are left out, and only there. */
static void shorten(struct json *state, struct buf *text)
{
    struct json *awaiting = json_new_copy(json_get(state, "awaiting"));

    json_set(awaiting, "datasets", json_new_array());
    json_set(state, "awaiting", awaiting);
    buf_reset(text);
    json_write(state, text);
}

static int write_state(struct outbox *outbox, struct err *err)
{
    OWNED_JSON *state = outbox->config.encode_state(outbox->config.ctx);
    OWNED_BUF text = BUF_OF(OUTBOX_STATE_MAX);

    json_set_time(state, "time", clock_now());
    json_set_int(state, "seq", (int64_t)++outbox->seq);
    json_set_str(state, "pin", outbox->config.pin);
    json_write(state, &text);
    if (text.overflow)
        shorten(state, &text);
    if (buf_check(&text, "state", err) < 0)
        return -1;
    return file_replace_at(outbox->dir_fd, "state.json", buf_span(&text), 0644, err);
}

/* Whole lines off the front, until the rest fits. */
static void drop_oldest(struct buf *lines)
{
    size_t over = lines->len > OUTBOX_EVENTS_MAX ? lines->len - OUTBOX_EVENTS_MAX : 0;
    const uint8_t *end;

    if (over == 0)
        return;
    end = memchr(lines->data + over - 1, '\n', lines->len - over + 1);
    buf_drop_front(lines, end != NULL ? (size_t)(end - lines->data) + 1 : lines->len);
}

static int write_events(struct outbox *outbox, struct err *err)
{
    uint64_t last = event_log_last_id(outbox->config.events);
    OWNED_BUF text = BUF_OF(LINES_MAX);

    if (last == outbox->written_event)
        return 0;
    event_log_write_lines(outbox->config.events, &text);
    drop_oldest(&text);
    if (buf_check(&text, "events", err) < 0 ||
        file_replace_at(outbox->dir_fd, "events.ndjson", buf_span(&text), 0644, err) < 0)
        return -1;
    outbox->written_event = last;
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

/* --- the thread --- */

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

int outbox_start(const struct outbox_config *config, struct outbox **ret, struct err *err)
{
    OWNED(free_str) char *path = mem_printf("%s/out", config->share);
    int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct outbox *outbox;
    pthread_condattr_t attr;

    if (dir_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open '%s'", path);
    outbox = mem_new(struct outbox);
    outbox->config = *config;
    outbox->dir_fd = dir_fd;
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

void outbox_wake(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    pthread_mutex_lock(&outbox->lock);
    outbox->dirty = true;
    pthread_cond_signal(&outbox->changed);
    pthread_mutex_unlock(&outbox->lock);
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
    close(outbox->dir_fd);
    free(outbox);
}
