#include "services/grpc-gateway/cocos/service.h"

#include "services/grpc-gateway/agent/relay.h"
#include "services/grpc-gateway/grpc/message.h"

#include "lib/base/text.h"
#include "lib/httpc/sse.h"

#include <proto/cocos.pb-c.h>
#include <stdio.h>

#define DOCUMENT_MAX   (4 * MIB)
#define NO_SIDE        0 /* a number that no field has */
#define FIELD_MANIFEST 1

/* --- what they share --- */

/* In the client's name, for the computation that he means. */
static int open_for(struct agent_door *door, struct grpc_call *call, const char *computation,
                    struct agent_client *ret, struct err *err)
{
    uint8_t digest[SHA256_SIZE];

    if (computation[0] != '\0' && text_parse_hex(computation, digest, sizeof(digest), err) < 0) {
        err->kind = ERR_INPUT;
        return err_wrap(err, "computation");
    }
    return agent_client_open_known(door, call, ret, err);
}

static const char *meant(const char *computation)
{
    return computation[0] != '\0' ? computation : NULL;
}

static char *text_of(const struct json *json, const char *key)
{
    const char *text = json_get_str(json, key);

    return (char *)(uintptr_t)(text != NULL ? text : "");
}

/* The document itself, as the client gets it. */
static int write_document(const struct json *json, struct buf *out, struct err *err)
{
    json_write(json, out);
    return buf_check(out, "the agent's answer", err);
}

static int write_empty(struct grpc_call *call, struct err *err)
{
    return grpc_call_write(call, span_of(NULL, 0), err);
}

/* --- the operations --- */

/* The manifest is a body like any other: handed on, and read by the agent alone. */
static int set_computation(void *app, struct grpc_call *call, struct err *err)
{
    Cocos__V1__SetComputationResponse answer = COCOS__V1__SET_COMPUTATION_RESPONSE__INIT;
    struct agent_door *door = app;
    OWNED_AGENT_CLIENT client = {0};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_RELAY relay;
    struct httpc_upload body = {
        .read = relay_read, .from = &relay, .media_type = "application/json"};

    grpc_call_hurry(call); /* who may is known from the body alone: nobody keeps others waiting */
    relay_init(&relay, call, &door->manifests, 0);
    relay.body_number = FIELD_MANIFEST;
    relay.side_number = NO_SIDE;
    relay.side_is_name = true;
    if (agent_client_open_known(door, call, &client, err) < 0 || relay_begin(&relay, err) < 0)
        return -1;
    if (relay.spooled == 0)
        return err_set(err, ERR_INPUT, "no manifest came");
    if (agent_client_perform(
            &client,
            (struct httpc_call){.op = &agent_ops[AGENT_OP_put_computation], .upload = &body},
            &reply, err) < 0)
        return -1;
    answer.computation_id = text_of(reply.json, "computation_id");
    answer.manifest_sha256 = text_of(reply.json, "manifest_sha256");
    return grpc_message_write(call, &answer.base, err);
}

static int run(void *door, struct grpc_call *call, struct err *err)
{
    struct httpc_call post = {.op = &agent_ops[AGENT_OP_post_run]};
    OWNED_GRPC_MESSAGE *request = NULL;
    OWNED_AGENT_CLIENT client = {0};
    OWNED_HTTPC_REPLY reply = {0};
    const char *computation;

    if (grpc_message_read(call, &cocos__v1__run_request__descriptor, &request, err) < 0)
        return -1;
    computation = ((Cocos__V1__RunRequest *)request)->computation;
    post.computation = meant(computation);
    if (open_for(door, call, computation, &client, err) < 0 ||
        agent_client_perform(&client, post, &reply, err) < 0)
        return -1;
    return write_empty(call, err);
}

static int stop(void *door, struct grpc_call *call, struct err *err)
{
    struct httpc_call delete = {.op = &agent_ops[AGENT_OP_delete_computation]};
    OWNED_GRPC_MESSAGE *request = NULL;
    OWNED_AGENT_CLIENT client = {0};
    OWNED_HTTPC_REPLY reply = {0};
    const char *computation;

    if (grpc_message_read(call, &cocos__v1__stop_request__descriptor, &request, err) < 0)
        return -1;
    computation = ((Cocos__V1__StopRequest *)request)->computation;
    delete.computation = meant(computation);
    if (open_for(door, call, computation, &client, err) < 0 ||
        agent_client_perform(&client, delete, &reply, err) < 0)
        return -1;
    return write_empty(call, err);
}

/* Anyone may ask. */
static int state(void *door, struct grpc_call *call, struct err *err)
{
    Cocos__V1__StateResponse answer = COCOS__V1__STATE_RESPONSE__INIT;
    struct httpc_call get = {.op = &agent_ops[AGENT_OP_get_state]};
    OWNED_BUF document = BUF_OF(DOCUMENT_MAX);
    OWNED_GRPC_MESSAGE *request = NULL;
    OWNED_AGENT_CLIENT client = {0};
    OWNED_HTTPC_REPLY reply = {0};

    if (grpc_message_read(call, &cocos__v1__state_request__descriptor, &request, err) < 0 ||
        agent_client_open(door, call, &client, err) < 0 ||
        agent_client_perform(&client, get, &reply, err) < 0 ||
        write_document(reply.json, &document, err) < 0)
        return -1;
    answer.state = text_of(reply.json, "state");
    answer.computation_id = text_of(reply.json, "computation_id");
    answer.manifest_sha256 = text_of(reply.json, "manifest_sha256");
    answer.platform = text_of(reply.json, "platform");
    answer.spki_sha256 = text_of(reply.json, "spki_sha256");
    answer.document = (char *)(uintptr_t)buf_str(&document);
    return grpc_message_write(call, &answer.base, err);
}

static int receipt(void *door, struct grpc_call *call, struct err *err)
{
    Cocos__V1__ReceiptResponse answer = COCOS__V1__RECEIPT_RESPONSE__INIT;
    struct httpc_call get = {.op = &agent_ops[AGENT_OP_get_receipt]};
    OWNED_BUF document = BUF_OF(DOCUMENT_MAX);
    OWNED_GRPC_MESSAGE *request = NULL;
    OWNED_AGENT_CLIENT client = {0};
    OWNED_HTTPC_REPLY reply = {0};
    const char *computation;

    if (grpc_message_read(call, &cocos__v1__receipt_request__descriptor, &request, err) < 0)
        return -1;
    computation = ((Cocos__V1__ReceiptRequest *)request)->computation;
    get.computation = meant(computation);
    if (open_for(door, call, computation, &client, err) < 0 ||
        agent_client_perform(&client, get, &reply, err) < 0 ||
        write_document(reply.json, &document, err) < 0)
        return -1;
    answer.document = (char *)(uintptr_t)buf_str(&document);
    return grpc_message_write(call, &answer.base, err);
}

/* --- events --- */

struct telling {
    struct grpc_call *call;
    struct sse sse;
};

static int tell_event(void *ctx, const struct sse_event *event, struct err *err)
{
    Cocos__V1__Event message = COCOS__V1__EVENT__INIT;
    struct telling *telling = ctx;
    OWNED(free_str) char *document = mem_copy(event->data.data, event->data.len);

    if (text_parse_u64(event->id, UINT64_MAX, &message.id, err) < 0)
        return -1;
    message.type = (char *)(uintptr_t)event->type;
    message.document = document;
    if (grpc_message_write(telling->call, &message.base, err) < 0)
        return -1;
    grpc_call_flush(telling->call);
    return 0;
}

static int take_bytes(void *ctx, struct span bytes, struct err *err)
{
    struct telling *telling = ctx;

    return sse_feed(&telling->sse, bytes, tell_event, telling, err);
}

/* As they happen; ends with the computation. */
static int events(void *door, struct grpc_call *call, struct err *err)
{
    struct telling telling = {.call = call};
    struct httpc_sink sink = {take_bytes, &telling, UINT64_MAX};
    struct httpc_call list = {
        .op = &agent_ops[AGENT_OP_list_events], .sink = &sink, .endless = true};
    OWNED_GRPC_MESSAGE *request = NULL;
    OWNED_AGENT_CLIENT client = {0};
    OWNED_HTTPC_REPLY reply = {0};
    uint64_t after;
    char line[48];
    int result;

    if (grpc_message_read(call, &cocos__v1__events_request__descriptor, &request, err) < 0 ||
        agent_client_open_known(door, call, &client, err) < 0)
        return -1;
    after = ((Cocos__V1__EventsRequest *)request)->after;
    snprintf(line, sizeof(line), "Last-Event-ID: %llu", (unsigned long long)after);
    if (after > 0)
        client.headers[1] = line;
    sse_init(&telling.sse);
    result = agent_client_perform(&client, list, &reply, err);
    sse_done(&telling.sse);
    return result;
}

static const struct grpc_method methods[] = {
    {"SetComputation", set_computation},
    {"Run", run},
    {"Stop", stop},
    {"State", state},
    {"Receipt", receipt},
    {"Events", events},
};

struct grpc_service cocos_service(struct agent_door *door)
{
    return (struct grpc_service){"cocos.v1.ComputationService", methods, COUNT_OF(methods), door};
}
