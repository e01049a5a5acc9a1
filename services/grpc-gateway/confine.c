#include "services/grpc-gateway/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* Threads, memory, sockets and files that are open already; to read others, as certificates and the
 * names of hosts. */
static const char *const allowed[] = {
    "accept4",
    "bind",
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "connect",
    "dup",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "eventfd2",
    "exit",
    "exit_group",
    "fcntl",
    "fstat",
    "ftruncate",
    "futex",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getpeername",
    "getpid",
    "getrandom",
    "getrusage",
    "getsockname",
    "getsockopt",
    "gettid",
    "gettimeofday",
    "getuid",
    "ioctl",
    "listen",
    "lseek",
    "lstat",
    "madvise",
    "memfd_create",
    "mremap",
    "munmap",
    "nanosleep",
    "newfstatat",
    "pipe2",
    "poll",
    "ppoll",
    "pread64",
    "read",
    "readlink",
    "readv",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sched_getaffinity",
    "sched_yield",
    "select",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "set_robust_list",
    "setsockopt",
    "shutdown",
    "sigaltstack",
    "socketpair",
    "stat",
    "statx",
    "sysinfo",
    "tgkill",
    "time",
    "uname",
    "unlink",
    "write",
    "writev",
};

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

/* Calls that depend on what is asked for: argument `at`, under the mask, is the value. */
static const struct {
    const char *name;
    unsigned at;
    uint64_t mask, value;
} limited[] = {
    {"clone", 0, THREAD_FLAGS, THREAD_FLAGS},
    {"mmap", 2, PROT_EXEC, 0},
    {"mprotect", 2, PROT_EXEC, 0},
    {"open", 1, O_ACCMODE | O_CREAT, O_RDONLY},
    {"openat", 2, O_ACCMODE | O_CREAT, O_RDONLY},
    {"prctl", 0, UINT64_MAX, PR_SET_NAME},
    {"socket", 0, UINT64_MAX, AF_UNIX},
    {"socket", 0, UINT64_MAX, AF_INET},
    {"socket", 0, UINT64_MAX, AF_INET6},
    {"socket", 0, UINT64_MAX, AF_NETLINK}, /* which addresses the machine has */
};

static int fill(scmp_filter_ctx filter)
{
    int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

    for (size_t i = 0; result == 0 && i < COUNT_OF(allowed); i++)
        result =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(allowed[i]), 0);
    for (size_t i = 0; result == 0 && i < COUNT_OF(limited); i++) {
        struct scmp_arg_cmp is = {limited[i].at, SCMP_CMP_MASKED_EQ, limited[i].mask,
                                  limited[i].value};

        result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
                                        seccomp_syscall_resolve_name(limited[i].name), 1, &is);
    }
    /* Its flags lie in memory, where no filter sees them; libc falls back to clone. */
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return result == 0 ? seccomp_load(filter) : result;
}

int confine_self(struct err *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int result = filter == NULL ? -ENOMEM : fill(filter);

    seccomp_release(filter);
    if (result == 0)
        return 0;
    errno = -result;
    return err_set_errno(err, ERR_SYSTEM, "the kernel takes no filter for the gateway's calls");
}
