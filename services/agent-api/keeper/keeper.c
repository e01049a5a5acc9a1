#include "services/agent-api/keeper/keeper_parts.h"

#include "lib/base/clock.h"
#include "lib/program/lifecycle.h"
#include "lib/program/log.h"
#include "services/agent-api/runner/power.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEFORE_MS      10000 /* what left ends by itself long before */
#define SUCCESSOR_MS   60000 /* as long as the next one may take until it serves */
#define SERVED_MS      60000 /* who served that long did not die in a row */
#define EVIDENCE_MS    2000
#define ENDING_MS      15000 /* as long as a process takes to drain, and some more */
#define DEATHS_MAX     5     /* in a row */
#define DEATH_PAUSE_MS 500

/* --- the next process ------------------------------------------------------------------------ */

/* A measured manifest has its process next, and everything else waits. */
static int start_next(struct keeper *keeper, struct err *err)
{
    struct task task = keeper->has_next ? keeper->next : task_of_nothing();

    keeper->next = task_of_nothing();
    keeper->has_next = false;
    return post_start(keeper, &task, &keeper->present, err);
}

static void fail(struct keeper *keeper, const struct err *why)
{
    keeper->fatal = *why;
    keeper->ending = true;
}

void keeper_relieve(struct keeper *keeper)
{
    struct err err;

    post_end(keeper->before);
    keeper->before = keeper->present;
    keeper->before_waits = true;
    keeper->before_until = clock_monotonic_ms() + SUCCESSOR_MS;
    keeper->present = NULL;
    keeper->evidence_due = 0;
    if (start_next(keeper, &err) == 0)
        return;
    fail(keeper, &err); /* nothing can serve any more: the machine's first process sees to it */
}

/* --- a process serves ------------------------------------------------------------------------ */

/* What the manager looks at before it calls this machine running, and again when the key is
 * another. No connection is named in it, so that no client can take it for evidence of his. */
static int write_evidence(struct keeper *keeper, const struct post *post, struct err *err)
{
    struct desk_question question = {
        .transcript.kind = TRANSCRIPT_BOOT,
        .chain = buf_span(&post->chain),
        .root = layers_root(keeper->layers),
    };
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);

    transcript_set(&question.transcript, TRANSCRIPT_NONCE, keeper->share->boot_nonce.data);
    transcript_set(&question.transcript, TRANSCRIPT_SERVER, post->spki_sha256);
    if (desk_ask(keeper->desk, &question, &text, err) < 0)
        return -1;
    return outbox_put(keeper->outbox, "evidence.json", buf_span(&text), err);
}

/* A platform that is busy for a moment is no reason to give a machine up: it is tried again. */
static void show_evidence(struct keeper *keeper, const struct post *post)
{
    struct err err;

    keeper->evidence_due = 0;
    if (!keeper->share->present || keeper->machine.desk.attesters[0] == NULL ||
        write_evidence(keeper, post, &err) == 0)
        return;
    log_warn("evidence of the boot: %s", err.text);
    keeper->evidence_due = clock_monotonic_ms() + EVIDENCE_MS;
}

static void show(struct keeper *keeper, const struct post *post)
{
    if (keeper->outbox == NULL)
        return;
    show_evidence(keeper, post);
    outbox_set_state(keeper->outbox, buf_span(&post->state), post->pin);
}

/* Somebody waits for its answer to him, and it ends then. */
static void answer_before(struct keeper *keeper, const struct err *failure)
{
    if (keeper->before != NULL && keeper->before_waits) {
        keeper_answer(keeper->before, failure, -1);
        keeper->before_until = clock_monotonic_ms() + BEFORE_MS;
    }
    keeper->before_waits = false;
}

void keeper_serves(struct keeper *keeper)
{
    struct post *post = keeper->present;

    post->serves_since = clock_monotonic_ms();
    answer_before(keeper, NULL);
    if (post->task.set)
        keeper->deaths = 0;
    log_info("process %d serves; pin %s", (int)post->pid, post->pin);
    show(keeper, post);
    if (keeper->ready)
        return;
    keeper->ready = true;
    log_info("listening on %s, port %u; pin %s", keeper->config->listen, keeper->port, post->pin);
    lifecycle_ready();
}

/* --- a process died -------------------------------------------------------------------------- */

static void describe_end(int status, char *out, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(out, size, "signal %d", WTERMSIG(status));
    else
        snprintf(out, size, "exit code %d", WEXITSTATUS(status));
}

/* What it said before it ended, or that it ended. */
static void find_reason(const struct post *post, int status, struct err *ret)
{
    char end[32];

    if (post->told_broken) {
        (void)!pact_raise(&post->broken, ret);
        return;
    }
    describe_end(status, end, sizeof(end));
    (void)!err_set(ret, ERR_INTERNAL, "the process that serves ended: %s", end);
}

/* What is left of a computation whose process is gone: a process that says so. */
static struct task failed_task(struct post *post, const struct err *reason)
{
    struct task task = post->task;

    post->task = task_of_nothing();
    if (task.failure.kind == FAILURE_NONE)
        failure_set(&task.failure, FAILURE_CRASH, "", "%.200s", reason->text);
    return task;
}

/* Processes that die again and again are no accident. */
static int bury(struct keeper *keeper, struct post *post, const struct err *reason, struct err *err)
{
    struct task task = task_of_nothing();

    if (post->task.set && post->task.failure.kind == FAILURE_NONE)
        task = failed_task(post, reason);
    else if (++keeper->deaths >= DEATHS_MAX || !keeper->ready)
        return err_set(err, reason->kind, "%s", reason->text);
    else
        poll(NULL, 0, DEATH_PAUSE_MS);
    if (task.manifest.len == 0) {
        task = post->task;
        post->task = task_of_nothing();
    }
    if (keeper->has_next) {
        task_done(&task);
        return start_next(keeper, err);
    }
    return post_start(keeper, &task, &keeper->present, err);
}

/* The present process is gone, and nobody told it to go. */
static void mourn(struct keeper *keeper, int status)
{
    struct post *post = keeper->present;
    struct err reason, err;

    find_reason(post, status, &reason);
    log_error("%s", reason.text);
    answer_before(keeper, &reason);
    keeper->present = NULL;
    keeper->evidence_due = 0;
    if (post->serves && clock_monotonic_ms() - post->serves_since >= SERVED_MS)
        keeper->deaths = 0;
    if (bury(keeper, post, &reason, &err) < 0)
        fail(keeper, &err);
    post_end(post);
}

/* Everything that a process said comes before its end. */
static bool is_gone(struct keeper *keeper, struct post *post, int *ret_status)
{
    struct pollfd more = {.events = POLLIN};

    if (post == NULL || post->pid == 0 || waitpid(post->pid, ret_status, WNOHANG) != post->pid)
        return false;
    post->pid = 0;
    for (more.fd = post->socket; post->socket >= 0 && poll(&more, 1, 0) > 0; more.fd = post->socket)
        keeper_hear(keeper, post);
    return true;
}

static void end_before(struct keeper *keeper)
{
    post_end(keeper->before);
    keeper->before = NULL;
    keeper->before_waits = false;
}

static void reap(struct keeper *keeper)
{
    const struct post *dead;
    int status;

    if (is_gone(keeper, keeper->before, &status))
        end_before(keeper);
    dead = keeper->present;
    if (!is_gone(keeper, keeper->present, &status))
        return;
    if (keeper->present != dead) {
        end_before(keeper); /* with its last word it left: another one is the present one now */
    } else if (keeper->ending) {
        post_end(keeper->present);
        keeper->present = NULL;
    } else {
        mourn(keeper, status);
    }
}

/* --- the loop -------------------------------------------------------------------------------- */

static void stop_posts(struct keeper *keeper)
{
    struct post *const posts[] = {keeper->present, keeper->before};

    for (size_t i = 0; i < COUNT_OF(posts); i++)
        if (posts[i] != NULL && posts[i]->pid > 0)
            kill(posts[i]->pid, SIGTERM);
}

static void hear_if(struct keeper *keeper, const struct pollfd *seen, struct post *post)
{
    if (post != NULL && post->socket >= 0 && post->socket == seen->fd && seen->revents != 0)
        keeper_hear(keeper, post);
}

static void heed_signal(struct keeper *keeper, int signals)
{
    struct signalfd_siginfo info;

    if (read(signals, &info, sizeof(info)) != sizeof(info))
        return;
    if (info.ssi_signo == SIGCHLD) {
        reap(keeper);
        return;
    }
    log_info("ending: signal %u", info.ssi_signo);
    keeper->ending = true;
}

static void watch_once(struct keeper *keeper, int signals)
{
    struct pollfd seen[] = {
        {.fd = signals, .events = POLLIN},
        {.fd = keeper->present != NULL ? keeper->present->socket : -1, .events = POLLIN},
        {.fd = keeper->before != NULL ? keeper->before->socket : -1, .events = POLLIN},
    };

    if (poll(seen, COUNT_OF(seen), 1000) < 0)
        return;
    hear_if(keeper, &seen[2], keeper->before);
    hear_if(keeper, &seen[1], keeper->present);
    if (seen[0].revents != 0)
        heed_signal(keeper, signals);
    if (keeper->before != NULL && clock_monotonic_ms() >= keeper->before_until)
        end_before(keeper);
    if (keeper->present != NULL && keeper->evidence_due != 0 &&
        clock_monotonic_ms() >= keeper->evidence_due)
        show_evidence(keeper, keeper->present);
}

/* While it ends, processes that drain may still have something to ask. */
static void watch(struct keeper *keeper, int signals)
{
    int64_t until;

    while (!keeper->ending)
        watch_once(keeper, signals);
    stop_posts(keeper);
    until = clock_monotonic_ms() + ENDING_MS;
    while ((keeper->present != NULL || keeper->before != NULL) && clock_monotonic_ms() < until)
        watch_once(keeper, signals);
}

static int open_signals(struct err *err)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_CLOEXEC);
    return fd >= 0 ? fd : err_set_errno(err, ERR_SYSTEM, "signals");
}

/* --- life ------------------------------------------------------------------------------------ */

int keeper_run(const struct keeper_config *config, struct err *err)
{
    struct keeper keeper = {
        .config = config->config,
        .share = config->share,
        .share_error = config->share_error,
        .program_fd = -1,
        .listen_fd = -1,
    };
    OWNED(close_fd) int signals = open_signals(err);
    int result;

    prctl(PR_SET_DUMPABLE, 0); /* its secrets are for no other process's eyes, and no disk */
    (void)power_lock_memory();
    result = signals < 0 ? -1 : keeper_set_up(&keeper, err);
    if (result == 0)
        result = start_next(&keeper, err);
    if (result == 0) {
        watch(&keeper, signals);
        *err = keeper.fatal;
        result = err->kind == ERR_NONE ? 0 : -1;
    }
    keeper_tear_down(&keeper);
    return result;
}
