/* What happened: a bounded log of events with growing ids, kept in memory, read by streams that
 * resume. */
#ifndef COCOS_PROGRAM_EVENT_H
#define COCOS_PROGRAM_EVENT_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/json/json.h"

#define EVENT_TYPE_MAX    48
#define EVENT_SUBJECT_MAX 80

/* One event, as it is told: {id, time, type, subject, data}. */
struct event {
    uint64_t id;  /* 1, 2, 3 ... */
    int64_t time; /* seconds since 1970 */
    char type[EVENT_TYPE_MAX];
    char subject[EVENT_SUBJECT_MAX]; /* a VM's or computation's id, or "" */
    struct json *data;               /* owned by the log */
};

struct event_log;

/* Keeps the last max events. added (may be NULL) is called after each, outside of the lock. */
struct event_log *event_log_new(size_t max, void (*added)(void *ctx), void *ctx);
void event_log_free(struct event_log *log);
DEFINE_OWNED(event_log)

/* Lets the ids follow one that was given elsewhere; before the first event. */
void event_log_begin(struct event_log *log, uint64_t last_id);

/* Appends; takes ownership of data (an object or NULL). Thread-safe. Returns the id. */
uint64_t event_log_add(struct event_log *log, int64_t now, const char *type, const char *subject,
                       struct json *data);

/* The first event after *id whose subject is wanted (NULL: any), in text/event-stream form,
 * appended to out; moves *id past everything looked at. False when there is none. Thread-safe. */
bool event_log_next(struct event_log *log, const char *subject, uint64_t *id, struct buf *out);

/* One event as a JSON line without its end, appended to out; nothing when it is not kept.
 * Thread-safe. */
void event_log_write_line(struct event_log *log, uint64_t id, struct buf *out);

/* The id of the newest event; 0 when there is none. */
uint64_t event_log_last_id(struct event_log *log);

#endif
