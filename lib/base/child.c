#include "lib/base/child.h"

#include "lib/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_NOT_FOUND 127
#define CHILD_BROKEN    126
#define POLL_MS         50
#define FILES_FROM      (STDERR_FILENO + 1)
#define FILES_MAX       8

struct stream {
    int fd; /* our end, -1 when closed */
    struct buf *to;
};

/* In the child, after fork, like all of become(): only calls that are safe there. The files are
 * copied out of each other's way first, since one may lie where another one is to be. */
static bool place_files(const struct child_task *task)
{
    int copies[FILES_MAX];

    for (size_t i = 0; i < task->file_count; i++) {
        copies[i] = fcntl(task->files[i], F_DUPFD, FILES_FROM + FILES_MAX);
        if (copies[i] < 0)
            return false;
    }
    for (size_t i = 0; i < task->file_count; i++)
        if (dup2(copies[i], FILES_FROM + (int)i) < 0)
            return false;
    return true;
}

static void __attribute__((noreturn)) become(const struct child_task *task, int out_fd, int log_fd)
{
    int null_fd = open("/dev/null", O_RDWR);
    sigset_t none;

    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(out_fd, STDOUT_FILENO) < 0 ||
        dup2(log_fd, STDERR_FILENO) < 0 || !place_files(task))
        _exit(CHILD_BROKEN);
    if (close_range(FILES_FROM + (unsigned)task->file_count, ~0U, 0) < 0)
        _exit(CHILD_BROKEN);
    execvp(task->argv[0], (char *const *)task->argv);
    _exit(CHILD_NOT_FOUND);
}

static void drain(struct stream *stream)
{
    uint8_t block[4096];
    ssize_t got = read(stream->fd, block, sizeof(block));

    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        close_fd(&stream->fd);
        return;
    }
    if (stream->to != NULL) {
        size_t room = stream->to->max - stream->to->len;

        buf_add(stream->to, block, (size_t)got < room ? (size_t)got : room);
    }
}

/* Reads both streams until they end or the deadline passes; false then. */
static bool collect(struct stream streams[2], int64_t deadline_ms)
{
    while (streams[0].fd >= 0 || streams[1].fd >= 0) {
        struct pollfd polls[2] = {{.fd = streams[0].fd, .events = POLLIN},
                                  {.fd = streams[1].fd, .events = POLLIN}};

        if (clock_monotonic_ms() >= deadline_ms)
            return false;
        if (poll(polls, 2, POLL_MS) <= 0)
            continue;
        for (int i = 0; i < 2; i++)
            if (polls[i].revents != 0)
                drain(&streams[i]);
    }
    return true;
}

/* Waits for the process itself, which may outlive its streams; false when the deadline passes. */
static bool await_exit(pid_t pid, int64_t deadline_ms, int *ret_status)
{
    while (waitpid(pid, ret_status, WNOHANG) == 0) {
        if (clock_monotonic_ms() >= deadline_ms)
            return false;
        poll(NULL, 0, 5);
    }
    return true;
}

static int start(const struct child_task *task, int out[2], int log[2], pid_t *ret, struct err *err)
{
    if (task->file_count > FILES_MAX)
        return err_set(err, ERR_INTERNAL, "a child gets at most %d files", FILES_MAX);
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(log, O_CLOEXEC) < 0)
        return err_set_errno(err, ERR_SYSTEM, "pipe");
    *ret = fork();
    if (*ret < 0)
        return err_set_errno(err, ERR_SYSTEM, "fork");
    if (*ret == 0)
        become(task, out[1], log[1]);
    close_fd(&out[1]);
    close_fd(&log[1]);
    return 0;
}

int child_run_task(const struct child_task *task, struct child_result *ret, struct err *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + task->timeout_ms;
    int out_pipe[2] = {-1, -1}, log_pipe[2] = {-1, -1};
    struct stream streams[2];
    pid_t pid = -1;
    int status = 0, started;
    bool in_time = true;

    started = start(task, out_pipe, log_pipe, &pid, err);
    streams[0] = (struct stream){out_pipe[0], task->out};
    streams[1] = (struct stream){log_pipe[0], task->log};
    if (started == 0) {
        in_time = collect(streams, deadline_ms) && await_exit(pid, deadline_ms, &status);
        if (!in_time) {
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
        }
    }
    for (int i = 0; i < 2; i++) {
        close_fd(&streams[i].fd);
        close_fd(i == 0 ? &out_pipe[1] : &log_pipe[1]);
    }

    if (started < 0)
        return -1;
    if (!in_time)
        return err_set(err, ERR_TIMEOUT, "'%s' did not end within %d ms", task->argv[0],
                       task->timeout_ms);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "'%s' cannot be started: not installed?", task->argv[0]);
    ret->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    ret->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return 0;
}

int child_run(const char *const argv[], int timeout_ms, struct buf *out, struct buf *log,
              struct child_result *ret, struct err *err)
{
    const struct child_task task = {argv, timeout_ms, NULL, 0, out, log};

    return child_run_task(&task, ret, err);
}
