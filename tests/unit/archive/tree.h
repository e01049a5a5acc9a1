/* A scratch directory for the tests of archives, removed at the end of each test. */
#ifndef COCOS_TESTS_TREE_H
#define COCOS_TESTS_TREE_H

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
    char path[64];
    int fd;
};

static inline struct tree tree_new(void)
{
    struct tree tree = {.path = "/tmp/cocos-zip-XXXXXX"};

    assert_non_null(mkdtemp(tree.path));
    tree.fd = open(tree.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(tree.fd >= 0);
    return tree;
}

static inline void tree_done(struct tree *tree)
{
    struct err err;

    close(tree->fd);
    assert_ok(file_remove_tree(tree->path, &err));
}
#define OWNED_TREE __attribute__((cleanup(tree_done))) struct tree

static inline void tree_add(const struct tree *tree, const char *name, const char *text)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", tree->path, name);
    OWNED(free_str) char *parent = mem_strdup(path);
    struct err err;

    *strrchr(parent, '/') = '\0';
    assert_ok(file_make_dirs(parent, 0755, &err));
    assert_ok(file_create(path, span_of_str(text), 0600, &err));
}

/* The content of a file, or NULL when there is no such regular file. */
static inline char *tree_read(const struct tree *tree, const char *name)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", tree->path, name);
    struct buf text = BUF_OF(16 * MIB);
    struct err err;
    struct stat st;

    if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return NULL;
    assert_ok(file_read(path, &text, &err));
    return buf_take(&text);
}

static inline void tree_assert_file(const struct tree *tree, const char *name, const char *wanted)
{
    OWNED(free_str) char *text = tree_read(tree, name);

    if (text == NULL)
        fail_msg("no file '%s'", name);
    assert_string_equal(text, wanted);
}

#endif
