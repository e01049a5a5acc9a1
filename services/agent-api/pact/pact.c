#include "services/agent-api/pact/pact.h"

#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

/* --- messages of a worker -------------------------------------------------------------------- */

static const struct {
    bool text, fd;
} rows[PACT_KIND_COUNT] = {
    [PACT_STATE] = {.text = true},
    [PACT_EVENT] = {.text = true},
    [PACT_MANIFEST] = {.fd = true},
};

static bool is_flag(uint32_t value)
{
    return value <= 1;
}

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool is_question(const struct pact_ask *ask)
{
    return is_flag(ask->boot) && is_flag(ask->legacy) && is_flag(ask->channel) &&
           is_flag(ask->client) && !(ask->boot && ask->legacy) &&
           !((ask->boot || ask->legacy) && (ask->channel || ask->client));
}

static bool is_whole(const struct pact_record *record)
{
    switch ((enum pact_kind)record->kind) {
    case PACT_ASK: return is_question(&record->ask);
    case PACT_ACTIVATE:
        return record->challenge.blob_len <= PACT_CHALLENGE_MAX &&
               record->challenge.encrypted_len <= PACT_CHALLENGE_MAX;
    case PACT_BROKEN:
        return record->failure.kind > ERR_NONE && record->failure.kind < ERR_KIND_COUNT &&
               ends(record->failure.text, sizeof(record->failure.text)) &&
               ends(record->failure.pointer, sizeof(record->failure.pointer));
    default: return true;
    }
}

int pact_parse(struct span message, bool has_fd, struct pact_record *ret, struct span *ret_text,
               struct err *err)
{
    struct pact_record record;

    if (message.len < sizeof(record))
        return err_set(err, ERR_INPUT, "a message of %zu bytes", message.len);
    memcpy(&record, message.data, sizeof(record));
    if (record.kind >= PACT_KIND_COUNT)
        return err_set(err, ERR_INPUT, "a message of kind %u", record.kind);
    if (rows[record.kind].fd != has_fd ||
        (message.len > sizeof(record)) != rows[record.kind].text ||
        message.len > PACT_MESSAGE_MAX || !is_whole(&record))
        return err_set(err, ERR_INPUT, "a message of kind %u that is none", record.kind);
    *ret = record;
    *ret_text = span_part(message, sizeof(record), message.len);
    return 0;
}

/* --- failures -------------------------------------------------------------------------------- */

void pact_keep_failure(const struct err *err, struct pact_failure *ret)
{
    *ret = (struct pact_failure){.kind = err->kind};
    snprintf(ret->text, sizeof(ret->text), "%s", err->text);
    snprintf(ret->pointer, sizeof(ret->pointer), "%s", err->pointer);
}

int pact_raise(const struct pact_failure *failure, struct err *err)
{
    if (failure->kind == ERR_NONE)
        return 0;
    return err_set_at(err,
                      failure->kind < ERR_KIND_COUNT ? (enum err_kind)failure->kind : ERR_INTERNAL,
                      failure->pointer, "%s", failure->text);
}

/* --- the socket ------------------------------------------------------------------------------ */

union control {
    char room[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

int pact_send(int socket, const void *record, size_t size, struct span text, int fd,
              struct err *err)
{
    union control control = {0};
    struct iovec parts[] = {{(void *)record, size}, {(void *)text.data, text.len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = text.len > 0 ? 2 : 1};
    ssize_t sent;

    if (fd >= 0) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof(control.room);
        control.align.cmsg_level = SOL_SOCKET;
        control.align.cmsg_type = SCM_RIGHTS;
        control.align.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
    }
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
        return err_set(err, ERR_UNAVAILABLE, "the other process has ended");
    if (sent != (ssize_t)(size + text.len))
        return err_set_errno(err, ERR_SYSTEM, "send to the other process");
    return 0;
}

/* The one descriptor that may come; more than one is refused, and all are closed. */
static int take_fd(struct msghdr *message, int *ret)
{
    int count = 0;

    *ret = -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        size_t bytes = header->cmsg_len - CMSG_LEN(0);

        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int), count++) {
            int fd;

            memcpy(&fd, CMSG_DATA(header) + at, sizeof(int));
            close_fd(ret);
            *ret = fd;
        }
    }
    if (count <= 1 && (message->msg_flags & MSG_CTRUNC) == 0)
        return 0;
    close_fd(ret);
    return -1;
}

int pact_receive(int socket, void *to, size_t size, size_t *ret_len, int *ret_fd, struct err *err)
{
    union control control = {0};
    struct iovec part = {to, size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    ssize_t got;

    *ret_fd = -1;
    *ret_len = 0;
    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == ECONNRESET)
        return 0;
    if (got < 0)
        return err_set_errno(err, ERR_SYSTEM, "receive from the other process");
    if (take_fd(&message, ret_fd) < 0)
        return err_set(err, ERR_INPUT, "a message with more than one descriptor");
    if ((message.msg_flags & MSG_TRUNC) != 0) {
        close_fd(ret_fd);
        return err_set(err, ERR_INPUT, "a message of more than %zu bytes", size);
    }
    *ret_len = (size_t)got;
    return 0;
}

/* --- files in memory ------------------------------------------------------------------------- */

int pact_make_file(struct span text, int *ret, struct err *err)
{
    OWNED(close_fd) int fd = memfd_create("cocos", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "memory file");
    if (file_write_fd(fd, text, err) < 0)
        return -1;
    if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
        return err_set_errno(err, ERR_SYSTEM, "seal");
    *ret = fd;
    fd = -1;
    return 0;
}

int pact_read_file(int fd, struct buf *out, struct err *err)
{
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0 || (seals & SEALS) != SEALS)
        return err_set(err, ERR_INPUT, "a file that can still be changed");
    if (lseek(fd, 0, SEEK_SET) < 0)
        return err_set_errno(err, ERR_SYSTEM, "seek");
    return file_read_fd(fd, out, err);
}
