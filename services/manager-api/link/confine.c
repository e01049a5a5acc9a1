#include "services/manager-api/link/confine.h"

#include "lib/base/mem.h"
#include "lib/base/span.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_MAX RLIM_INFINITY /* its shadow is larger than any bound */
#else
#define MEMORY_MAX (1 * GIB)
#endif

/* --- how much --- */

static const struct {
    __rlimit_resource_t resource;
    rlim_t most;
} limits[] = {
    {RLIMIT_CPU, 30}, {RLIMIT_AS, MEMORY_MAX}, {RLIMIT_FSIZE, 0},
    {RLIMIT_CORE, 0}, {RLIMIT_NOFILE, 32},
};

static bool bound(void)
{
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        const struct rlimit limit = {limits[i].most, limits[i].most};

        if (setrlimit(limits[i].resource, &limit) < 0)
            return false;
    }
    return true;
}

/* --- who, and where --- */

static bool make_readonly(void)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};

    return mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) == 0;
}

/* Root's files are root's whatever its powers are, so root becomes somebody else. */
static bool be_nobody(void)
{
    return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
           setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

/* A user namespace is what everything else needs of whoever is not root. The program is found while
 * the way there is open, and where it cannot be written to. A network of its own has not even a
 * loopback that is up. */
static bool leave(const char *program, int *ret)
{
    bool root = geteuid() == 0;

    if (unshare(root ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) < 0 || !make_readonly())
        return false;
    *ret = open(program, O_PATH);
    if (*ret < 0 || (root && (!be_nobody() || unshare(CLONE_NEWUSER) < 0)))
        return false;
    return unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == 0;
}

/* --- what it may read --- */

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RUN  (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE)
#define WRITE                                                                                      \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                               \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |   \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* What programs need to run, and says nothing of this host that a guest would like to know. */
static const struct {
    const char *path;
    uint64_t access;
} readable[] = {
    {"/usr", READ | RUN},
    {"/lib", READ | RUN},
    {"/lib64", READ | RUN},
    {"/etc/ld.so.cache", LANDLOCK_ACCESS_FS_READ_FILE},
    {"/etc/ssl/openssl.cnf", LANDLOCK_ACCESS_FS_READ_FILE},
    {"/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE},
    {"/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE},
#ifdef __SANITIZE_ADDRESS__
    {"/proc", READ}, /* it looks at its own memory map */
#endif
};

static bool allow(int ruleset, int fd, uint64_t access)
{
    const struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};

    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool allow_readable(int ruleset)
{
    for (size_t i = 0; i < COUNT_OF(readable); i++) {
        int fd = open(readable[i].path, O_PATH | O_CLOEXEC);
        bool done = fd < 0 ? errno == ENOENT : allow(ruleset, fd, readable[i].access);

        if (fd >= 0)
            close(fd);
        if (!done)
            return false;
    }
    return true;
}

/* Whether there is anything to do; no kernel is too old, or was told not to, but for this. */
static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static bool hide_files(int program_fd)
{
    const struct landlock_ruleset_attr attr = {.handled_access_fs = READ | RUN | WRITE};
    int ruleset;
    bool done;

    if (!has_landlock())
        return errno == ENOSYS || errno == EOPNOTSUPP;
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0)
        return false;
    done = allow_readable(ruleset) && allow(ruleset, program_fd, RUN) &&
           syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    close(ruleset);
    return done;
}

/* --- what it may do --- */

/* Calls that nothing of what it does needs. A second process would count for itself under every
 * bound, and outlive the end of the first in a session of its own; so would a thread, but for that.
 * The sockets of other programs lie in the file system, whatever network one has, and half of a
 * pair reaches them, too; other processes of the same user are one signal away, and so is the order
 * in which they run; and new namespaces would bring back powers. */
static const int forbidden[] = {
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(clone),
    SCMP_SYS(clone3),
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(process_madvise),
    SCMP_SYS(process_mrelease),
    SCMP_SYS(migrate_pages),
    SCMP_SYS(move_pages),
    SCMP_SYS(kcmp),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(setpriority),
    SCMP_SYS(ioprio_set),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(sched_setattr),
    SCMP_SYS(sched_setparam),
    SCMP_SYS(sched_setscheduler),
    SCMP_SYS(tkill),
};

/* These where their first argument is itself, which prlimit64() calls zero. */
static const struct {
    int call;
    bool zero;
} of_itself[] = {
    {SCMP_SYS(kill), false},
    {SCMP_SYS(tgkill), false},
    {SCMP_SYS(rt_sigqueueinfo), false},
    {SCMP_SYS(rt_tgsigqueueinfo), false},
    {SCMP_SYS(prlimit64), true},
};

/* These with that command, which is the lower half of their second argument: the kernel looks at no
 * more. Whoever owns an open file has its signals sent to whom it likes. */
static const struct {
    int call;
    uint64_t command;
} commands[] = {
    {SCMP_SYS(fcntl), F_SETOWN},  {SCMP_SYS(fcntl), F_SETOWN_EX}, {SCMP_SYS(fcntl), F_SETSIG},
    {SCMP_SYS(ioctl), FIOSETOWN}, {SCMP_SYS(ioctl), SIOCSPGRP},
};

static bool add_commands(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), commands[i].call, 1,
                             SCMP_A1_64(SCMP_CMP_MASKED_EQ, UINT32_MAX, commands[i].command)) != 0)
            return false;
    return true;
}

static bool add_rules(scmp_filter_ctx filter)
{
    uint64_t own = (uint64_t)getpid();

    for (size_t i = 0; i < COUNT_OF(forbidden); i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0) != 0)
            return false;
    for (size_t i = 0; i < COUNT_OF(of_itself); i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), of_itself[i].call, 1,
                             SCMP_A0(SCMP_CMP_NE, of_itself[i].zero ? 0 : own)) != 0)
            return false;
    return add_commands(filter);
}

static bool shut_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool done = filter != NULL && add_rules(filter) && seccomp_load(filter) == 0;

    seccomp_release(filter);
    return done;
}

int confine(const char *program)
{
    int fd = -1;

    if (leave(program, &fd) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && bound() &&
        hide_files(fd) && shut_calls())
        return fd;
    return -1;
}
