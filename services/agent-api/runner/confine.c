#include "services/agent-api/runner/confine_parts.h"

#include "lib/base/clock.h"
#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_WAIT_MS 10000

struct confine {
    pid_t launcher;
    int socket;
};

static const struct json_field spec_fields[] = {
    JSON_FIELD_STR(confine_spec, root, 1, 4096, JSON_REQUIRED),
    JSON_FIELD_STR(confine_spec, algorithm, 1, 4096, JSON_REQUIRED),
    JSON_FIELD_STR(confine_spec, datasets, 1, 4096, JSON_REQUIRED),
    JSON_FIELD_STR_LIST(confine_spec, argv, 1024, 4096, JSON_REQUIRED),
    JSON_FIELD_STR_LIST(confine_spec, groups, 8, 4096, JSON_REQUIRED),
    JSON_FIELD_U64(confine_spec, results_bytes, 0, UINT64_MAX, JSON_REQUIRED),
    JSON_FIELD_U64(confine_spec, scratch_bytes, 0, UINT64_MAX, JSON_REQUIRED),
    JSON_FIELD_U64(confine_spec, address_space, 0, UINT64_MAX, JSON_REQUIRED),
    JSON_FIELD_U32(confine_spec, processes, 1, UINT32_MAX, JSON_REQUIRED),
    JSON_FIELD_U32(confine_spec, host_uid, 0, UINT32_MAX, JSON_REQUIRED),
};
const struct json_table confine_spec_table = JSON_TABLE("spec", confine_spec, spec_fields);

/* --- reports --- */

int confine_send(int socket, const struct confine_report *report, int fd, struct err *err)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec bytes = {(void *)report, sizeof(*report)};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};

    if (fd >= 0) {
        struct cmsghdr *header = &control.align;

        message.msg_control = control.room;
        message.msg_controllen = sizeof(control.room);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof(int));
    }
    if (sendmsg(socket, &message, MSG_NOSIGNAL) != sizeof(*report))
        return err_set_errno(err, ERR_SYSTEM, "report");
    return 0;
}

void confine_send_broken(int socket, const struct err *err)
{
    struct confine_report report = {.news = CONFINE_BROKEN, .exit_code = -1};
    struct err ignored;

    snprintf(report.text, sizeof(report.text), "%.*s", (int)sizeof(report.text) - 1, err->text);
    if (confine_send(socket, &report, -1, &ignored) < 0)
        return; /* nobody is there to hear it */
}

void confine_receive(struct confine *confine, struct confine_report *ret, int *ret_results)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec bytes = {ret, sizeof(*ret)};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    struct cmsghdr *header;
    ssize_t got;

    *ret_results = -1;
    do
        got = recvmsg(confine->socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);

    header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_type == SCM_RIGHTS)
        memcpy(ret_results, CMSG_DATA(header), sizeof(int));
    if (got == sizeof(*ret))
        return;
    *ret = (struct confine_report){.news = CONFINE_BROKEN, .exit_code = -1};
    snprintf(ret->text, sizeof(ret->text), "the sandbox ended without a word");
}

/* --- start and end, in the agent --- */

/* The spec in memory, as JSON, to be read from the start. */
static int write_spec(const struct confine_spec *spec, int *ret, struct err *err)
{
    OWNED(close_fd) int fd = memfd_create("cocos-spec", MFD_CLOEXEC);
    OWNED_BUF text = BUF_OF(8 * MIB);

    json_encode_text(&confine_spec_table, spec, &text);
    if (buf_check(&text, "spec", err) < 0)
        return -1;
    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "memory file");
    if (file_write_fd(fd, buf_span(&text), err) < 0)
        return -1;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return err_set_errno(err, ERR_SYSTEM, "seek");
    *ret = fd;
    fd = -1;
    return 0;
}

/* In the child, after fork: only calls that are safe there. Descriptors are first moved out of the
 * way, since any of them may already have the number that another is to get. */
static void __attribute__((noreturn)) become_launcher(int socket, int spec, int output)
{
    static const char *const argv[] = {"cocos-agent", CONFINE_ARGUMENT, NULL};
    static char *const environment[] = {NULL};
    int high_socket = fcntl(socket, F_DUPFD, 10);
    int high_spec = fcntl(spec, F_DUPFD, 10);
    int null = open("/dev/null", O_RDWR);
    int high_output = fcntl(output >= 0 ? output : null, F_DUPFD, 10);

    if (high_socket < 0 || high_spec < 0 || high_output < 0 || dup2(null, 0) < 0 ||
        dup2(high_output, 1) < 0 || dup2(high_output, 2) < 0 ||
        dup2(high_socket, CONFINE_SOCKET_FD) < 0 || dup2(high_spec, CONFINE_SPEC_FD) < 0 ||
        close_range(CONFINE_SPEC_FD + 1, ~0U, 0) < 0)
        _exit(126);
    execve("/proc/self/exe", (char *const *)argv, environment);
    _exit(127);
}

int confine_start(const struct confine_spec *spec, int output_fd, struct confine **ret,
                  struct err *err)
{
    OWNED(close_fd) int spec_fd = -1, ours = -1, theirs = -1;
    int pair[2];
    pid_t pid;

    if (write_spec(spec, &spec_fd, err) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_set_errno(err, ERR_SYSTEM, "socket pair");
    ours = pair[0];
    theirs = pair[1];

    pid = fork();
    if (pid < 0)
        return err_set_errno(err, ERR_SYSTEM, "fork");
    if (pid == 0)
        become_launcher(theirs, spec_fd, output_fd);

    *ret = mem_new(struct confine);
    (*ret)->launcher = pid;
    (*ret)->socket = ours;
    ours = -1;
    return 0;
}

int confine_fd(const struct confine *confine)
{
    return confine->socket;
}

void confine_end(struct confine *confine)
{
    int64_t deadline = clock_monotonic_ms() + END_WAIT_MS;
    bool killed = false;

    if (confine == NULL)
        return;
    close_fd(&confine->socket);
    while (waitpid(confine->launcher, NULL, WNOHANG) == 0) {
        if (!killed && clock_monotonic_ms() >= deadline) {
            kill(confine->launcher, SIGKILL); /* init dies of its parent's death */
            killed = true;
        }
        poll(NULL, 0, 2);
    }
    free(confine);
}
