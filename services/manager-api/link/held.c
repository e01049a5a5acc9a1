#include "services/manager-api/link/held.h"

#include "lib/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SIZE 512 /* of st_blocks, whatever the file system's own is */

/* Where and what we look for. */
struct search {
    char dir[PATH_MAX]; /* ends in '/' */
    dev_t device;
    ino_t seen[HELD_FILES_MAX]; /* one file may be open twice */
};

uint64_t held_file_bytes(const struct stat *info)
{
    uint64_t stored = (uint64_t)info->st_blocks * BLOCK_SIZE;

    return (uint64_t)info->st_size > stored ? (uint64_t)info->st_size : stored;
}

static void close_dir(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

static bool read_link(int dir_fd, const char *name, const char *tail, char out[static PATH_MAX])
{
    size_t room = PATH_MAX - strlen(tail) - 1;
    ssize_t len = readlinkat(dir_fd, name, out, room);

    if (len < 0)
        return false;
    snprintf(out + len, PATH_MAX - (size_t)len, "%s", tail);
    return true;
}

static int prepare(int dir_fd, struct search *search, struct err *err)
{
    char link[64];
    struct stat info;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", dir_fd);
    if (fstat(dir_fd, &info) < 0 || !read_link(AT_FDCWD, link, "/", search->dir))
        return err_set_errno(err, ERR_SYSTEM, "the share's directory");
    search->device = info.st_dev;
    return 0;
}

static bool is_known(const struct search *search, const struct held *held, ino_t inode)
{
    for (unsigned i = 0; i < held->files; i++)
        if (search->seen[i] == inode)
            return true;
    return false;
}

/* Counts one open file when it is of the share and has no name. Some kernels let one list what is
 * open and not look at it. */
static int count_file(struct search *search, int fds, const char *name, struct held *held,
                      struct err *err)
{
    char path[PATH_MAX];
    struct stat info;

    if (fstatat(fds, name, &info, 0) < 0)
        return errno == EACCES ? err_set_errno(err, ERR_SYSTEM, "open file %s", name) : 0;
    if (info.st_nlink != 0 || info.st_dev != search->device ||
        is_known(search, held, info.st_ino) || !read_link(fds, name, "", path) ||
        !text_starts_with(path, search->dir))
        return 0;
    if (held->files < HELD_FILES_MAX)
        search->seen[held->files] = info.st_ino;
    held->files++;
    held->bytes += held_file_bytes(&info);
    return 0;
}

int held_count(pid_t pid, int dir_fd, struct held *ret, struct err *err)
{
    OWNED(close_dir) DIR *fds = NULL;
    const struct dirent *entry = NULL;
    struct search search = {.device = 0};
    char path[64];

    if (prepare(dir_fd, &search, err) < 0)
        return -1;
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    fds = opendir(path);
    if (fds == NULL)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM, "'%s'", path);
    *ret = (struct held){.files = 0};
    while (ret->files <= HELD_FILES_MAX && (entry = readdir(fds)) != NULL)
        if (entry->d_name[0] != '.' && count_file(&search, dirfd(fds), entry->d_name, ret, err) < 0)
            return -1;
    return 0;
}
