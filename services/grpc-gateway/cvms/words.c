#include "services/grpc-gateway/cvms/words.h"

#include "services/grpc-gateway/proto/unpack.h"

#include "lib/base/text.h"

#include <proto/cvms.pb-c.h>

#include <string.h>

#define DETAILS_MAX (16 * KIB)
#define ORIGINATOR  "agent"
#define TEXT_MAX    2048 /* of an id or a reason */
#define PLAIN_MAX   (4 * TEXT_MAX + 16)

#define CASE(name) CVMS__CLIENT_STREAM_MESSAGE__MESSAGE_##name

/* protobuf-c has no const, and does not write. */
static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* A text that every server takes. */
static char *plain(const char *text, struct buf *keep)
{
    text_add_printable(keep, span_of_str(text), TEXT_MAX);
    return text_of(buf_str(keep));
}

static Google__Protobuf__Timestamp time_of(int64_t seconds)
{
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

    time.seconds = seconds;
    return time;
}

static int say(Cvms__ClientStreamMessage *message, struct buf *out, struct err *err)
{
    return proto_pack(&message->base, out, err);
}

int words_log(const char *computation, const char *level, struct span text, int64_t time,
              struct buf *out, struct err *err)
{
    Cvms__ClientStreamMessage message = CVMS__CLIENT_STREAM_MESSAGE__INIT;
    Google__Protobuf__Timestamp timestamp = time_of(time);
    Cvms__AgentLog log = CVMS__AGENT_LOG__INIT;
    OWNED_BUF printable = BUF_OF(4 * WORDS_LINE_MAX + 16), id = BUF_OF(PLAIN_MAX);

    text_add_printable(&printable, text, WORDS_LINE_MAX);
    log.message = text_of(buf_str(&printable));
    log.computation_id = plain(computation, &id);
    log.level = text_of(level);
    log.timestamp = &timestamp;
    message.message_case = CASE(AGENT_LOG);
    message.agent_log = &log;
    return say(&message, out, err);
}

int words_event(const struct words_event *event, struct buf *out, struct err *err)
{
    Cvms__ClientStreamMessage message = CVMS__CLIENT_STREAM_MESSAGE__INIT;
    Google__Protobuf__Timestamp timestamp = time_of(event->time);
    Cvms__AgentEvent said = CVMS__AGENT_EVENT__INIT;
    OWNED_BUF details = BUF_OF(DETAILS_MAX), id = BUF_OF(PLAIN_MAX);

    if (event->about != NULL)
        json_write(event->about, &details);
    said.event_type = text_of(event->type);
    said.status = text_of(event->status);
    said.computation_id = plain(event->computation, &id);
    said.originator = text_of(ORIGINATOR);
    said.timestamp = &timestamp;
    if (!details.overflow)
        said.details = (ProtobufCBinaryData){details.len, details.data};
    message.message_case = CASE(AGENT_EVENT);
    message.agent_event = &said;
    return say(&message, out, err);
}

int words_run(const char *computation, const char *error, struct buf *out, struct err *err)
{
    Cvms__ClientStreamMessage message = CVMS__CLIENT_STREAM_MESSAGE__INIT;
    Cvms__RunResponse answer = CVMS__RUN_RESPONSE__INIT;
    OWNED_BUF first = BUF_OF(PLAIN_MAX), second = BUF_OF(PLAIN_MAX);

    answer.computation_id = plain(computation, &first);
    answer.error = plain(error, &second);
    message.message_case = CASE(RUN_RES);
    message.run_res = &answer;
    return say(&message, out, err);
}

int words_stop(const char *computation, const char *text, struct buf *out, struct err *err)
{
    Cvms__ClientStreamMessage message = CVMS__CLIENT_STREAM_MESSAGE__INIT;
    Cvms__StopComputationResponse answer = CVMS__STOP_COMPUTATION_RESPONSE__INIT;
    OWNED_BUF first = BUF_OF(PLAIN_MAX), second = BUF_OF(PLAIN_MAX);

    answer.computation_id = plain(computation, &first);
    answer.message = plain(text, &second);
    message.message_case = CASE(STOP_COMPUTATION_RES);
    message.stopcomputationres = &answer;
    return say(&message, out, err);
}

int words_state(const char *id, const char *state, struct buf *out, struct err *err)
{
    Cvms__ClientStreamMessage message = CVMS__CLIENT_STREAM_MESSAGE__INIT;
    Cvms__AgentStateRes answer = CVMS__AGENT_STATE_RES__INIT;
    OWNED_BUF first = BUF_OF(PLAIN_MAX), second = BUF_OF(PLAIN_MAX);

    answer.id = plain(id, &first);
    answer.state = plain(state, &second);
    message.message_case = CASE(AGENT_STATE_RES);
    message.agentstateres = &answer;
    return say(&message, out, err);
}

int words_evidence(struct buf *out, struct err *err)
{
    Cvms__ClientStreamMessage message = CVMS__CLIENT_STREAM_MESSAGE__INIT;
    Cvms__AttestationResponse answer = CVMS__ATTESTATION_RESPONSE__INIT;

    message.message_case = CASE(V_TPMATTESTATION_REPORT);
    message.vtpmattestationreport = &answer;
    return say(&message, out, err);
}

/* --- states --- */

/* NULL in `from` stands for any other state; the first row that fits counts. */
static const struct {
    const char *from, *to;
    struct words_step steps[2];
} rows[] = {
    {NULL, "ReceivingAlgorithm", {{"ReceivingAlgorithm", "InProgress"}}},
    {NULL, "ReceivingData", {{"ReceivingData", "InProgress"}}},
    {NULL, "Running", {{"Running", "Starting"}, {"Running", "InProgress"}}},
    {"Running", "ConsumingResults", {{"Running", "Completed"}, {"ConsumingResults", "Ready"}}},
    {NULL, "Complete", {{"Complete", "Completed"}}},
    {"Running", "Failed", {{"Running", "Failed"}, {"Failed", "Failed"}}},
    {NULL, "Failed", {{"Failed", "Failed"}}},
    {NULL, NULL, {{"Stopped", "Stopped"}}},
};

static bool fits(const char *wanted, const char *given)
{
    return wanted == given || (wanted != NULL && given != NULL && strcmp(wanted, given) == 0);
}

bool words_step(const char *from, const char *to, size_t index, struct words_step *ret)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!fits(rows[i].to, to) || (rows[i].from != NULL && !fits(rows[i].from, from)))
            continue;
        if (index >= COUNT_OF(rows[i].steps) || rows[i].steps[index].type == NULL)
            return false;
        *ret = rows[i].steps[index];
        return true;
    }
    return false;
}
