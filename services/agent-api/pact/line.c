#include "services/agent-api/pact/line.h"

#include "lib/base/file.h"

#include <pthread.h>
#include <stdlib.h>

struct line {
    int socket;

    pthread_mutex_t lock; /* the queue alone */
    pthread_cond_t freed;
    unsigned waiting; /* urgent ones included */
    unsigned urgent;
    bool busy;
};

struct line *line_new(int socket)
{
    struct line *line = mem_new(struct line);

    line->socket = socket;
    pthread_mutex_init(&line->lock, NULL);
    pthread_cond_init(&line->freed, NULL);
    return line;
}

void line_free(struct line *line)
{
    if (line == NULL)
        return;
    close_fd(&line->socket);
    pthread_cond_destroy(&line->freed);
    pthread_mutex_destroy(&line->lock);
    free(line);
}

int line_read_secret(struct line *line, struct pact_secret *ret, struct err *err)
{
    OWNED(close_fd) int fd = -1;
    size_t len;

    if (pact_receive(line->socket, ret, sizeof(*ret), &len, &fd, err) < 0)
        return -1;
    if (len != sizeof(*ret))
        return err_set(err, ERR_INPUT, "no secret came");
    return 0;
}

/* --- the queue ------------------------------------------------------------------------------- */

/* A passage is not kept waiting by everybody who asks for evidence. */
static bool is_urgent(uint32_t kind)
{
    return kind == PACT_MANIFEST || kind == PACT_LEAVE;
}

static void await_turn(struct line *line, bool urgent)
{
    line->waiting++;
    line->urgent += urgent;
    while (line->busy || (!urgent && line->urgent > 0))
        pthread_cond_wait(&line->freed, &line->lock);
    line->urgent -= urgent;
    line->waiting--;
    line->busy = true;
}

static int enter(struct line *line, bool urgent, unsigned queue_max, struct err *err)
{
    int result = 0;

    pthread_mutex_lock(&line->lock);
    if (line->busy && line->waiting >= queue_max) {
        result = err_set(err, ERR_TOO_MANY, "%u others wait for evidence; ask again in a moment",
                         line->waiting);
    } else {
        await_turn(line, urgent);
    }
    pthread_mutex_unlock(&line->lock);
    return result;
}

static void leave(struct line *line)
{
    pthread_mutex_lock(&line->lock);
    line->busy = false;
    pthread_cond_broadcast(&line->freed);
    pthread_mutex_unlock(&line->lock);
}

unsigned line_waiting(struct line *line)
{
    unsigned waiting;

    pthread_mutex_lock(&line->lock);
    waiting = line->waiting;
    pthread_mutex_unlock(&line->lock);
    return waiting;
}

/* --- telling --------------------------------------------------------------------------------- */

static void send_record(struct line *line, const struct pact_record *record, struct span text)
{
    struct err unused;

    if (text.len <= PACT_TEXT_MAX)
        (void)!pact_send(line->socket, record, sizeof(*record), text, -1, &unused);
}

void line_tell(struct line *line, enum pact_kind kind, struct span text)
{
    send_record(line, &(struct pact_record){.kind = kind}, text);
}

void line_tell_broken(struct line *line, const struct err *why)
{
    struct pact_record record = {.kind = PACT_BROKEN};

    pact_keep_failure(why, &record.failure);
    send_record(line, &record, span_of(NULL, 0));
}

/* --- asking ---------------------------------------------------------------------------------- */

/* What came back: an answer, and a file with it where there is something to read. */
struct reply {
    struct pact_answer answer;
    int fd;
};

static void reply_done(struct reply *reply)
{
    close_fd(&reply->fd);
    mem_wipe(&reply->answer, sizeof(reply->answer));
}
#define OWNED_REPLY __attribute__((cleanup(reply_done))) struct reply

static int exchange(struct line *line, const struct pact_record *record, int fd,
                    struct reply *reply, struct err *err)
{
    size_t len;

    if (pact_send(line->socket, record, sizeof(*record), span_of(NULL, 0), fd, err) < 0 ||
        pact_receive(line->socket, &reply->answer, sizeof(reply->answer), &len, &reply->fd, err) <
            0)
        return -1;
    if (len != sizeof(reply->answer))
        return err_set(err, ERR_UNAVAILABLE, "the keeper has ended");
    return pact_raise(&reply->answer.failure, err);
}

static int call(struct line *line, const struct pact_record *record, int fd, unsigned queue_max,
                struct reply *reply, struct err *err)
{
    int result;

    if (enter(line, is_urgent(record->kind), queue_max, err) < 0)
        return -1;
    result = exchange(line, record, fd, reply, err);
    leave(line);
    return result;
}

static int read_answer(const struct reply *reply, struct buf *out, struct err *err)
{
    if (reply->fd < 0)
        return err_set(err, ERR_INTERNAL, "the keeper's answer is empty");
    return pact_read_file(reply->fd, out, err);
}

static int take_bytes(const struct reply *reply, struct buf *out, struct err *err)
{
    if (reply->answer.credential_len > PACT_CREDENTIAL_MAX)
        return err_set(err, ERR_INTERNAL, "the keeper's answer is too long");
    buf_add(out, reply->answer.credential, reply->answer.credential_len);
    return buf_check(out, "the keeper's answer", err);
}

int line_ask(struct line *line, const struct pact_ask *ask, bool own, struct buf *out,
             struct err *err)
{
    const struct pact_record record = {.kind = PACT_ASK, .ask = *ask};
    OWNED_REPLY reply = {.fd = -1};

    if (call(line, &record, -1, own ? UINT32_MAX : LINE_QUEUE_MAX, &reply, err) < 0)
        return -1;
    return read_answer(&reply, out, err);
}

int line_activate(struct line *line, struct span blob, struct span encrypted, struct buf *secret,
                  struct err *err)
{
    struct pact_record record = {.kind = PACT_ACTIVATE};
    OWNED_REPLY reply = {.fd = -1};

    if (blob.len > PACT_CHALLENGE_MAX || encrypted.len > PACT_CHALLENGE_MAX)
        return err_set(err, ERR_INPUT, "the challenge is longer than any for a TPM");
    record.challenge.blob_len = (uint32_t)blob.len;
    record.challenge.encrypted_len = (uint32_t)encrypted.len;
    memcpy(record.challenge.blob, blob.data, blob.len);
    memcpy(record.challenge.encrypted, encrypted.data, encrypted.len);
    if (call(line, &record, -1, LINE_QUEUE_MAX, &reply, err) < 0)
        return -1;
    return take_bytes(&reply, secret, err);
}

int line_read_ima(struct line *line, struct buf *list, struct buf *pcr, struct err *err)
{
    const struct pact_record record = {.kind = PACT_IMA};
    OWNED_REPLY reply = {.fd = -1};

    if (call(line, &record, -1, LINE_QUEUE_MAX, &reply, err) < 0 ||
        take_bytes(&reply, pcr, err) < 0)
        return -1;
    return reply.fd >= 0 ? pact_read_file(reply.fd, list, err) : 0;
}

int line_offer(struct line *line, struct span manifest, const uint8_t sha256[static SHA256_SIZE],
               struct err *err)
{
    struct pact_record record = {.kind = PACT_MANIFEST};
    OWNED(close_fd) int fd = -1;
    OWNED_REPLY reply = {.fd = -1};

    memcpy(record.manifest_sha256, sha256, SHA256_SIZE);
    if (pact_make_file(manifest, &fd, err) < 0)
        return -1;
    return call(line, &record, fd, UINT32_MAX, &reply, err);
}

int line_leave(struct line *line, struct err *err)
{
    const struct pact_record record = {.kind = PACT_LEAVE};
    OWNED_REPLY reply = {.fd = -1};

    return call(line, &record, -1, UINT32_MAX, &reply, err);
}

int line_read_state(struct line *line, struct buf *out, struct err *err)
{
    const struct pact_record record = {.kind = PACT_STATE_OF};
    OWNED_REPLY reply = {.fd = -1};

    if (call(line, &record, -1, UINT32_MAX, &reply, err) < 0)
        return -1;
    return read_answer(&reply, out, err);
}
