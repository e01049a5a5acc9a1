#include "services/agent-api/runner/confine_parts.h"

#include "lib/base/file.h"
#include "services/agent-api/runner/cgroup.h"
#include "services/agent-api/runner/filter.h"
#include "services/agent-api/runner/power.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES                                                                                 \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

bool confine_is_launcher(int argc, char **argv)
{
    return argc == 2 && strcmp(argv[1], CONFINE_ARGUMENT) == 0;
}

/* The agent blocks and ignores signals of its own; what is started here begins with none of it. */
static void reset_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int signal_number = 1; signal_number < SIGRTMIN; signal_number++)
        signal(signal_number, SIG_DFL);
}

static int read_spec(struct confine_spec *spec, struct err *err)
{
    OWNED_BUF text = BUF_OF(8 * MIB);

    if (file_read_fd(CONFINE_SPEC_FD, &text, err) < 0)
        return -1;
    close(CONFINE_SPEC_FD);
    return json_decode_text(buf_span(&text), &confine_spec_table, spec, err);
}

/* --- user mapping --- */

/* One user inside, CONFINE_UID: outside somebody whom nobody else is. An ordinary user may map
 * nobody but himself. */
static int map_user(pid_t pid, uint32_t host_uid, struct err *err)
{
    const struct power_user user = {CONFINE_UID, host_uid != 0 ? host_uid : geteuid()};

    if (power_write_proc(pid, "setgroups", "deny", err) < 0)
        return -1;
    return power_map(pid, &user, 1, err);
}

/* --- init --- */

struct init {
    pid_t pid;
    int go; /* a byte lets it begin */
};

static int start_init(const struct confine_spec *spec, void *filter, struct init *ret,
                      struct err *err)
{
    int go[2];

    if (pipe2(go, O_CLOEXEC) < 0)
        return err_set_errno(err, ERR_SYSTEM, "pipe");
    ret->pid =
        (pid_t)syscall(SYS_clone, (unsigned long)(NAMESPACES | SIGCHLD), NULL, NULL, NULL, 0UL);
    if (ret->pid == 0) {
        close(go[1]);
        _exit(inside_main(spec, go[0], filter));
    }
    close(go[0]);
    ret->go = go[1];
    if (ret->pid < 0) {
        close(go[1]);
        return err_set_errno(err, ERR_SYSTEM,
                             "this system does not let us make namespaces (an ordinary user needs "
                             "unprivileged user namespaces for it)");
    }
    return 0;
}

static int let_go(const struct confine_spec *spec, const struct init *init, struct err *err)
{
    struct err unable;

    /* Written from out here by root it cannot be lowered in there; in there nothing of /proc can be
     * written anyway. */
    (void)!power_write_proc(init->pid, "oom_score_adj", "1000", &unable);
    if (map_user(init->pid, spec->host_uid, err) < 0)
        return -1;
    for (size_t i = 0; i < spec->groups.count; i++)
        if (cgroup_add(spec->groups.items[i], init->pid, err) < 0)
            return -1;
    if (write(init->go, "", 1) != 1)
        return err_set_errno(err, ERR_SYSTEM, "pipe");
    return 0;
}

/* Waits for init, and kills it when the agent lets go of the socket: *ret_alone is true then.
 * Returns init's wait status. */
static int watch(pid_t pid, int child_fd, bool *ret_alone)
{
    struct pollfd polls[2] = {{.fd = CONFINE_SOCKET_FD, .events = POLLIN | POLLRDHUP},
                              {.fd = child_fd, .events = POLLIN}};
    int status = 0;

    *ret_alone = false;
    while (!*ret_alone && waitpid(pid, &status, WNOHANG) == 0) {
        if (poll(polls, 2, -1) < 0 && errno != EINTR)
            break;
        *ret_alone = polls[0].revents != 0;
        if (polls[1].revents != 0) {
            struct signalfd_siginfo info;

            (void)!read(child_fd, &info, sizeof(info));
        }
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0); /* ECHILD when it was reaped above; the status stays */
    return status;
}

static int signal_child_fd(struct err *err)
{
    sigset_t mask;
    int fd;

    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    fd = signalfd(-1, &mask, SFD_CLOEXEC);
    return fd < 0 ? err_set_errno(err, ERR_SYSTEM, "signalfd") : fd;
}

/* Starts init and sees it through to its end. */
static int supervise(const struct confine_spec *spec, void *filter, struct err *err)
{
    OWNED(close_fd) int child_fd = signal_child_fd(err);
    struct init init;
    bool alone;
    int status;

    if (child_fd < 0 || start_init(spec, filter, &init, err) < 0)
        return -1;
    if (let_go(spec, &init, err) < 0) {
        kill(init.pid, SIGKILL);
        waitpid(init.pid, NULL, 0);
        return -1;
    }

    status = watch(init.pid, child_fd, &alone);
    if (alone) { /* the agent may be dead, and nobody else would clear up after it */
        for (size_t i = 0; i < spec->groups.count; i++)
            cgroup_remove(spec->groups.items[i]);
        return 0;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        /* Init was killed, which only the kernel for want of memory or the agent does. */
        struct confine_report report = {CONFINE_ENDED, -1, SIGKILL, ""};

        return confine_send(CONFINE_SOCKET_FD, &report, -1, err);
    }
    return 0;
}

int confine_launch(void)
{
    struct confine_spec spec = {0};
    void *filter = NULL;
    struct err err;
    int result = -1;

    reset_signals();
    fcntl(CONFINE_SOCKET_FD, F_SETFD, FD_CLOEXEC);
    if (read_spec(&spec, &err) == 0 && filter_make(&filter, &err) == 0)
        result = supervise(&spec, filter, &err);
    if (result < 0)
        confine_send_broken(CONFINE_SOCKET_FD, &err);
    filter_free(filter);
    json_release(&confine_spec_table, &spec);
    return result < 0 ? 1 : 0;
}
