/* The keeper from within; see keeper.h. Only the files of this room include it. */
#ifndef COCOS_AGENT_KEEPER_KEEPER_PARTS_H
#define COCOS_AGENT_KEEPER_KEEPER_PARTS_H

#include "lib/computation/failure.h"
#include "services/agent-api/identity/layers.h"
#include "services/agent-api/keeper/keeper.h"
#include "services/agent-api/keeper/ward.h"
#include "services/agent-api/link/outbox.h"
#include "services/agent-api/machine.h"
#include "services/agent-api/pact/pact.h"

#include <sys/types.h>

/* What a process is for. */
struct task {
    struct buf manifest; /* text; empty: none */
    bool set;            /* it was measured: the process is the computation's */
    uint8_t manifest_sha256[SHA256_SIZE];
    struct failure failure; /* kind FAILURE_NONE: nothing failed */
};

/* A process that serves. */
struct post {
    pid_t pid; /* 0: there is none */
    struct ward ward;
    int socket; /* ours never blocks */
    struct task task;
    bool serves;
    int64_t serves_since;
    bool told_broken;
    struct pact_failure broken;
    uint8_t spki_sha256[SHA256_SIZE]; /* of its TLS key */
    char pin[IDENTITY_PIN_SIZE];
    struct buf chain; /* that certifies it */
    struct buf state; /* the last one it told */
};

struct keeper {
    const struct config *config;
    const struct share_config *share;
    const struct err *share_error;
    struct machine machine;
    struct desk *desk;
    struct layers *layers;
    struct outbox *outbox; /* NULL without a share */
    int program_fd; /* of the worker, which is executed by it: what was hashed is what runs */
    uint8_t program[DICE_HASH_SIZE];
    int listen_fd;
    uint16_t port;
    struct wards *wards; /* who processes are */

    struct buf cvms_owner; /* private key, PEM: owns what a computation server orders; or empty */

    struct post *present;
    struct post *before;  /* NULL: none */
    bool before_waits;    /* for an answer to its leaving */
    int64_t before_until; /* when it is ended, at the latest */
    struct task next;     /* a manifest that was measured and has no process yet */
    bool has_next;
    uint32_t started; /* processes so far */
    uint64_t last_event;
    unsigned deaths;      /* in a row, of processes that wait */
    int64_t evidence_due; /* when the present one's is tried again; 0: it is there */
    bool ending;
    bool ready;       /* a process has served */
    struct err fatal; /* kind ERR_NONE: nothing went wrong for good */
};

/* --- beginning and end --- */

/* Finds the platform, opens programs, socket and share, makes the layers, measures the
 * configuration and finds the first task. Errors: USAGE, SYSTEM. */
MUST_USE int keeper_set_up(struct keeper *keeper, struct err *err);
/* Ends what still runs. */
void keeper_tear_down(struct keeper *keeper);

/* --- tasks and processes --- */

struct task task_of_nothing(void);
void task_done(struct task *task);

/* Starts a process for a task, which is taken; one that is no computation's after the end of the
 * computation before it was measured. Errors: SYSTEM, INTERNAL. */
MUST_USE int post_start(struct keeper *keeper, struct task *task, struct post **ret,
                        struct err *err);
/* Kills and frees; NULL is fine. */
void post_end(struct post *post);

/* --- what processes ask --- */

/* Reads one message of a process and does what it asks. */
void keeper_hear(struct keeper *keeper, struct post *post);

/* Answers; failure: NULL for none. fd: -1 for none. Never waits: who does not read is ended. */
void keeper_answer(struct post *post, const struct err *failure, int fd);

/* --- what follows from it --- */

/* The present process serves: those who wait for it are told, and so is the manager. */
void keeper_serves(struct keeper *keeper);
/* The present process wants to be relieved. */
void keeper_relieve(struct keeper *keeper);

#endif
