#include "services/manager-api/journal.h"

#include "lib/program/log.h"

#include <pthread.h>
#include <string.h>

struct owner_log {
    char owner[VM_NAME_SIZE];
    struct event_log *log;
};

struct journal {
    void (*added)(void *ctx);
    void *ctx;
    struct event_log *all;
    pthread_mutex_t lock; /* of the list of owners */
    struct owner_log *owners;
    size_t count;
};

struct journal *journal_new(void (*added)(void *ctx), void *ctx)
{
    struct journal *journal = mem_new(struct journal);

    journal->added = added;
    journal->ctx = ctx;
    journal->all = event_log_new(JOURNAL_KEPT, NULL, NULL);
    pthread_mutex_init(&journal->lock, NULL);
    return journal;
}

void journal_free(struct journal *journal)
{
    if (journal == NULL)
        return;
    for (size_t i = 0; i < journal->count; i++)
        event_log_free(journal->owners[i].log);
    free(journal->owners);
    event_log_free(journal->all);
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

/* Owners are the holders of tokens, so there are not many. */
static struct event_log *find_owner(struct journal *journal, const char *owner)
{
    struct owner_log *fresh = NULL;

    for (size_t i = 0; i < journal->count; i++)
        if (strcmp(journal->owners[i].owner, owner) == 0)
            return journal->owners[i].log;
    journal->owners = mem_resize(journal->owners, journal->count + 1, sizeof(*journal->owners));
    fresh = &journal->owners[journal->count++];
    *fresh = (struct owner_log){.log = event_log_new(JOURNAL_KEPT, NULL, NULL)};
    memcpy(fresh->owner, owner, strnlen(owner, VM_NAME_SIZE - 1));
    return fresh->log;
}

struct event_log *journal_log(struct journal *journal, const char *owner)
{
    struct event_log *log = journal->all;

    if (owner == NULL)
        return log;
    pthread_mutex_lock(&journal->lock);
    log = find_owner(journal, owner);
    pthread_mutex_unlock(&journal->lock);
    return log;
}

void journal_note(struct journal *journal, const struct fleet_event *event)
{
    struct event_log *own = journal_log(journal, event->owner);
    struct json *fields = json_new_object();

    json_set_str(fields, "vm", event->vm_id);
    json_set_str(fields, "owner", event->owner);
    if (event->data != NULL)
        json_set(fields, "data", json_new_copy(event->data));
    log_with(LOG_INFO, event->type, fields);

    event_log_add(journal->all, event->time, event->type, event->vm_id,
                  event->data ? json_new_copy(event->data) : NULL);
    event_log_add(own, event->time, event->type, event->vm_id, event->data);
    journal->added(journal->ctx);
}
