#include "services/grpc-gateway/cvms/client.h"

#include "services/grpc-gateway/cvms/chunks.h"
#include "services/grpc-gateway/cvms/pause.h"
#include "services/grpc-gateway/cvms/words.h"
#include "services/grpc-gateway/grpc/link.h"
#include "services/grpc-gateway/proto/unpack.h"

#include "lib/base/clock.h"
#include "lib/crypto/secret.h"
#include "lib/program/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PATH             "/cvms.Service/Process"
#define CHUNK_PATIENCE   30000
#define MESSAGE_MAX      (4 * MIB)
#define LAST_WORDS_MS    5000
#define MARK_PAUSE_MS    200
#define WAIT_MS          1000
#define SIGNATURES_FIELD "cocos-legacy-signatures" /* of the answer: "false" forbids them */

struct cvms_client {
    struct cvms_client_config config;
    struct spool *spool;
    struct desk *desk;
    pthread_t thread;
    _Atomic int64_t end_ms; /* 0: goes on; the thread ends at the latest then */

    /* The thread's own. */
    struct grpc_link *link; /* NULL while the server is away */
    struct chunks chunks;
    struct buf message;
    unsigned failures; /* attempts in a row that came to nothing */
    bool marking;
    bool asked_to_leave;
    int64_t marked_ms;
    char told[ERR_TEXT_MAX]; /* the trouble that was logged last */
};

static bool must_end(void *ctx)
{
    const struct cvms_client *client = ctx;
    int64_t end_ms = atomic_load(&client->end_ms);

    return end_ms != 0 && clock_monotonic_ms() >= end_ms;
}

static bool is_ending(const struct cvms_client *client)
{
    return atomic_load(&client->end_ms) != 0;
}

/* An order that is under way has its answer yet to come: it may be what ends this program, since in
 * a VM the gateway begins anew with each computation. */
static bool has_told_all(const struct cvms_client *client)
{
    return desk_is_idle(client->desk) && spool_is_empty(client->spool);
}

/* --- what the server says --- */

static void tell(struct cvms_client *client, const char *level, const char *text)
{
    OWNED_BUF message = BUF_OF(64 * KIB);
    struct err err;

    if (words_log("", level, span_of_str(text), clock_now(), &message, &err) == 0)
        spool_add(client->spool, SPOOL_LOG, buf_span(&message));
}

static bool allows_signatures(const struct cvms_client *client)
{
    const char *said = grpc_link_metadata(client->link, SIGNATURES_FIELD);

    return client->config.desk.terms.signatures && (said == NULL || strcmp(said, "false") != 0);
}

static int run_chunked(struct cvms_client *client, const char *id, struct span bytes,
                       struct err *err)
{
    ProtobufCMessage *order;

    if (proto_unpack(&cvms__computation_run_req__descriptor, bytes, ORDER_MEMORY_MAX, &order, err) <
        0)
        return -1;
    if (strcmp(((Cvms__ComputationRunReq *)order)->id, id) != 0) {
        protobuf_c_message_free_unpacked(order, NULL);
        return err_set(err, ERR_INPUT, "the run request has another id than its pieces");
    }
    desk_run(client->desk, (Cvms__ComputationRunReq *)order, allows_signatures(client));
    return 0;
}

static void take_chunk(struct cvms_client *client, const Cvms__RunReqChunks *piece)
{
    OWNED_BUF whole = BUF_OF(ORDER_SIZE_MAX);
    struct err err;
    bool is_whole;

    if (chunks_add(&client->chunks, piece, clock_monotonic_ms(), &whole, &is_whole, &err) < 0 ||
        (is_whole && run_chunked(client, piece->id, buf_span(&whole), &err) < 0))
        desk_refuse(client->desk, piece->id, &err);
}

static void take_run(struct cvms_client *client, Cvms__ServerStreamMessage *said)
{
    Cvms__ComputationRunReq *order = said->runreq;

    said->message_case = CVMS__SERVER_STREAM_MESSAGE__MESSAGE__NOT_SET;
    said->runreq = NULL;
    desk_run(client->desk, order, allows_signatures(client));
}

static void take_message(struct cvms_client *client)
{
    OWNED_PROTO *message = NULL;
    Cvms__ServerStreamMessage *said;
    struct err err;

    if (proto_unpack(&cvms__server_stream_message__descriptor, buf_span(&client->message),
                     ORDER_MEMORY_MAX, &message, &err) < 0) {
        log_warn("from the computation server: %s", err.text);
        tell(client, "WARN", err.text);
        return;
    }
    said = (Cvms__ServerStreamMessage *)message;
    switch (said->message_case) {
    case CVMS__SERVER_STREAM_MESSAGE__MESSAGE_RUN_REQ_CHUNKS:
        take_chunk(client, said->runreqchunks);
        break;
    case CVMS__SERVER_STREAM_MESSAGE__MESSAGE_RUN_REQ: take_run(client, said); break;
    case CVMS__SERVER_STREAM_MESSAGE__MESSAGE_STOP_COMPUTATION:
        desk_stop(client->desk, said->stopcomputation->computation_id);
        break;
    case CVMS__SERVER_STREAM_MESSAGE__MESSAGE_AGENT_STATE_REQ:
        desk_tell_state(client->desk, said->agentstatereq->id);
        break;
    case CVMS__SERVER_STREAM_MESSAGE__MESSAGE_DISCONNECT_REQ: client->asked_to_leave = true; break;
    default: tell(client, "WARN", "a message of the server is of a kind that is not known here");
    }
}

/* --- one connection --- */

static int take_all(struct cvms_client *client, struct err *err)
{
    bool any;

    do {
        if (grpc_link_take(client->link, &client->message, &any, err) < 0)
            return -1;
        if (any)
            take_message(client);
    } while (any && !client->asked_to_leave);
    return 0;
}

static int send_all(struct cvms_client *client, struct err *err)
{
    while (h2_client_has_room(grpc_link_h2(client->link)) &&
           spool_next(client->spool, &client->message))
        if (grpc_link_send(client->link, buf_span(&client->message), err) < 0)
            return -1;
    return 0;
}

static void tell_lost(struct cvms_client *client)
{
    static const char *const kinds[SPOOL_KIND_COUNT] = {"lines of logs", "events", "answers"};
    char text[128];

    for (int kind = 0; kind < SPOOL_KIND_COUNT; kind++) {
        uint64_t lost = spool_take_lost(client->spool, (enum spool_kind)kind);

        if (lost == 0)
            continue;
        snprintf(text, sizeof(text), "%" PRIu64 " %s are lost: the spool was full", lost,
                 kinds[kind]);
        log_warn("%s", text);
        tell(client, "WARN", text);
    }
}

/* What was sent becomes told. */
static void confirm(struct cvms_client *client)
{
    struct h2_client *h2 = grpc_link_h2(client->link);
    int64_t now = clock_monotonic_ms();

    if (client->marking && !h2_client_is_marking(h2)) {
        client->marking = false;
        client->failures = 0;
        spool_confirm(client->spool);
        tell_lost(client);
    }
    if (!client->marking && now - client->marked_ms >= MARK_PAUSE_MS && h2_client_is_drained(h2) &&
        (spool_is_unsure(client->spool) || client->failures > 0)) {
        spool_mark(client->spool);
        h2_client_mark(h2);
        client->marking = true;
        client->marked_ms = now;
    }
}

static void expire_chunks(struct cvms_client *client)
{
    char id[CHUNKS_ID_MAX + 1];
    struct err err;

    while (chunks_expire(&client->chunks, clock_monotonic_ms(), id)) {
        err_set(&err, ERR_TIMEOUT, "the rest of the run request did not come in %d seconds",
                CHUNK_PATIENCE / 1000);
        desk_refuse(client->desk, id, &err);
    }
}

static int announce(struct cvms_client *client, struct err *err)
{
    OWNED_BUF evidence = BUF_OF(MESSAGE_MAX);

    tell_lost(client);
    if (words_evidence(&evidence, err) < 0)
        return -1;
    return grpc_link_send(client->link, buf_span(&evidence), err);
}

/* Until the connection ends; that it does is an error, or 0 when it is wanted. */
static int serve(struct cvms_client *client, struct err *err)
{
    struct h2_client *h2 = grpc_link_h2(client->link);

    if (announce(client, err) < 0)
        return -1;
    while (!client->asked_to_leave && !(is_ending(client) && has_told_all(client))) {
        int wake = h2_client_has_room(h2) ? spool_fd(client->spool) : -1;
        int wait = client->marking || spool_is_unsure(client->spool) ? MARK_PAUSE_MS : WAIT_MS;

        if (send_all(client, err) < 0)
            return -1;
        confirm(client);
        if (grpc_link_wait(client->link, wake, wait, err) < 0 || take_all(client, err) < 0)
            return -1;
        expire_chunks(client);
    }
    return 0;
}

static int connect_server(struct cvms_client *client, struct err *err)
{
    const struct cvms_client_config *config = &client->config;
    OWNED_H2_FIELDS metadata = H2_FIELDS_NEW;
    struct grpc_link_config link = {
        .h2 = {.address = config->address,
               .tls = config->tls,
               .server_name = config->server_name,
               .quiet_ms = (unsigned)config->quiet_ms,
               .stopped = must_end,
               .ctx = client},
        .authority = config->authority,
        .path = PATH,
        .metadata = &metadata,
    };

    if (config->job[0] != '\0')
        h2_fields_add_str(&metadata, "job-id", config->job);
    return grpc_link_open(&link, &client->link, err);
}

static int visit(struct cvms_client *client, struct err *err)
{
    int result;

    client->asked_to_leave = client->marking = false;
    client->marked_ms = 0;
    if (connect_server(client, err) < 0)
        return -1;
    log_info("connected to the computation server %s", client->config.authority);
    client->told[0] = '\0';
    chunks_init(&client->chunks, CHUNK_PATIENCE);
    result = serve(client, err);
    chunks_done(&client->chunks);
    spool_rewind(client->spool);
    grpc_link_free(GIVE(client->link));
    return result;
}

/* --- again and again --- */

static int64_t next_pause(const struct cvms_client *client)
{
    uint16_t chance;

    random_bytes(&chance, sizeof(chance));
    return cvms_pause_ms(client->config.retry_ms, client->failures, chance);
}

static void pause_for(struct cvms_client *client, int64_t ms)
{
    const struct timespec slice = {.tv_nsec = 50000000L};
    int64_t until = clock_monotonic_ms() + ms;

    while (clock_monotonic_ms() < until && !is_ending(client))
        nanosleep(&slice, NULL);
}

/* A trouble that goes on is logged once. */
static void note_trouble(struct cvms_client *client, const struct err *err, int64_t pause_ms)
{
    log_write(strcmp(client->told, err->text) == 0 ? LOG_DEBUG : LOG_WARN,
              "computation server: %s; trying again, next in %" PRId64 " ms", err->text, pause_ms);
    snprintf(client->told, sizeof(client->told), "%s", err->text);
}

static void *run(void *arg)
{
    struct cvms_client *client = arg;

    while (!is_ending(client)) {
        struct err err;
        int result;
        int64_t pause_ms;

        result = visit(client, &err);
        if (is_ending(client))
            break;
        client->failures += client->failures < 64;
        pause_ms = next_pause(client);
        if (result < 0)
            note_trouble(client, &err, pause_ms);
        else
            log_info("the computation server asks to come back later");
        pause_for(client, pause_ms);
    }
    return NULL;
}

/* --- life --- */

static void free_client(struct cvms_client *client)
{
    desk_free(client->desk);
    spool_free(client->spool);
    buf_done(&client->message);
    free(client);
}

static int start(struct cvms_client *client, struct err *err)
{
    if (spool_new(client->config.spool_bytes, &client->spool, err) < 0)
        return -1;
    client->config.desk.spool = client->spool;
    if (desk_new(&client->config.desk, &client->desk, err) < 0)
        return -1;
    if (pthread_create(&client->thread, NULL, run, client) != 0)
        return err_set(err, ERR_SYSTEM, "no thread for the computation server");
    return 0;
}

int cvms_client_start(const struct cvms_client_config *config, struct cvms_client **ret,
                      struct err *err)
{
    struct cvms_client *client = mem_new(struct cvms_client);

    client->config = *config;
    client->message = BUF_OF(MESSAGE_MAX);
    if (start(client, err) < 0) {
        free_client(client);
        return -1;
    }
    *ret = client;
    return 0;
}

void cvms_client_stop(struct cvms_client *client)
{
    if (client == NULL)
        return;
    atomic_store(&client->end_ms, clock_monotonic_ms() + LAST_WORDS_MS);
    pthread_join(client->thread, NULL);
    free_client(client);
}
