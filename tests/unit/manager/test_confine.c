/* Processes that shut the doors behind themselves, and then try them. */
#include "tests/unit/manager/scratch.h"

#include "services/manager-api/link/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* What a try came to. */
enum { REFUSED = 10, DONE = 11, NOT_CONFINED = 12 };

static int tried(long result)
{
    return result >= 0 ? DONE : REFUSED;
}

/* Runs a try in a confined process. */
static int confined(int (*attempt)(const void *ctx), const void *ctx)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(confine("/usr/bin/env") < 0 ? NOT_CONFINED : attempt(ctx));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int try_to_read(const void *path)
{
    return tried(open(path, O_RDONLY));
}

static int try_to_write(const void *path)
{
    return tried(open(path, O_WRONLY | O_CREAT, 0600));
}

static int try_a_socket(const void *ctx)
{
    (void)ctx;
    return tried(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int try_a_pair_of_sockets(const void *ctx)
{
    int pair[2];

    (void)ctx;
    return tried(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
}

static int try_to_send(const void *fd)
{
    return tried(sendto(*(const int *)fd, "x", 1, 0, NULL, 0));
}

static int try_to_send_a_message(const void *fd)
{
    const struct msghdr message = {0};

    return tried(sendmsg(*(const int *)fd, &message, 0));
}

static int try_to_send_messages(const void *fd)
{
    struct mmsghdr messages[1] = {0};

    return tried(sendmmsg(*(const int *)fd, messages, 1, 0));
}

static int try_new_namespaces(const void *ctx)
{
    (void)ctx;
    return tried(unshare(CLONE_NEWUSER));
}

/* The process that is made, if it is, ends at once. */
static int tried_a_process(long pid)
{
    if (pid == 0)
        _exit(0);
    return tried(pid);
}

static int try_to_clone(const void *flags)
{
    return tried_a_process(
        syscall(SYS_clone, *(const unsigned long *)flags | SIGCHLD, NULL, NULL, NULL, 0));
}

static int try_to_fork(const void *ctx)
{
    (void)ctx;
    return tried_a_process(fork());
}

static int try_to_call_fork(const void *number)
{
    return tried_a_process(syscall(*(const long *)number));
}

/* Its flags lie in memory, where nobody can look at them first. */
static int try_to_clone_unseen(const void *ctx)
{
    struct clone_args args = {.exit_signal = SIGCHLD};

    (void)ctx;
    return tried_a_process(syscall(SYS_clone3, &args, sizeof(args)));
}

static int try_to_mount(const void *ctx)
{
    (void)ctx;
    return tried(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
}

static int try_to_signal(const void *pid)
{
    return tried(kill(*(const pid_t *)pid, 0));
}

/* --- signals that come when a descriptor has something to say --- */

struct ask {
    int fd;
    unsigned long command;
    const void *argument;
};

static int try_a_file_command(const void *ctx)
{
    const struct ask *ask = ctx;

    return tried(syscall(SYS_fcntl, ask->fd, ask->command, ask->argument));
}

static int try_a_device_command(const void *ctx)
{
    const struct ask *ask = ctx;

    return tried(syscall(SYS_ioctl, ask->fd, ask->command, ask->argument));
}

static int try_to_be_scheduled(const void *ctx)
{
    const struct sched_param usual = {0};

    (void)ctx;
    return tried(sched_setscheduler(0, SCHED_OTHER, &usual));
}

static int try_to_lift_a_bound(const void *ctx)
{
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

    (void)ctx;
    return tried(setrlimit(RLIMIT_FSIZE, &none));
}

static int try_to_exceed(const void *ctx)
{
    const struct rlimit *most = ctx;
    struct rlimit limit;

    /* The number of a resource stands where the soft limit would. */
    return getrlimit((__rlimit_resource_t)most->rlim_cur, &limit) == 0 &&
                   limit.rlim_cur <= most->rlim_max && limit.rlim_max <= most->rlim_max
               ? REFUSED
               : DONE;
}

static void a_program_that_is_not_there_confines_nobody(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(confine("/no/such/program") < 0 ? REFUSED : DONE);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), REFUSED);
}

static void what_programs_need_to_run_is_there(void **state)
{
    (void)state;
    assert_int_equal(confined(try_to_read, "/usr/bin/env"), DONE);
    assert_int_equal(confined(try_to_read, "/dev/null"), DONE);
    assert_int_equal(confined(try_to_read, "/dev/urandom"), DONE);
}

static void other_doors_are_shut(void **state)
{
    SCRATCH dir = scratch_new();
    const pid_t parent = getpid();
    const struct {
        int (*attempt)(const void *ctx);
        const void *ctx;
    } rows[] = {
        {try_to_write, in(&dir, "new")}, {try_to_write, "/usr/new"},  {try_a_socket, NULL},
        {try_new_namespaces, NULL},      {try_to_mount, NULL},        {try_to_signal, &parent},
        {try_to_lift_a_bound, NULL},     {try_to_be_scheduled, NULL},
    };

    (void)state;
    assert_int_equal(chmod(dir.path, 0777), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (confined(rows[i].attempt, rows[i].ctx) != REFUSED)
            fail_msg("row %zu", i);
}

static void time_memory_and_files_are_bound(void **state)
{
    static const struct rlimit rows[] = {
        {RLIMIT_CPU, 30},     {RLIMIT_FSIZE, 0}, {RLIMIT_CORE, 0}, {RLIMIT_NOFILE, 32},
#ifndef __SANITIZE_ADDRESS__
        {RLIMIT_AS, 1 * GIB},
#endif
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (confined(try_to_exceed, &rows[i]) != REFUSED)
            fail_msg("row %zu", i);
}

/* Not by a pair of one's own, and not by one that was left open. */
static void nothing_is_sent_through_a_socket(void **state)
{
    int (*const attempts[])(const void *ctx) = {try_a_pair_of_sockets, try_to_send,
                                                try_to_send_a_message, try_to_send_messages};
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    for (size_t i = 0; i < COUNT_OF(attempts); i++)
        if (confined(attempts[i], &pair[0]) != REFUSED)
            fail_msg("row %zu", i);
    close_fd(&pair[0]);
    close_fd(&pair[1]);
}

/* The kernel looks at the lower half of a command alone. */
static void no_descriptor_signals_another_process(void **state)
{
    const pid_t parent = getpid();
    const struct f_owner_ex owner = {F_OWNER_PID, parent};
    const void *pid = (const void *)(uintptr_t)parent, *number = (const void *)(uintptr_t)SIGTERM;
    const uint64_t unseen = UINT64_C(1) << 32;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    const struct {
        int (*attempt)(const void *ctx);
        struct ask ask;
    } rows[] = {
        {try_a_file_command, {pair[0], F_SETOWN, pid}},
        {try_a_file_command, {pair[0], F_SETOWN | unseen, pid}},
        {try_a_file_command, {pair[0], F_SETOWN_EX, &owner}},
        {try_a_file_command, {pair[0], F_SETOWN_EX | unseen, &owner}},
        {try_a_file_command, {pair[0], F_SETSIG, number}},
        {try_a_file_command, {pair[0], F_SETSIG | unseen, number}},
        {try_a_device_command, {pair[0], FIOSETOWN, &parent}},
        {try_a_device_command, {pair[0], FIOSETOWN | unseen, &parent}},
        {try_a_device_command, {pair[0], SIOCSPGRP, &parent}},
        {try_a_device_command, {pair[0], SIOCSPGRP | unseen, &parent}},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (confined(rows[i].attempt, &rows[i].ask) != REFUSED)
            fail_msg("row %zu", i);
    close_fd(&pair[0]);
    close_fd(&pair[1]);
}

static void *nothing(void *ctx)
{
    return ctx;
}

static int try_a_thread(const void *ctx)
{
    pthread_t thread;

    (void)ctx;
    return pthread_create(&thread, NULL, nothing, NULL) == 0 ? DONE : REFUSED;
}

/* Not by root either, whom no number of processes binds; so there is none that could be too many,
 * and none that stays. */
static void it_is_and_stays_one_process(void **state)
{
    static const unsigned long flags[] = {0, CLONE_PARENT, CLONE_NEWUSER,
                                          CLONE_NEWNS | CLONE_NEWPID};
    static const long calls[] = {SYS_fork, SYS_vfork};

    (void)state;
    assert_int_equal(confined(try_to_fork, NULL), REFUSED);
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        if (confined(try_to_call_fork, &calls[i]) != REFUSED)
            fail_msg("call %zu", i);
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (confined(try_to_clone, &flags[i]) != REFUSED)
            fail_msg("row %zu", i);
    assert_int_equal(confined(try_to_clone_unseen, NULL), REFUSED);
    assert_int_equal(confined(try_a_thread, NULL), REFUSED);
}

/* A namespace, and which one it is out here. */
struct namespace_file {
    const char *path;
    ino_t inode;
};

/* Where Landlock is, nothing else shows whether the mounts can be written to. */
static int try_a_mount_to_write_to(const void *path)
{
    struct statvfs info;

    return statvfs(path, &info) == 0 && (info.f_flag & ST_RDONLY) != 0 ? REFUSED : DONE;
}

static int try_to_share_a_namespace(const void *file)
{
    const struct namespace_file *outside = file;
    struct stat info;

    return stat(outside->path, &info) == 0 && info.st_ino != outside->inode ? REFUSED : DONE;
}

static void all_mounts_are_read_only(void **state)
{
    (void)state;
    assert_int_equal(confined(try_a_mount_to_write_to, "/"), REFUSED);
    assert_int_equal(confined(try_a_mount_to_write_to, "/tmp"), REFUSED);
    assert_int_equal(confined(try_a_mount_to_write_to, "/dev"), REFUSED);
}

static void network_names_and_queues_are_its_own(void **state)
{
    struct namespace_file files[] = {{"/proc/self/ns/net", 0},
                                     {"/proc/self/ns/ipc", 0},
                                     {"/proc/self/ns/uts", 0},
                                     {"/proc/self/ns/mnt", 0},
                                     {"/proc/self/ns/user", 0}};
    struct stat info;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        assert_int_equal(stat(files[i].path, &info), 0);
        files[i].inode = info.st_ino;
        if (confined(try_to_share_a_namespace, &files[i]) != REFUSED)
            fail_msg("%s", files[i].path);
    }
}

static void what_else_programs_do_is_let_through(void **state)
{
    const struct ask rows[] = {
        {STDERR_FILENO, F_GETFL, NULL},
        {STDERR_FILENO, F_DUPFD_CLOEXEC, NULL},
        {STDERR_FILENO, F_GETFD, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (confined(try_a_file_command, &rows[i]) != DONE)
            fail_msg("row %zu", i);
}

static void files_of_this_host_cannot_be_read_even_when_anybody_may(void **state)
{
    (void)state;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) <= 0) {
        print_message("SKIP: this kernel has no Landlock\n");
        skip();
    }

    SCRATCH dir = scratch_new();
    put(&dir, "public", "x");
    assert_int_equal(chmod(dir.path, 0755), 0);
    assert_int_equal(confined(try_to_read, in(&dir, "public")), REFUSED);
    assert_int_equal(confined(try_to_read, "/etc/passwd"), REFUSED);
    assert_int_equal(confined(try_to_read, "/"), REFUSED);
}

/* Landlock knows nothing of files without a name, so this is about who one is. */
static void root_is_not_root_any_more(void **state)
{
    char path[64];

    (void)state;
    if (geteuid() != 0) {
        print_message("SKIP: we are not root\n");
        skip();
    }

    OWNED(close_fd) int fd = memfd_create("of root", 0);
    assert_true(fd >= 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    assert_int_equal(confined(try_to_read, path), DONE);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(confined(try_to_read, path), REFUSED);
}

static int try_a_group(const void *ctx)
{
    (void)ctx;
    return getgroups(0, NULL) == 0 ? REFUSED : DONE;
}

/* A group is good for every file that it may read. */
static void no_group_of_root_is_left(void **state)
{
    const gid_t group = 0;

    (void)state;
    if (geteuid() != 0) {
        print_message("SKIP: we are not root\n");
        skip();
    }
    assert_int_equal(setgroups(1, &group), 0);
    assert_int_equal(confined(try_a_group, NULL), REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_is_not_there_confines_nobody),
        cmocka_unit_test(what_programs_need_to_run_is_there),
        cmocka_unit_test(other_doors_are_shut),
        cmocka_unit_test(time_memory_and_files_are_bound),
        cmocka_unit_test(nothing_is_sent_through_a_socket),
        cmocka_unit_test(no_descriptor_signals_another_process),
        cmocka_unit_test(it_is_and_stays_one_process),
        cmocka_unit_test(all_mounts_are_read_only),
        cmocka_unit_test(network_names_and_queues_are_its_own),
        cmocka_unit_test(what_else_programs_do_is_let_through),
        cmocka_unit_test(files_of_this_host_cannot_be_read_even_when_anybody_may),
        cmocka_unit_test(root_is_not_root_any_more),
        cmocka_unit_test(no_group_of_root_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
