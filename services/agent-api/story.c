#include "services/agent-api/story.h"

#include "lib/computation/state.h"

#include <pthread.h>
#include <stdio.h>

struct story {
    struct event_log *log;

    pthread_mutex_t lock; /* so that an event and whose it is are known together */
    char manifest_sha256[2 * SHA256_SIZE + 1]; /* "" before the first computation */
    uint64_t before;                           /* the last event before it */
    uint64_t last;                             /* its own last one; 0 until it ends */
};

struct story *story_new(size_t max, uint64_t last_id)
{
    struct story *story = mem_new(struct story);

    story->log = event_log_new(max, NULL, NULL);
    event_log_begin(story->log, last_id);
    pthread_mutex_init(&story->lock, NULL);
    return story;
}

void story_free(struct story *story)
{
    if (story == NULL)
        return;
    event_log_free(story->log);
    pthread_mutex_destroy(&story->lock);
    free(story);
}

struct event_log *story_log(const struct story *story)
{
    return story->log;
}

uint64_t story_add(struct story *story, int64_t now, const char *type, const char *subject,
                   struct json *data)
{
    OWNED(free_str) char *sha256 = mem_strdup(json_get_str(data, "manifest_sha256"));
    OWNED(free_str) char *to = mem_strdup(json_get_str(data, "to"));
    uint64_t id;

    pthread_mutex_lock(&story->lock);
    id = event_log_add(story->log, now, type, subject, data);
    if (strcmp(type, "manifest") == 0 && sha256 != NULL) {
        snprintf(story->manifest_sha256, sizeof(story->manifest_sha256), "%s", sha256);
        story->before = id - 1;
        story->last = 0;
    } else if (to != NULL && strcmp(to, state_names[STATE_RECEIVING_MANIFEST]) == 0) {
        story->last = id;
    }
    pthread_mutex_unlock(&story->lock);
    return id;
}

int story_find(struct story *story, const struct manifest *manifest, uint64_t *ret_before,
               struct err *err)
{
    bool found;

    pthread_mutex_lock(&story->lock);
    found = strcmp(story->manifest_sha256, manifest->sha256) == 0;
    *ret_before = story->before;
    pthread_mutex_unlock(&story->lock);
    if (!found)
        return err_set(err, ERR_STATE, "another computation was set meanwhile");
    return 0;
}

int story_next(struct story *story, const struct manifest *manifest, uint64_t before, uint64_t *id,
               struct buf *out)
{
    int result = -1;

    pthread_mutex_lock(&story->lock);
    if (story->before == before && strcmp(story->manifest_sha256, manifest->sha256) == 0) {
        if (event_log_next(story->log, manifest->id, id, out))
            result = 1;
        else if (story->last == 0 || *id < story->last)
            result = 0;
    }
    pthread_mutex_unlock(&story->lock);
    return result;
}
