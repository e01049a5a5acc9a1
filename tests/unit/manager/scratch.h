/* A directory that is there for one test, and small helpers around files. */
#ifndef COCOS_TESTS_MANAGER_SCRATCH_H
#define COCOS_TESTS_MANAGER_SCRATCH_H

#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

/* Text into an array member, which has to hold it. */
#define set_text(array, text)                                                                      \
    assert_true((size_t)snprintf((array), sizeof(array), "%s", (text)) < sizeof(array))

struct scratch {
    char path[64];
};

static inline struct scratch scratch_new(void)
{
    struct scratch scratch = {"/tmp/cocos-manager-XXXXXX"};

    assert_non_null(mkdtemp(scratch.path));
    return scratch;
}

static inline void scratch_done(struct scratch *scratch)
{
    struct err err;

    assert_ok(file_remove_tree(scratch->path, &err));
}
#define SCRATCH __attribute__((cleanup(scratch_done))) struct scratch

/* "DIR/NAME", valid until the next four calls. */
static inline const char *in(const struct scratch *scratch, const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", scratch->path, name);
    return path;
}

static inline void put(const struct scratch *scratch, const char *name, const char *text)
{
    struct err err;

    assert_ok(file_replace(in(scratch, name), span_of_str(text), 0644, &err));
}

static inline bool is_there(const struct scratch *scratch, const char *name)
{
    return access(in(scratch, name), F_OK) == 0;
}

static inline unsigned mode_of(const struct scratch *scratch, const char *name)
{
    struct stat info;

    assert_int_equal(stat(in(scratch, name), &info), 0);
    return info.st_mode & 07777;
}

#endif
