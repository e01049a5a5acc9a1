/* Looks into the guest's half of a share again and again, and tells what is new.
 *
 * Everything there may be hostile. Files are opened without following links, regular ones only, and
 * read up to a ceiling; a directory, too many names, or more than WATCH_BYTES_MAX in all is a
 * violation, for which the VM is stopped. Files that the VM's process holds open after their names
 * were removed count too, where the manager may look at that process. Events are passed on at a
 * bounded rate: what is over it is counted and dropped. */
#ifndef COCOS_MANAGER_LINK_WATCH_H
#define COCOS_MANAGER_LINK_WATCH_H

#include "services/manager-api/link/share_state.h"

#include <sys/stat.h>

#define WATCH_BYTES_MAX    (16 * MIB)
#define WATCH_NAMES_MAX    64
#define WATCH_EVENTS_BURST 100 /* events that may come at once */
#define WATCH_EVENT_MS     500 /* after that, one each so many milliseconds */

/* When a file was last read. */
struct watch_mark {
    uint64_t inode;
    int64_t mtime_ns;
    int64_t size;
};

struct watch_mark watch_mark_of(const struct stat *info);
bool watch_mark_equal(const struct watch_mark *a, const struct watch_mark *b);

/* What was seen so far; all zeros at the beginning. Plain data. */
struct watch {
    pid_t process; /* of the VM; set by the caller before each look, 0 when it is not known */
    struct watch_mark state_mark;
    struct watch_mark events_mark;
    uint64_t last_event;
    unsigned tokens;     /* events that may still come; see refilled_ms */
    int64_t refilled_ms; /* 0: never */
};

/* What a look found. */
struct watch_news {
    bool heard; /* state.json was written anew and can be read: state holds it */
    struct share_state state;
    struct share_event *events; /* owned */
    size_t event_count;
    unsigned dropped;    /* events over the rate, or not readable */
    bool blind;          /* the process may not be looked at: what it holds open is not counted */
    char violation[256]; /* "" or why the VM must be stopped */
    char problem[256];   /* "" or why state.json cannot be read */
};

void watch_news_release(struct watch_news *news);
#define OWNED_WATCH_NEWS __attribute__((cleanup(watch_news_release))) struct watch_news

/* Looks into dir. now_ms: of a clock that never jumps. A directory that cannot be opened is a
 * problem like any other; nothing fails. */
void watch_look(struct watch *watch, const char *dir, int64_t now_ms, struct watch_news *ret);

#endif
