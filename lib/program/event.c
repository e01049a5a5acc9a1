#include "lib/program/event.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#define EVENT_LINE_MAX (64 * KIB)

struct event_log {
    pthread_mutex_t lock;
    struct event *events; /* a ring: id i is at (i - 1) % max */
    size_t max;
    uint64_t before_id; /* the first event of ours comes after it */
    uint64_t last_id;
    void (*added)(void *ctx);
    void *ctx;
};

struct event_log *event_log_new(size_t max, void (*added)(void *ctx), void *ctx)
{
    struct event_log *log = mem_new(struct event_log);

    pthread_mutex_init(&log->lock, NULL);
    log->events = mem_zeroed(max, sizeof(*log->events));
    log->max = max;
    log->added = added;
    log->ctx = ctx;
    return log;
}

void event_log_free(struct event_log *log)
{
    if (log == NULL)
        return;
    for (size_t i = 0; i < log->max; i++)
        json_free(log->events[i].data);
    pthread_mutex_destroy(&log->lock);
    free(log->events);
    free(log);
}

void event_log_begin(struct event_log *log, uint64_t last_id)
{
    log->before_id = log->last_id = last_id;
}

uint64_t event_log_add(struct event_log *log, int64_t now, const char *type, const char *subject,
                       struct json *data)
{
    struct event *slot;
    uint64_t id;

    pthread_mutex_lock(&log->lock);
    id = ++log->last_id;
    slot = &log->events[(id - 1) % log->max];
    json_free(slot->data);
    *slot = (struct event){.id = id, .time = now, .data = data};
    snprintf(slot->type, sizeof(slot->type), "%s", type);
    snprintf(slot->subject, sizeof(slot->subject), "%s", subject ? subject : "");
    pthread_mutex_unlock(&log->lock);

    if (log->added != NULL)
        log->added(log->ctx);
    return id;
}

static uint64_t first_id(const struct event_log *log)
{
    uint64_t kept = log->last_id - log->before_id;

    return log->last_id - (kept < log->max ? kept : log->max) + 1;
}

static void write_event(const struct event *event, struct buf *out)
{
    OWNED_JSON *json = json_new_object();

    json_set_int(json, "id", (int64_t)event->id);
    json_set_time(json, "time", event->time);
    json_set_str(json, "type", event->type);
    json_set_str(json, "subject", event->subject);
    json_set(json, "data", event->data ? json_new_copy(event->data) : json_new_object());
    json_write(json, out);
}

/* The first event past *id that is wanted; NULL when there is none. Called under the lock. */
static const struct event *find_next(const struct event_log *log, const char *subject, uint64_t *id)
{
    uint64_t at = *id + 1 > first_id(log) ? *id + 1 : first_id(log);

    for (; at <= log->last_id; at++) {
        const struct event *event = &log->events[(at - 1) % log->max];

        *id = at;
        if (subject == NULL || strcmp(event->subject, subject) == 0)
            return event;
    }
    return NULL;
}

bool event_log_next(struct event_log *log, const char *subject, uint64_t *id, struct buf *out)
{
    OWNED_BUF line = BUF_OF(EVENT_LINE_MAX);
    const struct event *event;
    bool found;

    pthread_mutex_lock(&log->lock);
    event = find_next(log, subject, id);
    found = event != NULL;
    if (found) {
        write_event(event, &line);
        buf_printf(out, "id: %" PRIu64 "\nevent: %s\ndata: ", event->id, event->type);
        buf_add_span(out, buf_span(&line));
        buf_add_str(out, "\n\n");
    }
    pthread_mutex_unlock(&log->lock);
    return found;
}

void event_log_write_line(struct event_log *log, uint64_t id, struct buf *out)
{
    pthread_mutex_lock(&log->lock);
    if (id >= first_id(log) && id <= log->last_id)
        write_event(&log->events[(id - 1) % log->max], out);
    pthread_mutex_unlock(&log->lock);
}

uint64_t event_log_last_id(struct event_log *log)
{
    uint64_t id;

    pthread_mutex_lock(&log->lock);
    id = log->last_id;
    pthread_mutex_unlock(&log->lock);
    return id;
}
