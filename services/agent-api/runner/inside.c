#include "services/agent-api/runner/confine_parts.h"

#include "services/agent-api/runner/filter.h"
#include "services/agent-api/runner/power.h"
#include "services/agent-api/runner/root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPEN_FILES 4096
#define LOCKED_MAX (8 * MIB)
#define NICENESS   10
#define ERROR_FD   3 /* in the algorithm's process until it becomes the algorithm */

static const char *const environment[] = {
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "HOME=/tmp",
    "TMPDIR=/tmp",
    "LANG=C.UTF-8",
    "USER=cocos",
    NULL,
};

/* --- bounds --- */

static int set_limit(__rlimit_resource_t resource, rlim_t value, struct err *err)
{
    struct rlimit limit = {value, value};
    struct rlimit old;

    if (getrlimit(resource, &old) == 0 && old.rlim_max < value)
        limit = (struct rlimit){old.rlim_max, old.rlim_max};
    if (setrlimit(resource, &limit) < 0)
        return err_set_errno(err, ERR_SYSTEM, "limit %d", (int)resource);
    return 0;
}

static int set_limits(const struct confine_spec *spec, struct err *err)
{
    if (set_limit(RLIMIT_CORE, 0, err) < 0 || set_limit(RLIMIT_NPROC, spec->processes, err) < 0 ||
        set_limit(RLIMIT_NOFILE, OPEN_FILES, err) < 0 ||
        set_limit(RLIMIT_FSIZE, spec->results_bytes, err) < 0)
        return -1;
    return set_limit(RLIMIT_MEMLOCK, LOCKED_MAX, err);
}

/* --- the algorithm's process --- */

static int set_descriptors(int error_fd, struct err *err)
{
    int null = open("/dev/null", O_RDONLY);

    if (null < 0 || dup2(null, STDIN_FILENO) < 0)
        return err_set_errno(err, ERR_SYSTEM, "standard input");
    if (error_fd != ERROR_FD && dup2(error_fd, ERROR_FD) < 0)
        return err_set_errno(err, ERR_SYSTEM, "descriptors");
    if (fcntl(ERROR_FD, F_SETFD, FD_CLOEXEC) < 0 || close_range(ERROR_FD + 1, ~0U, 0) < 0)
        return err_set_errno(err, ERR_SYSTEM, "descriptors");
    return 0;
}

static int prepare(const struct confine_spec *spec, void *filter, struct err *err)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(022);
    setsid();
    (void)setpriority(PRIO_PROCESS, 0, NICENESS);
    if (chdir("/work") < 0)
        return err_set_errno(err, ERR_SYSTEM, "enter /work");
    if (set_limits(spec, err) < 0 || power_keep(POWER_NONE, err) < 0)
        return -1;
    if (filter_load(filter, err) < 0)
        return -1;
    /* Last, since it holds for us too. */
    return spec->address_space > 0 ? set_limit(RLIMIT_AS, spec->address_space, err) : 0;
}

/* Becomes the algorithm; what hinders it is written to the error pipe. */
static void __attribute__((noreturn))
become_algorithm(const struct confine_spec *spec, void *filter, int error_fd)
{
    char **argv = mem_zeroed(spec->argv.count + 1, sizeof(char *));
    struct err err;

    for (size_t i = 0; i < spec->argv.count; i++)
        argv[i] = spec->argv.items[i];
    if (set_descriptors(error_fd, &err) == 0 && prepare(spec, filter, &err) == 0) {
        execve(argv[0], argv, (char *const *)environment);
        err_set_errno(&err, ERR_SYSTEM, "start '%s'", argv[0]);
    }
    (void)!write(ERROR_FD, err.text, strlen(err.text));
    _exit(127);
}

static int start_algorithm(const struct confine_spec *spec, void *filter, pid_t *ret,
                           struct err *err)
{
    char text[ERR_TEXT_MAX] = "";
    int errors[2];
    ssize_t got;

    if (pipe2(errors, O_CLOEXEC) < 0)
        return err_set_errno(err, ERR_SYSTEM, "pipe");
    *ret = fork();
    if (*ret == 0)
        become_algorithm(spec, filter, errors[1]);
    close(errors[1]);
    if (*ret < 0) {
        close(errors[0]);
        return err_set_errno(err, ERR_SYSTEM, "fork");
    }
    got = read(errors[0], text, sizeof(text) - 1);
    close(errors[0]);
    if (got > 0)
        return err_set(err, ERR_SYSTEM, "%s", text);
    return 0;
}

/* --- init --- */

/* Takes on the identity inside. Not dumpable: nobody inside may look into this process. */
static int become_inside(struct err *err)
{
    if (setresgid(CONFINE_UID, CONFINE_UID, CONFINE_UID) < 0 ||
        setresuid(CONFINE_UID, CONFINE_UID, CONFINE_UID) < 0)
        return err_set_errno(err, ERR_SYSTEM, "become the user inside");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return err_set_errno(err, ERR_SYSTEM, "prctl");
    return 0;
}

/* The first to go when memory is short. */
static void offer_to_oom_killer(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)!write(fd, "1000", 4);
        close(fd);
    }
}

static int build(const struct confine_spec *spec, int *ret_results, struct err *err)
{
    OWNED_OF(root) *root = NULL;

    umask(022);
    offer_to_oom_killer();
    (void)!sethostname("cocos", 5);
    if (unshare(CLONE_NEWCGROUP) < 0)
        return err_set_errno(err, ERR_SYSTEM, "a cgroup namespace");
    if (root_take(spec, &root, err) < 0 || become_inside(err) < 0)
        return -1;
    return root_enter(spec, root, ret_results, err);
}

static struct confine_report reap(pid_t algorithm)
{
    struct confine_report report = {.news = CONFINE_ENDED, .exit_code = -1};
    int status;
    pid_t pid;

    do
        pid = waitpid(-1, &status, 0);
    while (pid != algorithm && (pid >= 0 || errno == EINTR));
    if (WIFEXITED(status))
        report.exit_code = WEXITSTATUS(status);
    else
        report.signal = WTERMSIG(status);
    return report;
}

static int run(const struct confine_spec *spec, void *filter, struct err *err)
{
    struct confine_report started = {.news = CONFINE_STARTED}, ended;
    pid_t algorithm;
    int results;

    if (build(spec, &results, err) < 0 ||
        confine_send(CONFINE_SOCKET_FD, &started, results, err) < 0)
        return -1;
    close(results);
    if (start_algorithm(spec, filter, &algorithm, err) < 0 || power_keep(POWER_NONE, err) < 0)
        return -1;
    ended = reap(algorithm);
    return confine_send(CONFINE_SOCKET_FD, &ended, -1, err);
}

int inside_main(const struct confine_spec *spec, int go_fd, void *filter)
{
    struct err err;
    char go;

    if (read(go_fd, &go, 1) != 1)
        return 1;
    close(go_fd);
    if (run(spec, filter, &err) < 0)
        confine_send_broken(CONFINE_SOCKET_FD, &err);
    return 0;
}
