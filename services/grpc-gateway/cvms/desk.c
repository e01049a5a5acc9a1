#include "services/grpc-gateway/cvms/desk.h"

#include "services/grpc-gateway/cvms/follow.h"
#include "services/grpc-gateway/cvms/words.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/computation/manifest.h"
#include "lib/program/log.h"
#include "lib/program/worker.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define QUEUE_MAX     16
#define MESSAGE_MAX   (64 * KIB)
#define LOG_POLL_MS   1000
#define ATTEMPTS_MAX  20 /* for an agent that is not up yet */
#define LAST_WORDS_MS 5000

struct desk {
    struct desk_config config;
    struct worker_pool *pool;
    struct httpc *agent;
    atomic_bool stopped;
    atomic_uint jobs; /* that wait or are under way */
    /* The computation that was set from here; NULL without one. The thread's own. */
    char *computation;
    char sha256[MANIFEST_HASH_SIZE];
    struct follow *follow;
};

struct job {
    struct desk *desk;
    int (*carry_out)(struct job *job, struct err *err);
    char *id;
    Cvms__ComputationRunReq *order;
    bool signatures;
};

/* --- what is said --- */

static void add(struct desk *desk, const struct buf *message, int said)
{
    if (said == 0)
        spool_add(desk->config.spool, SPOOL_ANSWER, buf_span(message));
}

static void answer_run(struct desk *desk, const char *id, const char *error)
{
    OWNED_BUF message = BUF_OF(MESSAGE_MAX);
    struct err err;

    add(desk, &message, words_run(id, error, &message, &err));
}

static void answer_stop(struct desk *desk, const char *id, const char *text)
{
    OWNED_BUF message = BUF_OF(MESSAGE_MAX);
    struct err err;

    add(desk, &message, words_stop(id, text, &message, &err));
}

static void answer_state(struct desk *desk, const char *id, const char *state)
{
    OWNED_BUF message = BUF_OF(MESSAGE_MAX);
    struct err err;

    add(desk, &message, words_state(id, state, &message, &err));
}

static void tell_log(struct desk *desk, const char *id, const char *level, const char *text)
{
    OWNED_BUF message = BUF_OF(MESSAGE_MAX);
    struct err err;

    if (words_log(id, level, span_of_str(text), clock_now(), &message, &err) == 0)
        spool_add(desk->config.spool, SPOOL_LOG, buf_span(&message));
}

/* The error, and the member that it is about. */
static void answer_refused(struct desk *desk, const char *id, const struct err *why)
{
    OWNED(free_str)
    char *text =
        mem_printf("%s%s%s", why->text, why->pointer[0] != '\0' ? " at " : "", why->pointer);

    log_warn("run request '%.64s' refused: %s", id, text);
    answer_run(desk, id, text);
}

/* --- the agent --- */

/* It may be starting at this moment, too. */
static int ask_agent(struct desk *desk, const struct httpc_call *call, struct httpc_reply *reply,
                     struct err *err)
{
    const struct timespec pause = {.tv_nsec = 250000000L};

    for (int i = 1;; i++) {
        if (httpc_perform(desk->agent, call, reply, err) == 0)
            return 0;
        if (err->kind != ERR_UNREACHABLE || reply->sent || i == ATTEMPTS_MAX ||
            atomic_load(&desk->stopped))
            return -1;
        httpc_reply_done(reply);
        *reply = (struct httpc_reply){0};
        nanosleep(&pause, NULL);
    }
}

/* --- a run request --- */

static int set_computation(struct desk *desk, const struct json *manifest, struct err *err)
{
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_put_computation], .json = manifest};
    OWNED_HTTPC_REPLY reply = {0};

    return ask_agent(desk, &call, &reply, err);
}

/* Those who know the older programs' digest can see that it is the same computation. */
static void tell_taken(struct desk *desk, const Cvms__ComputationRunReq *order)
{
    uint8_t digest[ORDER_DIGEST_SIZE];
    char hex[2 * ORDER_DIGEST_SIZE + 1];
    OWNED(free_str) char *text = NULL;
    struct err err;

    if (order_digest(order, digest, &err) < 0)
        return;
    text_hex(digest, sizeof(digest), hex);
    text = mem_printf("computation set: manifest_sha256 %s; SHA3-256 of the manifest as it was "
                      "ordered %s",
                      desk->sha256, hex);
    log_info("%s", text);
    tell_log(desk, desk->computation, "INFO", text);
    if (order->agent_config != NULL && order->agent_config->attested_tls)
        tell_log(desk, desk->computation, "WARN",
                 "agent_config.attested_tls: which TLS the agent's door speaks is decided by its "
                 "settings, not by an order");
}

static int begin(struct desk *desk, const char *id, const char *sha256, struct err *err)
{
    struct follow_config config = {
        .door = desk->config.door,
        .owner = desk->config.terms.owner,
        .spool = desk->config.spool,
        .log_poll_ms = desk->config.log_poll_ms,
    };

    mem_set_str(&desk->computation, id);
    memcpy(desk->sha256, sha256, sizeof(desk->sha256));
    config.computation = desk->computation;
    return follow_start(&config, &desk->follow, err);
}

/* The agent has it no more: it began anew, say. */
static void end(struct desk *desk, unsigned wait_ms)
{
    follow_end(GIVE(desk->follow), wait_ms);
    mem_set_str(&desk->computation, NULL);
}

static int run(struct job *job, struct err *err)
{
    struct desk *desk = job->desk;
    struct order_terms terms = desk->config.terms;
    char sha256[MANIFEST_HASH_SIZE];
    OWNED_JSON *manifest = NULL;

    terms.signatures = job->signatures;
    if (order_to_manifest(job->order, &terms, &manifest, err) < 0 ||
        manifest_hash(manifest, sha256, err) < 0)
        return -1;
    /* A server that lost our answer asks again. */
    if (desk->computation != NULL && strcmp(sha256, desk->sha256) == 0 &&
        !follow_has_ended(desk->follow))
        return 0;
    if (set_computation(desk, manifest, err) < 0)
        return -1;
    if (desk->computation != NULL)
        end(desk, 0);
    if (begin(desk, job->order->id, sha256, err) < 0)
        return -1;
    tell_taken(desk, job->order);
    return 0;
}

static int carry_out_run(struct job *job, struct err *err)
{
    struct desk *desk = job->desk;

    if (run(job, err) < 0)
        answer_refused(desk, job->id, err);
    else
        answer_run(desk, job->id, "");
    return 0;
}

/* --- the others --- */

static int delete_computation(struct desk *desk, struct err *err)
{
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_delete_computation]};
    OWNED_HTTPC_REPLY reply = {0};

    return ask_agent(desk, &call, &reply, err);
}

static void tell_stopped(struct desk *desk, const char *computation)
{
    OWNED_BUF message = BUF_OF(MESSAGE_MAX);
    struct words_event event = {.computation = computation, .time = clock_now()};
    struct words_step step;
    struct err err;

    if (!words_step(NULL, NULL, 0, &step))
        return;
    event.type = step.type;
    event.status = step.status;
    if (words_event(&event, &message, &err) == 0)
        spool_add(desk->config.spool, SPOOL_EVENT, buf_span(&message));
}

static int stop(struct job *job, struct err *err)
{
    struct desk *desk = job->desk;

    if (desk->computation == NULL)
        return err_set(err, ERR_STATE, "no computation of this server's is set");
    if (job->id[0] != '\0' && strcmp(job->id, desk->computation) != 0)
        return err_set(err, ERR_NOT_FOUND, "the computation that is set is '%.64s'",
                       desk->computation);
    if (desk->follow != NULL)
        follow_read_log(desk->follow);
    if (delete_computation(desk, err) < 0)
        return -1;
    end(desk, LAST_WORDS_MS);
    tell_stopped(desk, job->id);
    return 0;
}

static int carry_out_stop(struct job *job, struct err *err)
{
    bool stopped = stop(job, err) == 0;

    if (!stopped)
        log_warn("stop of '%.64s' refused: %s", job->id, err->text);
    answer_stop(job->desk, job->id, stopped ? "" : err->text);
    return 0;
}

static int carry_out_state(struct job *job, struct err *err)
{
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_get_state]};
    OWNED_HTTPC_REPLY reply = {0};
    const char *state = NULL;

    if (ask_agent(job->desk, &call, &reply, err) == 0)
        state = json_get_str(reply.json, "state");
    answer_state(job->desk, job->id, state != NULL ? state : "Unreachable");
    return 0;
}

/* A gateway that begins anew finds the computation that its key owns, and tells of it from its
 * begin: the server may hear a thing twice. */
static int carry_out_adopt(struct job *job, struct err *err)
{
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_get_computation]};
    struct desk *desk = job->desk;
    OWNED_MANIFEST *manifest = NULL;
    OWNED_HTTPC_REPLY reply = {0};
    uint8_t ours[SHA256_SIZE];

    if (ask_agent(desk, &call, &reply, err) < 0 || reply.json == NULL ||
        manifest_decode(reply.json, &manifest, err) < 0)
        return 0;
    key_identity(desk->config.terms.owner, ours);
    if (!manifest_party_is(&manifest->owner, ours))
        return 0;
    log_info("computation '%.64s' was set from here before", manifest->id);
    return begin(desk, manifest->id, manifest->sha256, err);
}

/* --- the queue --- */

static void free_job(struct job *job)
{
    if (job->order != NULL)
        cvms__computation_run_req__free_unpacked(job->order, NULL);
    free(job->id);
    free(job);
}

static void do_job(void *arg)
{
    struct job *job = arg;
    struct desk *desk = job->desk;
    struct err err;

    if (!atomic_load(&desk->stopped))
        (void)!job->carry_out(job, &err);
    free_job(job);
    atomic_fetch_sub(&desk->jobs, 1);
}

static void queue(struct desk *desk, struct job with)
{
    struct job *job = mem_new(struct job);
    struct err err;

    *job = with;
    job->desk = desk;
    atomic_fetch_add(&desk->jobs, 1);
    if (worker_add(desk->pool, do_job, job, &err) == 0)
        return;
    atomic_fetch_sub(&desk->jobs, 1);
    if (job->carry_out == carry_out_run)
        answer_refused(desk, job->id, &err);
    else if (job->carry_out == carry_out_stop)
        answer_stop(desk, job->id, err.text);
    free_job(job);
}

void desk_run(struct desk *desk, Cvms__ComputationRunReq *order, bool signatures)
{
    queue(desk, (struct job){.carry_out = carry_out_run,
                             .id = mem_strdup(order->id),
                             .order = order,
                             .signatures = signatures});
}

void desk_stop(struct desk *desk, const char *computation)
{
    queue(desk, (struct job){.carry_out = carry_out_stop, .id = mem_strdup(computation)});
}

void desk_tell_state(struct desk *desk, const char *id)
{
    queue(desk, (struct job){.carry_out = carry_out_state, .id = mem_strdup(id)});
}

void desk_refuse(struct desk *desk, const char *computation, const struct err *why)
{
    answer_refused(desk, computation, why);
}

/* --- life --- */

bool desk_is_idle(struct desk *desk)
{
    return atomic_load(&desk->jobs) == 0;
}

static bool is_stopped(void *ctx)
{
    return atomic_load(&((struct desk *)ctx)->stopped);
}

int desk_new(const struct desk_config *config, struct desk **ret, struct err *err)
{
    struct desk *desk = mem_new(struct desk);
    struct httpc_config agent = agent_door_config(config->door);

    desk->config = *config;
    if (desk->config.log_poll_ms == 0)
        desk->config.log_poll_ms = LOG_POLL_MS;
    agent.key = config->terms.owner;
    agent.auth = HTTPC_AUTH_CERTIFICATE;
    agent.stopped = is_stopped;
    agent.ctx = desk;
    if (httpc_new(&agent, &desk->agent, err) < 0 ||
        worker_start("cvms-desk", 1, QUEUE_MAX, &desk->pool, err) < 0) {
        httpc_free(desk->agent);
        free(desk);
        return -1;
    }
    queue(desk, (struct job){.carry_out = carry_out_adopt});
    *ret = desk;
    return 0;
}

void desk_free(struct desk *desk)
{
    if (desk == NULL)
        return;
    atomic_store(&desk->stopped, true);
    worker_stop(desk->pool);
    follow_end(desk->follow, 0);
    httpc_free(desk->agent);
    free(desk->computation);
    free(desk);
}
