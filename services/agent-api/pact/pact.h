/* What keeper and worker say to each other, over a socket pair that keeps messages whole: each is
 * one record of a fixed layout (both programs are of one build, on one machine), some with a text
 * after it, some with a descriptor.
 *
 * The worker asks, the keeper answers; state and events are told without an answer. The keeper
 * takes nothing from a worker on trust: lengths, kinds and descriptors are checked here, and what a
 * text says is never interpreted. */
#ifndef COCOS_AGENT_PACT_PACT_H
#define COCOS_AGENT_PACT_PACT_H

#include "lib/attest/evidence/transcript.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

#define PACT_TEXT_MAX       (64 * KIB) /* of a state, or of an event's line */
#define PACT_CHALLENGE_MAX  1024       /* of each half of a credential challenge */
#define PACT_CREDENTIAL_MAX 64
#define PACT_MESSAGE_MAX    (sizeof(struct pact_record) + PACT_TEXT_MAX)

enum pact_kind {
    PACT_READY,    /* it serves; no answer */
    PACT_BROKEN,   /* it cannot, and ends: `failure` says why; no answer */
    PACT_STATE,    /* text: what GET /v1/state answers; no answer */
    PACT_EVENT,    /* text: an event as one line of JSON, without its end; no answer */
    PACT_ASK,      /* evidence: answered with a descriptor of the bundle's text */
    PACT_ACTIVATE, /* a credential challenge: answered with the secret */
    PACT_MANIFEST, /* descriptor: the text of a manifest that was admitted, in RFC 8785 form: it is
                      measured, and a process for it prepared */
    PACT_LEAVE,    /* this process takes no more connections: answered when its successor serves */
    PACT_IMA, /* answered with a descriptor of the kernel's list (nothing when it is empty), and
                 PCR 10 in place of a credential where there is a TPM: of SHA-256, and of SHA-1
                 behind it where the TPM keeps that */
    PACT_STATE_OF, /* answered with a descriptor of the text of the present state */
    PACT_KIND_COUNT
};

struct pact_ask {
    uint32_t types;   /* see struct desk_question */
    uint32_t boot;    /* 1: about no connection; exporter and client are absent then */
    uint32_t channel; /* 1: exporter is given */
    uint32_t client;  /* 1: client_spki is given */
    uint32_t legacy;  /* 1: nonce is the hash of what a caller chose (evidence/legacy_eat.h); about
                         no connection either */
    uint8_t nonce[TRANSCRIPT_VALUE_SIZE];
    uint8_t exporter[TRANSCRIPT_VALUE_SIZE];
    uint8_t client_spki[TRANSCRIPT_VALUE_SIZE];
};

struct pact_challenge {
    uint32_t blob_len, encrypted_len;
    uint8_t blob[PACT_CHALLENGE_MAX], encrypted[PACT_CHALLENGE_MAX];
};

struct pact_failure {
    uint32_t kind; /* enum err_kind */
    char text[ERR_TEXT_MAX];
    char pointer[ERR_POINTER_MAX];
};

struct pact_record {
    uint32_t kind; /* enum pact_kind */
    union {
        struct pact_ask ask;
        struct pact_challenge challenge;
        struct pact_failure failure;
        uint8_t manifest_sha256[SHA256_SIZE];
    };
};

struct pact_answer {
    struct pact_failure failure; /* kind ERR_NONE: it went well */
    uint32_t credential_len;
    uint8_t credential[PACT_CREDENTIAL_MAX];
};

/* The first thing that a worker reads: what only it may know. */
struct pact_secret {
    uint8_t cdi[32];
};

/* Checks a message of a worker: text borrows from it. Errors: INPUT. */
MUST_USE int pact_parse(struct span message, bool has_fd, struct pact_record *ret,
                        struct span *ret_text, struct err *err);

/* An error as a record, and back: restores into err and gives -1, or 0 for none. */
void pact_keep_failure(const struct err *err, struct pact_failure *ret);
MUST_USE int pact_raise(const struct pact_failure *failure, struct err *err);

/* Sends whole, with fd when it is not -1. Errors: SYSTEM, UNAVAILABLE (nobody is there). */
MUST_USE int pact_send(int socket, const void *record, size_t size, struct span text, int fd,
                       struct err *err);

/* Receives one message of at most size bytes; *ret_fd is -1 or the caller's. *ret_len 0: the other
 * end is closed. Errors: SYSTEM, INPUT (it was longer, or brought more than one descriptor). */
MUST_USE int pact_receive(int socket, void *to, size_t size, size_t *ret_len, int *ret_fd,
                          struct err *err);

/* A text as a file in memory that nobody can change any more, and back. Errors: SYSTEM, TOO_LARGE;
 * INPUT (it could still be changed). */
MUST_USE int pact_make_file(struct span text, int *ret, struct err *err);
MUST_USE int pact_read_file(int fd, struct buf *out, struct err *err);

#endif
