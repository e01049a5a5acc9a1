#include "services/grpc-gateway/cvms_server/service.h"

#include "services/grpc-gateway/proto/unpack.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/program/log.h"

#include <proto/cvms.pb-c.h>

#include <pthread.h>
#include <string.h>

#define MESSAGE_MAX (1 * MIB)
#define MEMORY_MAX  (4 * MIB)
#define TEXT_MAX    (16 * KIB)

/* --- what machines say --- */

static void set_text(struct json *to, const char *name, struct span text)
{
    OWNED_BUF printable = BUF_OF(4 * TEXT_MAX + 16);

    text_add_printable(&printable, text, TEXT_MAX);
    json_set_str(to, name, buf_str(&printable));
}

static void set_str(struct json *to, const char *name, const char *text)
{
    set_text(to, name, span_of_str(text));
}

static const char *encode_log(const Cvms__AgentLog *log, struct json *to)
{
    set_str(to, "computation_id", log->computation_id);
    set_str(to, "level", log->level);
    set_str(to, "message", log->message);
    return "log";
}

static const char *encode_event(const Cvms__AgentEvent *event, struct json *to)
{
    set_str(to, "computation_id", event->computation_id);
    set_str(to, "event_type", event->event_type);
    set_str(to, "status", event->status);
    set_str(to, "originator", event->originator);
    set_text(to, "details", span_of(event->details.data, event->details.len));
    return "event";
}

static const char *encode_evidence(const Cvms__AttestationResponse *evidence, struct json *to)
{
    set_str(to, "certificate_serial", evidence->certserialnumber);
    json_set_int(to, "bytes", (int64_t)evidence->file.len);
    return "evidence";
}

/* The event's type, and its data into `to`; NULL when it is of no kind that is known. */
static const char *encode(const Cvms__ClientStreamMessage *said, struct json *to)
{
    switch (said->message_case) {
    case CVMS__CLIENT_STREAM_MESSAGE__MESSAGE_AGENT_LOG: return encode_log(said->agent_log, to);
    case CVMS__CLIENT_STREAM_MESSAGE__MESSAGE_AGENT_EVENT:
        return encode_event(said->agent_event, to);
    case CVMS__CLIENT_STREAM_MESSAGE__MESSAGE_RUN_RES:
        set_str(to, "computation_id", said->run_res->computation_id);
        set_str(to, "error", said->run_res->error);
        return "run";
    case CVMS__CLIENT_STREAM_MESSAGE__MESSAGE_STOP_COMPUTATION_RES:
        set_str(to, "computation_id", said->stopcomputationres->computation_id);
        set_str(to, "message", said->stopcomputationres->message);
        return "stop";
    case CVMS__CLIENT_STREAM_MESSAGE__MESSAGE_AGENT_STATE_RES:
        set_str(to, "state", said->agentstateres->state);
        return "state";
    case CVMS__CLIENT_STREAM_MESSAGE__MESSAGE_V_TPMATTESTATION_REPORT:
        return encode_evidence(said->vtpmattestationreport, to);
    default: return NULL;
    }
}

static int take(struct agents *agents, struct agent *agent, struct span bytes, struct err *err)
{
    OWNED_JSON *data = json_new_object();
    OWNED_PROTO *message = NULL;
    const char *type;

    if (proto_unpack(&cvms__client_stream_message__descriptor, bytes, MEMORY_MAX, &message, err) <
        0)
        return -1;
    type = encode((const Cvms__ClientStreamMessage *)message, data);
    if (type != NULL)
        agents_heard(agents, agent, clock_now(), type, GIVE(data));
    return 0;
}

/* --- a stream --- */

struct writer {
    struct agents *agents;
    struct agent *agent;
    struct grpc_call *call;
};

static void *write_orders(void *arg)
{
    struct writer *writer = arg;
    OWNED_BUF order = BUF_OF(GRPC_MESSAGE_MAX);
    struct err err;

    while (agents_next_order(writer->agents, writer->agent, &order)) {
        if (grpc_call_write(writer->call, buf_span(&order), &err) < 0)
            break;
        grpc_call_flush(writer->call);
    }
    return NULL;
}

static int listen_to(struct agents *agents, struct agent *agent, struct grpc_call *call,
                     struct err *err)
{
    OWNED_BUF message = BUF_OF(MESSAGE_MAX);
    bool end = false;

    while (!end) {
        if (grpc_call_read_message(call, &message, &end, err) < 0)
            return -1;
        if (!end && take(agents, agent, buf_span(&message), err) < 0)
            return -1;
    }
    return 0;
}

static int serve(struct agents *agents, struct agent *agent, struct grpc_call *call,
                 struct err *err)
{
    struct writer writer = {agents, agent, call};
    pthread_t thread;
    int result;

    if (pthread_create(&thread, NULL, write_orders, &writer) != 0)
        return err_set(err, ERR_SYSTEM, "no thread for the orders");
    result = listen_to(agents, agent, call, err);
    agents_leave(agents, agent);
    pthread_join(thread, NULL);
    return result;
}

static int process(void *app, struct grpc_call *call, struct err *err)
{
    const char *name = grpc_call_metadata(call, "job-id");
    const char *kind = grpc_call_metadata(call, "connection-type");
    struct agents *agents = app;
    struct agent *agent;
    int result;

    if (name != NULL && name[0] == '\0')
        name = NULL;
    if (kind != NULL && strcmp(kind, "log-forwarder") == 0) {
        grpc_call_send_head(call);
        return agents_enter_speaker(agents, name, &agent, err) < 0
                   ? -1
                   : listen_to(agents, agent, call, err);
    }
    if (agents_enter(agents, name, &agent, err) < 0)
        return -1;
    grpc_call_send_head(call);
    log_info("machine '%s' is here", name != NULL ? name : "without a job-id");
    result = serve(agents, agent, call, err);
    if (result < 0)
        agents_leave(agents, agent);
    return result;
}

static const struct grpc_method methods[] = {{"Process", process}};

struct grpc_service cvms_service(struct agents *agents)
{
    return (struct grpc_service){"cvms.Service", methods, COUNT_OF(methods), agents};
}

/* --- what machines are told --- */

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

int cvms_say_stop(const char *computation, struct buf *out, struct err *err)
{
    Cvms__ServerStreamMessage message = CVMS__SERVER_STREAM_MESSAGE__INIT;
    Cvms__StopComputation stop = CVMS__STOP_COMPUTATION__INIT;

    stop.computation_id = text_of(computation);
    message.message_case = CVMS__SERVER_STREAM_MESSAGE__MESSAGE_STOP_COMPUTATION;
    message.stopcomputation = &stop;
    return proto_pack(&message.base, out, err);
}

int cvms_say_ask_state(const char *id, struct buf *out, struct err *err)
{
    Cvms__ServerStreamMessage message = CVMS__SERVER_STREAM_MESSAGE__INIT;
    Cvms__AgentStateReq ask = CVMS__AGENT_STATE_REQ__INIT;

    ask.id = text_of(id);
    message.message_case = CVMS__SERVER_STREAM_MESSAGE__MESSAGE_AGENT_STATE_REQ;
    message.agentstatereq = &ask;
    return proto_pack(&message.base, out, err);
}

int cvms_say_piece(const char *id, struct span data, bool is_last, struct buf *out, struct err *err)
{
    Cvms__ServerStreamMessage message = CVMS__SERVER_STREAM_MESSAGE__INIT;
    Cvms__RunReqChunks piece = CVMS__RUN_REQ_CHUNKS__INIT;

    piece.id = text_of(id);
    piece.data = (ProtobufCBinaryData){data.len, (uint8_t *)(uintptr_t)data.data};
    piece.is_last = is_last;
    message.message_case = CVMS__SERVER_STREAM_MESSAGE__MESSAGE_RUN_REQ_CHUNKS;
    message.runreqchunks = &piece;
    return proto_pack(&message.base, out, err);
}
