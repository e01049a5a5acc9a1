/* A keeper for tests of the worker's end: a thread that answers by a desk, and notes what it is
 * told. */
#ifndef COCOS_TESTS_FAKE_KEEPER_H
#define COCOS_TESTS_FAKE_KEEPER_H

#include "tests/unit/unit.h"

#include "services/agent-api/attester/desk.h"
#include "services/agent-api/pact/line.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

struct fake_keeper {
    int socket;
    pthread_t thread;
    struct desk *desk; /* NULL: evidence is what `text` says */
    const char *text;  /* of the state, too */
    uint8_t server[SHA256_SIZE];
    struct span chain; /* that certifies the server's key; empty: none does */
    const struct key *root;
    struct err refusal;    /* kind ERR_NONE: it refuses nothing */
    pthread_mutex_t *gate; /* taken before each answer; NULL: none */
    atomic_uint told[PACT_KIND_COUNT];
    atomic_uint asked_before_leave; /* told[PACT_ASK] when it was told of the last leave */
    struct buf last;                /* text or file that came with the last message */
};

static inline int fake_file(struct fake_keeper *k, const struct pact_record *record,
                            struct err *err)
{
    struct desk_question question = {.transcript.kind =
                                         record->ask.boot ? TRANSCRIPT_BOOT : TRANSCRIPT_CHANNEL};
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);
    int fd = -1;

    if (k->desk == NULL || record->kind == PACT_STATE_OF) {
        buf_add_str(&text, k->text != NULL ? k->text : "{}");
    } else {
        transcript_set(&question.transcript, TRANSCRIPT_NONCE, record->ask.nonce);
        transcript_set(&question.transcript, TRANSCRIPT_SERVER, k->server);
        question.chain = k->chain;
        question.root = k->root;
        if (desk_ask(k->desk, &question, &text, err) < 0)
            return -1;
    }
    return pact_make_file(buf_span(&text), &fd, err) < 0 ? -1 : fd;
}

static inline void fake_answer(struct fake_keeper *k, const struct pact_record *record)
{
    struct pact_answer answer = {.credential_len = 0};
    struct err err = k->refusal;
    OWNED(close_fd) int fd = -1;

    if (err.kind == ERR_NONE && (record->kind == PACT_ASK || record->kind == PACT_STATE_OF)) {
        fd = fake_file(k, record, &err);
        err.kind = fd < 0 ? err.kind : ERR_NONE;
    }
    if (record->kind == PACT_ACTIVATE) {
        answer.credential_len = record->challenge.blob_len;
        memcpy(answer.credential, record->challenge.blob, PACT_CREDENTIAL_MAX);
    }
    pact_keep_failure(&err, &answer.failure);
    (void)!pact_send(k->socket, &answer, sizeof(answer), span_of(NULL, 0), fd, &err);
}

static inline void *fake_keeper_thread(void *arg)
{
    struct fake_keeper *k = arg;
    static uint8_t room[PACT_MESSAGE_MAX];
    struct pact_record record;
    struct span text;
    struct err err;
    size_t len;

    for (;;) {
        OWNED(close_fd) int fd = -1;

        if (pact_receive(k->socket, room, sizeof(room), &len, &fd, &err) < 0 || len == 0)
            return NULL;
        assert_ok(pact_parse(span_of(room, len), fd >= 0, &record, &text, &err));
        buf_reset(&k->last);
        buf_add_span(&k->last, text);
        if (fd >= 0)
            assert_ok(pact_read_file(fd, &k->last, &err));
        atomic_fetch_add(&k->told[record.kind], 1);
        if (record.kind == PACT_LEAVE)
            atomic_store(&k->asked_before_leave, atomic_load(&k->told[PACT_ASK]));
        if (record.kind < PACT_ASK)
            continue;
        if (k->gate != NULL) {
            pthread_mutex_lock(k->gate);
            pthread_mutex_unlock(k->gate);
        }
        fake_answer(k, &record);
    }
}

/* Gives the worker's end. */
static inline struct line *fake_keeper_start(struct fake_keeper *k)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    k->socket = pair[0];
    k->last = BUF_OF(8 * MIB);
    assert_int_equal(pthread_create(&k->thread, NULL, fake_keeper_thread, k), 0);
    return line_new(pair[1]);
}

static inline void fake_keeper_stop(struct fake_keeper *k, struct line *line)
{
    line_free(line);
    pthread_join(k->thread, NULL);
    close_fd(&k->socket);
    buf_done(&k->last);
}

#endif
