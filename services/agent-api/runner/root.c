#include "services/agent-api/runner/root.h"

#include "lib/base/file.h"
#include "services/agent-api/runner/confine_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINK_MAX_BYTES 256
#define READ_ONLY      (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID)

/* What is taken over from outside. Absent ones are left out, links are made again. */
static const struct source {
    const char *from;
    const char *to;
    uint64_t attributes;
} sources[] = {
    {"/usr", "usr", READ_ONLY | MOUNT_ATTR_NODEV},
    {"/lib", "lib", READ_ONLY | MOUNT_ATTR_NODEV},
    {"/lib32", "lib32", READ_ONLY | MOUNT_ATTR_NODEV},
    {"/lib64", "lib64", READ_ONLY | MOUNT_ATTR_NODEV},
    {"/bin", "bin", READ_ONLY | MOUNT_ATTR_NODEV},
    {"/sbin", "sbin", READ_ONLY | MOUNT_ATTR_NODEV},
    {"/etc/alternatives", "etc/alternatives", READ_ONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC},
    {"/etc/ld.so.cache", "etc/ld.so.cache", READ_ONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC},
    {"/dev/null", "dev/null", READ_ONLY | MOUNT_ATTR_NOEXEC},
    {"/dev/zero", "dev/zero", READ_ONLY | MOUNT_ATTR_NOEXEC},
    {"/dev/full", "dev/full", READ_ONLY | MOUNT_ATTR_NOEXEC},
    {"/dev/random", "dev/random", READ_ONLY | MOUNT_ATTR_NOEXEC},
    {"/dev/urandom", "dev/urandom", READ_ONLY | MOUNT_ATTR_NOEXEC},
};

static const char *const directories[] = {
    "proc", "dev", "dev/shm", "etc", "tmp", "work", "work/datasets", "work/results",
};

static const struct {
    const char *target;
    const char *name;
} links[] = {
    {"/proc/self/fd", "dev/fd"},
    {"/proc/self/fd/0", "dev/stdin"},
    {"/proc/self/fd/1", "dev/stdout"},
    {"/proc/self/fd/2", "dev/stderr"},
};

static const struct {
    const char *name;
    const char *text;
} files[] = {
    {"etc/passwd", "cocos:x:1000:1000::/tmp:/usr/sbin/nologin\n"},
    {"etc/group", "cocos:x:1000:\n"},
    {"etc/hosts", "127.0.0.1 localhost\n"},
};

struct piece {
    int fd; /* a detached mount, or -1 */
    bool directory;
    char link[LINK_MAX_BYTES]; /* not empty: a link with this target instead */
};

struct root {
    struct piece pieces[COUNT_OF(sources)];
    struct piece algorithm;
    struct piece datasets;
};

void root_free(struct root *root)
{
    free(root);
}

/* --- taking --- */

/* A detached, restricted copy of the tree of mounts at a path. */
static int take_mount(const char *from, uint64_t attributes, struct piece *ret, struct err *err)
{
    struct mount_attr set = {.attr_set = attributes};
    struct stat st;
    int fd;

    fd = open_tree(AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "take '%s'", from);
    if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &set, sizeof(set)) < 0 ||
        fstat(fd, &st) < 0) {
        err_set_errno(err, ERR_SYSTEM, "restrict '%s'", from);
        close(fd);
        return -1;
    }
    ret->fd = fd;
    ret->directory = S_ISDIR(st.st_mode);
    return 0;
}

static int take_piece(const struct source *source, struct piece *ret, struct err *err)
{
    struct stat st;
    ssize_t length;

    ret->fd = -1;
    if (lstat(source->from, &st) < 0)
        return 0;
    if (!S_ISLNK(st.st_mode))
        return take_mount(source->from, source->attributes, ret, err);
    length = readlink(source->from, ret->link, sizeof(ret->link));
    if (length < 0 || (size_t)length == sizeof(ret->link))
        return err_set(err, ERR_SYSTEM, "the link '%s' is too long", source->from);
    return 0;
}

static int mount_root(const char *at, struct err *err)
{
    OWNED(free_str)
    char *options =
        mem_printf("size=1m,nr_inodes=256,mode=755,uid=%d,gid=%d", CONFINE_UID, CONFINE_UID);

    if (mount("cocos", at, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        return err_set_errno(err, ERR_SYSTEM, "mount the root on '%s'", at);
    if (chdir(at) < 0)
        return err_set_errno(err, ERR_SYSTEM, "enter '%s'", at);
    return 0;
}

int root_take(const struct confine_spec *spec, struct root **ret, struct err *err)
{
    OWNED_OF(root) *root = mem_new(struct root);

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return err_set_errno(err, ERR_SYSTEM, "keep our mounts to ourselves");
    for (size_t i = 0; i < COUNT_OF(sources); i++)
        if (take_piece(&sources[i], &root->pieces[i], err) < 0)
            return -1;
    if (take_mount(spec->algorithm, READ_ONLY | MOUNT_ATTR_NODEV, &root->algorithm, err) < 0 ||
        take_mount(spec->datasets, READ_ONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                   &root->datasets, err) < 0)
        return -1;
    if (mount_root(spec->root, err) < 0)
        return -1;
    *ret = GIVE(root);
    return 0;
}

/* --- putting in place; all names are relative to the root that we are in --- */

static int make_file(const char *name, const char *text, struct err *err)
{
    return file_create(name, span_of_str(text), 0444, err);
}

static int place(const struct piece *piece, const char *to, struct err *err)
{
    if (piece->link[0] != '\0') {
        if (symlink(piece->link, to) < 0)
            return err_set_errno(err, ERR_SYSTEM, "link '%s'", to);
        return 0;
    }
    if (piece->fd < 0)
        return 0;
    if (piece->directory && mkdir(to, 0755) < 0 && errno != EEXIST)
        return err_set_errno(err, ERR_SYSTEM, "make '%s'", to);
    if (!piece->directory && make_file(to, "", err) < 0)
        return -1;
    if (move_mount(piece->fd, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return err_set_errno(err, ERR_SYSTEM, "put '%s' in place", to);
    close(piece->fd);
    return 0;
}

static int make_skeleton(struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(directories); i++)
        if (mkdir(directories[i], 0755) < 0)
            return err_set_errno(err, ERR_SYSTEM, "make '%s'", directories[i]);
    for (size_t i = 0; i < COUNT_OF(links); i++)
        if (symlink(links[i].target, links[i].name) < 0)
            return err_set_errno(err, ERR_SYSTEM, "link '%s'", links[i].name);
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (make_file(files[i].name, files[i].text, err) < 0)
            return -1;
    return 0;
}

static int mount_room(const char *at, uint64_t bytes, const char *mode, struct err *err)
{
    OWNED(free_str)
    char *options = mem_printf("size=%" PRIu64 ",nr_inodes=%" PRIu64 ",mode=%s,uid=%d,gid=%d",
                               bytes, 1024 + bytes / 4096, mode, CONFINE_UID, CONFINE_UID);

    if (mount("cocos", at, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        return err_set_errno(err, ERR_SYSTEM, "mount '%s'", at);
    return 0;
}

static int mount_rooms(const struct confine_spec *spec, struct err *err)
{
    /* Only its own processes, and nothing to be written: how soon the kernel kills it for want of
     * memory would be. A kernel that cannot do that shows nothing at all. */
    (void)mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
                "subset=pid,hidepid=ptraceable");
    if (mount_room("tmp", spec->scratch_bytes, "1777", err) < 0 ||
        mount_room("dev/shm", spec->scratch_bytes, "1777", err) < 0)
        return -1;
    return mount_room("work/results", spec->results_bytes, "755", err);
}

/* Makes the current directory "/" and lets go of the old one. On a root that lies in the initial
 * ramfs, which cannot be exchanged, the new one is moved over it; who has no capability and no
 * descriptor from before cannot get below. */
static int exchange_roots(struct err *err)
{
    if (syscall(SYS_pivot_root, ".", ".") == 0) {
        if (umount2(".", MNT_DETACH) < 0)
            return err_set_errno(err, ERR_SYSTEM, "let go of the old root");
    } else if (errno != EINVAL || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0) {
        return err_set_errno(err, ERR_SYSTEM, "exchange the root");
    }
    if (chdir("/") < 0)
        return err_set_errno(err, ERR_SYSTEM, "enter the root");
    return 0;
}

static int freeze_root(struct err *err)
{
    struct mount_attr set = {.attr_set = READ_ONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};

    if (mount_setattr(AT_FDCWD, "/", 0, &set, sizeof(set)) < 0)
        return err_set_errno(err, ERR_SYSTEM, "make the root read-only");
    return 0;
}

static int open_results(int *ret, struct err *err)
{
    int fd = open("/work/results", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open the results");
    *ret = fd;
    return 0;
}

int root_enter(const struct confine_spec *spec, struct root *root, int *ret_results,
               struct err *err)
{
    if (make_skeleton(err) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(sources); i++)
        if (place(&root->pieces[i], sources[i].to, err) < 0)
            return -1;
    if (place(&root->algorithm, "work/algorithm", err) < 0 ||
        place(&root->datasets, "work/datasets", err) < 0)
        return -1;
    if (mount_rooms(spec, err) < 0 || exchange_roots(err) < 0 || freeze_root(err) < 0)
        return -1;
    return open_results(ret_results, err);
}
