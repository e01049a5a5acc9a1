#include "lib/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BLOCK (64 * KIB)

static enum err_kind kind_of_errno(void)
{
    return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_SYSTEM;
}

int file_open_at(int dir_fd, const char *name, int *ret, struct err *err)
{
    OWNED(close_fd)
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 && errno == ELOOP)
        return err_set(err, ERR_INPUT, "'%s' is a link, expected a regular file", name);
    if (fd < 0)
        return err_set_errno(err, kind_of_errno(), "open '%s'", name);
    if (fstat(fd, &st) < 0)
        return err_set_errno(err, ERR_SYSTEM, "stat '%s'", name);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INPUT, "'%s' is not a regular file", name);

    *ret = fd;
    fd = -1;
    return 0;
}

int file_read_fd(int fd, struct buf *out, struct err *err)
{
    uint8_t *block = mem_zeroed(READ_BLOCK, 1);
    ssize_t got;
    int result = 0;

    while ((got = read(fd, block, READ_BLOCK)) != 0 && !out->overflow) {
        if (got > 0)
            buf_add(out, block, (size_t)got);
        else if (errno != EINTR) {
            result = err_set_errno(err, ERR_SYSTEM, "read");
            break;
        }
    }
    if (out->secret)
        mem_wipe(block, READ_BLOCK);
    free(block);
    return result < 0 ? -1 : buf_check(out, "file", err);
}

int file_read(const char *path, struct buf *out, struct err *err)
{
    OWNED(close_fd) int fd = -1;

    if (strcmp(path, "-") == 0)
        return file_read_fd(STDIN_FILENO, out, err);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return err_set_errno(err, kind_of_errno(), "open '%s'", path);
    if (file_read_fd(fd, out, err) < 0)
        return err_wrap(err, "'%s'", path);
    return 0;
}

int file_read_at(int dir_fd, const char *name, struct buf *out, struct err *err)
{
    OWNED(close_fd) int fd = -1;

    if (file_open_at(dir_fd, name, &fd, err) < 0)
        return -1;
    if (file_read_fd(fd, out, err) < 0)
        return err_wrap(err, "'%s'", name);
    return 0;
}

int file_write_fd(int fd, struct span bytes, struct err *err)
{
    while (bytes.len > 0) {
        ssize_t done = write(fd, bytes.data, bytes.len);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_set_errno(err, ERR_SYSTEM, "write");
        bytes = span_part(bytes, (size_t)done, bytes.len);
    }
    return 0;
}

/* Writes the new content under a temporary name; the caller renames or removes it. */
static int write_temporary(int dir_fd, const char *name, struct span bytes, mode_t mode,
                           struct err *err)
{
    OWNED(close_fd) int fd = -1;

    /* Whatever somebody put there under that name, a pipe say, is not what we write into. */
    unlinkat(dir_fd, name, 0);
    fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "create '%s'", name);
    if (fchmod(fd, mode) < 0)
        return err_set_errno(err, ERR_SYSTEM, "chmod '%s'", name);
    if (file_write_fd(fd, bytes, err) < 0)
        return err_wrap(err, "'%s'", name);
    if (fsync(fd) < 0)
        return err_set_errno(err, ERR_SYSTEM, "fsync '%s'", name);
    return 0;
}

int file_replace_at(int dir_fd, const char *name, struct span bytes, mode_t mode, struct err *err)
{
    OWNED(free_str) char *temporary = mem_printf(".%s.%d.tmp", name, (int)gettid());

    if (write_temporary(dir_fd, temporary, bytes, mode, err) < 0)
        goto undo;
    if (renameat(dir_fd, temporary, dir_fd, name) < 0) {
        err_set_errno(err, ERR_SYSTEM, "rename to '%s'", name);
        goto undo;
    }
    (void)fsync(dir_fd); /* some file systems cannot sync a directory; the rename stands */
    return 0;

undo:
    unlinkat(dir_fd, temporary, 0);
    return -1;
}

/* Opens the directory that path lies in; *ret_name points into path. */
static int open_parent(const char *path, const char **ret_name, int *ret, struct err *err)
{
    OWNED(free_str) char *copy = mem_strdup(path);
    const char *slash = strrchr(path, '/');

    *ret_name = slash ? slash + 1 : path;
    *ret = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret < 0)
        return err_set_errno(err, kind_of_errno(), "open the directory of '%s'", path);
    return 0;
}

int file_replace(const char *path, struct span bytes, mode_t mode, struct err *err)
{
    OWNED(close_fd) int dir_fd = -1;
    const char *name;

    if (open_parent(path, &name, &dir_fd, err) < 0)
        return -1;
    return file_replace_at(dir_fd, name, bytes, mode, err);
}

int file_create(const char *path, struct span bytes, mode_t mode, struct err *err)
{
    OWNED(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0 && errno == EEXIST)
        return err_set(err, ERR_STATE, "'%s' exists already and is not overwritten", path);
    if (fd < 0)
        return err_set_errno(err, kind_of_errno(), "create '%s'", path);
    if (file_write_fd(fd, bytes, err) < 0) {
        unlink(path);
        return err_wrap(err, "'%s'", path);
    }
    return 0;
}

int file_make_dirs(const char *path, mode_t mode, struct err *err)
{
    OWNED(free_str) char *copy = mem_strdup(path);
    struct stat st;

    for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, mode) < 0 && errno != EEXIST)
            return err_set_errno(err, ERR_SYSTEM, "make directory '%s'", copy);
        *slash = '/';
    }
    if (mkdir(copy, mode) < 0 && errno != EEXIST)
        return err_set_errno(err, ERR_SYSTEM, "make directory '%s'", copy);
    if (stat(copy, &st) < 0 || !S_ISDIR(st.st_mode))
        return err_set(err, ERR_SYSTEM, "'%s' is not a directory", copy);
    return 0;
}

/* --- removing a tree ---
 *
 * Whoever made the tree may have made it as deep as he liked, and may still be renaming in it. So
 * no path is followed and no descriptor kept for each level: a directory inside another one is
 * moved up into the root of the tree, and the root is emptied until nothing is left in it. Every
 * name is taken relative to a directory that is held open, and none is followed when it is a link.
 */

struct removal {
    DIR *root;
    unsigned moved; /* names given so far to what was moved up */
};

static void close_dir(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

/* Whose tree it is may have shut its directories even to himself: they are opened again, each by a
 * descriptor of it. What is not ours stays as it is, and is told when it is in the way. */
static void open_up(int dir_fd, const char *name)
{
    OWNED(close_fd) int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;
    char path[32];

    if (fd < 0 || fstat(fd, &info) < 0 || (info.st_mode & S_IRWXU) == S_IRWXU)
        return;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* fchmod() takes no O_PATH */
    (void)chmod(path, S_IRWXU);
}

static DIR *open_dir_at(int dir_fd, const char *name)
{
    int fd = -1;
    DIR *dir = NULL;

    open_up(dir_fd, name);
    fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    dir = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && dir == NULL)
        close(fd);
    return dir;
}

/* The next name in dir but for "." and ".."; NULL at the end. */
static const char *next_name(DIR *dir)
{
    const struct dirent *entry = NULL;

    while ((entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return entry->d_name;
    return NULL;
}

/* Removes a name that is no directory, or an empty one. 1: it is a directory with something in it.
 */
static int remove_name(int dir_fd, const char *name, struct err *err)
{
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return err_set_errno(err, ERR_SYSTEM, "remove '%s'", name);
    if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    if (errno == ENOTEMPTY || errno == EEXIST)
        return 1;
    return err_set_errno(err, ERR_SYSTEM, "remove directory '%s'", name);
}

/* Moves dir_fd/name into the root, under a name that nothing there is in the way of. */
static int move_up(struct removal *removal, int dir_fd, const char *name, struct err *err)
{
    char fresh[24];

    open_up(dir_fd, name); /* its ".." is written */
    do {
        snprintf(fresh, sizeof(fresh), ".%u", removal->moved++);
        if (renameat(dir_fd, name, dirfd(removal->root), fresh) == 0 || errno == ENOENT)
            return 0;
    } while (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR || errno == EISDIR);
    return err_set_errno(err, ERR_SYSTEM, "move '%s' to remove it", name);
}

/* Empties a directory of the root by moving its directories up beside it, and removes it. */
static int remove_dir(struct removal *removal, const char *name, struct err *err)
{
    OWNED(close_dir) DIR *dir = open_dir_at(dirfd(removal->root), name);
    const char *inner = NULL;

    if (dir == NULL && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        return 0; /* it was changed while we looked: the next pass sees what it is now */
    if (dir == NULL)
        return err_set_errno(err, ERR_SYSTEM, "open '%s' to remove it", name);
    while ((inner = next_name(dir)) != NULL) {
        int result = remove_name(dirfd(dir), inner, err);

        if (result < 0 || (result > 0 && move_up(removal, dirfd(dir), inner, err) < 0))
            return -1;
    }
    return remove_name(dirfd(removal->root), name, err) < 0 ? -1 : 0;
}

/* One pass over the root; *ret_found: there was something in it. */
static int remove_pass(struct removal *removal, bool *ret_found, struct err *err)
{
    const char *name = NULL;

    *ret_found = false;
    rewinddir(removal->root);
    while ((name = next_name(removal->root)) != NULL) {
        int result = remove_name(dirfd(removal->root), name, err);

        *ret_found = true;
        if (result < 0 || (result > 0 && remove_dir(removal, name, err) < 0))
            return -1;
    }
    return 0;
}

int file_remove_tree_at(int dir_fd, const char *name, struct err *err)
{
    int result = remove_name(dir_fd, name, err);
    OWNED(close_dir) DIR *root = result > 0 ? open_dir_at(dir_fd, name) : NULL;
    struct removal removal = {.root = root};
    bool found = true;

    if (result <= 0)
        return result;
    if (root == NULL)
        return err_set_errno(err, ERR_SYSTEM, "open '%s' to remove it", name);
    while (found)
        if (remove_pass(&removal, &found, err) < 0)
            return err_wrap(err, "'%s'", name);
    if (unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return err_set_errno(err, ERR_SYSTEM, "remove directory '%s'", name);
    return 0;
}

int file_remove_tree(const char *path, struct err *err)
{
    return file_remove_tree_at(AT_FDCWD, path, err);
}
