#include "services/manager-api/link/watch.h"

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "services/manager-api/link/held.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEWS_EVENTS_MAX 1000

/* What one pass over the directory found. */
struct survey {
    unsigned names;
    uint64_t bytes;
    struct watch_mark state;
    struct watch_mark events;
};

static void close_dir(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

void watch_news_release(struct watch_news *news)
{
    for (size_t i = 0; i < news->event_count; i++)
        share_event_release(&news->events[i]);
    free(news->events);
    *news = (struct watch_news){0};
}

static void say(char *out, size_t size, const char *text)
{
    OWNED_BUF printable = BUF_OF(4 * KIB);

    text_add_printable(&printable, span_of_str(text), size - 4);
    snprintf(out, size, "%s", buf_str(&printable));
}

struct watch_mark watch_mark_of(const struct stat *info)
{
    return (struct watch_mark){.inode = info->st_ino,
                               .mtime_ns =
                                   info->st_mtim.tv_sec * 1000000000LL + info->st_mtim.tv_nsec,
                               .size = info->st_size};
}

bool watch_mark_equal(const struct watch_mark *a, const struct watch_mark *b)
{
    return a->inode == b->inode && a->mtime_ns == b->mtime_ns && a->size == b->size;
}

static bool too_much(const struct survey *survey, char *violation, size_t size)
{
    if (survey->bytes <= WATCH_BYTES_MAX)
        return false;
    snprintf(violation, size, "more than %llu MiB in the share", WATCH_BYTES_MAX / MIB);
    return true;
}

/* Adds what was removed and is still open. A process that may not be looked at, or has just ended,
 * holds nothing that we could know of. */
static bool survey_held(struct survey *survey, pid_t process, int dir_fd, struct watch_news *news)
{
    struct held held = {.files = 0};
    struct err err;

    if (process == 0)
        return true;
    if (held_count(process, dir_fd, &held, &err) < 0) {
        news->blind = err.kind == ERR_SYSTEM;
        return true;
    }
    if (held.files > HELD_FILES_MAX) {
        snprintf(news->violation, sizeof(news->violation),
                 "more than %d files open that were removed from the share", HELD_FILES_MAX);
        return false;
    }
    survey->bytes += held.bytes;
    return !too_much(survey, news->violation, sizeof(news->violation));
}

/* Adds one name; false when it may not be there. */
static bool survey_name(struct survey *survey, int dir_fd, const char *name, char *violation,
                        size_t size)
{
    struct stat info;

    if (++survey->names > WATCH_NAMES_MAX) {
        snprintf(violation, size, "more than %d files in the share", WATCH_NAMES_MAX);
        return false;
    }
    if (fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return true; /* replaced while we looked */
    if (S_ISDIR(info.st_mode)) {
        snprintf(violation, size, "a directory in the share");
        return false;
    }
    survey->bytes += held_file_bytes(&info);
    if (too_much(survey, violation, size))
        return false;
    if (strcmp(name, "state.json") == 0)
        survey->state = watch_mark_of(&info);
    if (strcmp(name, "events.ndjson") == 0)
        survey->events = watch_mark_of(&info);
    return true;
}

static bool survey_dir(DIR *dir, struct survey *survey, char *violation, size_t size)
{
    const struct dirent *entry = NULL;

    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!survey_name(survey, dirfd(dir), entry->d_name, violation, size))
            return false;
    }
    return true;
}

static int read_state(int dir_fd, struct share_state *ret, struct err *err)
{
    OWNED_BUF text = BUF_OF(SHARE_STATE_MAX);

    if (file_read_at(dir_fd, "state.json", &text, err) < 0)
        return -1;
    return share_state_decode(buf_span(&text), ret, err);
}

static void look_at_state(struct watch *watch, int dir_fd, const struct survey *survey,
                          struct watch_news *news)
{
    struct err err;

    if (survey->state.inode == 0 || watch_mark_equal(&survey->state, &watch->state_mark))
        return;
    watch->state_mark = survey->state;
    news->heard = read_state(dir_fd, &news->state, &err) == 0;
    if (!news->heard)
        say(news->problem, sizeof(news->problem), err.text);
}

/* --- events ------------------------------------------------------------------ */

static void refill(struct watch *watch, int64_t now_ms)
{
    int64_t earned = (now_ms - watch->refilled_ms) / WATCH_EVENT_MS;

    if (watch->refilled_ms == 0 || earned >= WATCH_EVENTS_BURST) {
        watch->tokens = WATCH_EVENTS_BURST;
        watch->refilled_ms = now_ms;
        return;
    }
    watch->refilled_ms += earned * WATCH_EVENT_MS;
    watch->tokens += (unsigned)earned;
    if (watch->tokens > WATCH_EVENTS_BURST)
        watch->tokens = WATCH_EVENTS_BURST;
}

static void take_line(struct watch *watch, struct span line, struct watch_news *news)
{
    OWNED_SHARE_EVENT event = {0};
    struct err err;

    if (share_event_decode(line, &event, &err) < 0) {
        news->dropped++;
        return;
    }
    if (event.id <= watch->last_event)
        return;
    watch->last_event = event.id;
    if (watch->tokens == 0 || news->event_count == NEWS_EVENTS_MAX) {
        news->dropped++;
        return;
    }
    watch->tokens--;
    news->events = mem_resize(news->events, news->event_count + 1, sizeof(*news->events));
    news->events[news->event_count++] = event;
    event.data = NULL;
}

static void look_at_events(struct watch *watch, int dir_fd, const struct survey *survey,
                           struct watch_news *news)
{
    OWNED_BUF text = BUF_OF(SHARE_EVENTS_MAX);
    struct err err;
    size_t at = 0;

    if (survey->events.inode == 0 || watch_mark_equal(&survey->events, &watch->events_mark))
        return;
    watch->events_mark = survey->events;
    if (file_read_at(dir_fd, "events.ndjson", &text, &err) < 0) {
        news->dropped++;
        return;
    }
    while (at < text.len) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        size_t len = end ? (size_t)(end - text.data) - at : text.len - at;

        if (len > 0)
            take_line(watch, span_of(text.data + at, len), news);
        at += len + 1;
    }
}

void watch_look(struct watch *watch, const char *dir, int64_t now_ms, struct watch_news *ret)
{
    struct survey survey = {0};
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    OWNED(close_dir) DIR *stream = fd < 0 ? NULL : fdopendir(fd);

    *ret = (struct watch_news){0};
    if (stream == NULL) {
        snprintf(ret->problem, sizeof(ret->problem), "the share cannot be opened: %s",
                 strerror(errno));
        return;
    }
    if (!survey_held(&survey, watch->process, fd, ret) ||
        !survey_dir(stream, &survey, ret->violation, sizeof(ret->violation)))
        return;
    look_at_state(watch, fd, &survey, ret);
    refill(watch, now_ms);
    look_at_events(watch, fd, &survey, ret);
}
