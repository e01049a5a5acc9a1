#include "eos/init/tree.h"

#include "eos/init/say.h"
#include "lib/base/file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define SENTINEL_TEXT "complete\n"
#define DEBUG_MARK    "/etc/eos/debug"

#define QUIET_MOUNT (MS_NOSUID | MS_NODEV | MS_NOEXEC)

struct tree_mount {
    const char *type;
    const char *at;
    unsigned long flags;
    const char *options;
};

static const struct tree_mount SYSTEM_MOUNTS[] = {
    {"proc", "/proc", QUIET_MOUNT, NULL},
    {"sysfs", "/sys", QUIET_MOUNT, NULL},
    {"devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755"},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"},
    {"tmpfs", "/dev/shm", QUIET_MOUNT, "size=16m,mode=1777"},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "size=16m,mode=0755"},
    {"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "size=16m,mode=1777"},
    {"securityfs", "/sys/kernel/security", QUIET_MOUNT, NULL},
    {"cgroup2", "/sys/fs/cgroup", QUIET_MOUNT, NULL},
};

int tree_check_complete(const char *sentinel, struct err *err)
{
    OWNED_BUF text = BUF_OF(64);
    struct err why = {0};

    if (file_read(sentinel, &text, &why) < 0 ||
        !span_equal(buf_span(&text), span_of_str(SENTINEL_TEXT)))
        return err_set(err, ERR_NO_SPACE,
                       "the image was not unpacked to its end: the VM has too little memory");
    return 0;
}

bool tree_is_debug(void)
{
    return access(DEBUG_MARK, F_OK) == 0;
}

/* The tree over itself, as the root of this process and of all that come after it. */
static int make_root_movable(struct err *err)
{
    if (mount("/", "/mnt", NULL, MS_BIND, NULL) < 0)
        return err_set_errno(err, ERR_SYSTEM, "bind the root");
    if (chdir("/mnt") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0)
        return err_set_errno(err, ERR_SYSTEM, "move the root");
    if (chroot(".") < 0 || chdir("/") < 0)
        return err_set_errno(err, ERR_SYSTEM, "enter the root");
    return 0;
}

static int mount_one(const struct tree_mount *m, struct err *err)
{
    if (mkdir(m->at, 0755) < 0 && errno != EEXIST)
        return err_set_errno(err, ERR_SYSTEM, "make %s", m->at);
    if (mount(m->type, m->at, m->type, m->flags, m->options) < 0)
        return err_set_errno(err, ERR_SYSTEM, "mount %s", m->at);
    return 0;
}

int tree_mount_system(struct err *err)
{
    if (make_root_movable(err) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(SYSTEM_MOUNTS); i++)
        if (mount_one(&SYSTEM_MOUNTS[i], err) < 0)
            return -1;

    if (file_make_dirs(TREE_SHARE_IN, 0755, err) < 0 ||
        file_make_dirs(TREE_SHARE_OUT, 0755, err) < 0)
        return -1;
    return file_make_dirs(TREE_STATE, 0700, err);
}

void tree_mount_config(void)
{
    if (mount("configfs", "/sys/kernel/config", "configfs", QUIET_MOUNT, NULL) < 0)
        say("no configfs: %m");
}

static void mount_export(const char *tag, const char *at, unsigned long flags)
{
    if (mount(tag, at, "9p", QUIET_MOUNT | flags,
              "trans=virtio,version=9p2000.L,cache=none,msize=131072") < 0)
        say("the export %s is not there: %m", tag);
}

void tree_mount_share(void)
{
    mount_export("cocos-in", TREE_SHARE_IN, MS_RDONLY);
    mount_export("cocos-out", TREE_SHARE_OUT, 0);
}

uint64_t tree_state_bytes(uint64_t free_bytes)
{
    return free_bytes / 4 * 3;
}

int tree_renew_state(struct err *err)
{
    struct sysinfo memory = {0};
    char options[64];

    if (umount2(TREE_STATE, MNT_DETACH) < 0 && errno != EINVAL)
        return err_set_errno(err, ERR_SYSTEM, "unmount %s", TREE_STATE);
    if (sysinfo(&memory) < 0)
        return err_set_errno(err, ERR_SYSTEM, "ask how much memory is free");
    snprintf(options, sizeof options, "size=%llu,mode=0700",
             (unsigned long long)tree_state_bytes((uint64_t)memory.freeram * memory.mem_unit));

    return mount_one(&(struct tree_mount){"tmpfs", TREE_STATE, MS_NOSUID | MS_NODEV, options}, err);
}

int tree_seal(struct err *err)
{
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
        return err_set_errno(err, ERR_SYSTEM, "seal the root");
    return 0;
}
