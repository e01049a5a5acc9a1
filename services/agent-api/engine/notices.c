#include "services/agent-api/engine/notices.h"

#include <pthread.h>

struct notice {
    struct notice *next;
    const char *type;
    char *subject;
    struct json *data;
};

struct notices {
    engine_observer *observe;
    void *ctx;
    pthread_mutex_t telling; /* one tells at a time, so that the order stays */
    pthread_mutex_t lock;    /* the queue */
    struct notice *first, **last;
};

struct notices *notices_new(engine_observer *observe, void *ctx)
{
    struct notices *notices = mem_new(struct notices);

    notices->observe = observe;
    notices->ctx = ctx;
    notices->last = &notices->first;
    pthread_mutex_init(&notices->telling, NULL);
    pthread_mutex_init(&notices->lock, NULL);
    return notices;
}

void notices_free(struct notices *notices)
{
    if (notices == NULL)
        return;
    notices_tell(notices);
    pthread_mutex_destroy(&notices->telling);
    pthread_mutex_destroy(&notices->lock);
    free(notices);
}

void notices_add(struct notices *notices, const char *type, const char *subject, struct json *data)
{
    struct notice *notice = mem_new(struct notice);

    notice->type = type;
    notice->subject = mem_strdup(subject);
    notice->data = data;
    pthread_mutex_lock(&notices->lock);
    *notices->last = notice;
    notices->last = &notice->next;
    pthread_mutex_unlock(&notices->lock);
}

static struct notice *take(struct notices *notices)
{
    struct notice *notice;

    pthread_mutex_lock(&notices->lock);
    notice = notices->first;
    if (notice != NULL) {
        notices->first = notice->next;
        if (notices->first == NULL)
            notices->last = &notices->first;
    }
    pthread_mutex_unlock(&notices->lock);
    return notice;
}

void notices_tell(struct notices *notices)
{
    struct notice *notice;

    pthread_mutex_lock(&notices->telling);
    while ((notice = take(notices)) != NULL) {
        notices->observe(notices->ctx, notice->type, notice->subject, notice->data);
        free(notice->subject);
        free(notice);
    }
    pthread_mutex_unlock(&notices->telling);
}
