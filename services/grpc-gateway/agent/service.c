#include "services/grpc-gateway/agent/service.h"

#include "services/grpc-gateway/agent/chunks.h"
#include "services/grpc-gateway/agent/evidence.h"
#include "services/grpc-gateway/agent/relay.h"

#include "lib/base/text.h"

#include <string.h>

#define REQUIREMENTS_MAX (4 * MIB)
#define NAME_MAX_BYTES   255
#define NO_FILENAME      "\n"

/* agent.proto */
enum { FIELD_ALGORITHM = 1, FIELD_REQUIREMENTS = 2, FIELD_DATASET = 1, FIELD_FILENAME = 2 };

static const char *const algorithm_types[] = {"bin", "python", "wasm", "docker"};

static int need_metadata(struct grpc_call *call, const char *name, const char **ret,
                         struct err *err)
{
    *ret = grpc_call_metadata(call, name);
    return *ret != NULL ? 0 : err_set(err, ERR_INPUT, "the metadata has no '%s'", name);
}

/* --- what goes up --- */

/* A body that never comes. */
static int read_refused(void *refusal, void *to, size_t room, size_t *ret_len, struct err *err)
{
    (void)to;
    (void)room;
    (void)ret_len;
    *err = *(const struct err *)refusal;
    return -1;
}

/* Asks before the body is read: a refusal then costs nothing. The answer's status; 0 when there is
 * none, and err says why. */
static int ask(struct agent_client *client, enum agent_op head, const char *name, struct err *err)
{
    struct httpc_call call = {.op = &agent_ops[head], .params = {name}};
    OWNED_HTTPC_REPLY answer = {0};

    return agent_client_perform(client, call, &answer, err) < 0 && answer.status < 400
               ? 0
               : answer.status;
}

/* An answer to HEAD has no words, so those are fetched with a body that is announced and not sent.
 */
static int refuse(struct agent_client *client, enum agent_op op, const char *name, struct err *err)
{
    struct err refusal = *err;
    struct httpc_upload nothing = {.read = read_refused, .from = &refusal};
    struct httpc_call call = {.op = &agent_ops[op], .params = {name}, .upload = &nothing};
    OWNED_HTTPC_REPLY words = {0};

    return agent_client_perform(client, call, &words, err) < 0 ? -1 : 0;
}

/* Where requirements are declared and not there yet, the algorithm may not be sent before them:
 * both come in this call. */
static int ask_algorithm(struct agent_client *client, struct err *err)
{
    int status = ask(client, AGENT_OP_head_algorithm, NULL, err);
    struct err unused;

    if (status == 0)
        return -1;
    if (status < 400 ||
        (status == 409 && ask(client, AGENT_OP_head_requirements, NULL, &unused) == 200))
        return 0;
    return refuse(client, AGENT_OP_put_algorithm, NULL, err);
}

/* Who has nothing to send is told before a byte of his is kept. The name of a dataset comes with
 * its first bytes, so this asks for one that no manifest can declare: only who may send others is
 * told that there is none. */
static int ask_provider(struct agent_client *client, struct err *err)
{
    int status = ask(client, AGENT_OP_head_dataset, NO_FILENAME, err);

    if (status == 0)
        return -1;
    return status == 404 ? 0 : refuse(client, AGENT_OP_put_dataset, NO_FILENAME, err);
}

static int ask_dataset(struct agent_client *client, const char *name, struct err *err)
{
    int status = ask(client, AGENT_OP_head_dataset, name, err);

    if (status == 0)
        return -1;
    return status < 400 ? 0 : refuse(client, AGENT_OP_put_dataset, name, err);
}

static int put(struct agent_client *client, enum agent_op op, const char *name,
               const struct httpc_upload *body, struct err *err)
{
    OWNED_HTTPC_REPLY reply = {0};

    return agent_client_perform(
        client, (struct httpc_call){.op = &agent_ops[op], .params = {name}, .upload = body}, &reply,
        err);
}

static int read_side(void *from, void *to, size_t room, size_t *ret_len, struct err *err)
{
    struct span *left = from;
    struct span part = span_part(*left, 0, room);

    (void)err;
    if (part.len > 0)
        memcpy(to, part.data, part.len);
    *left = span_part(*left, part.len, left->len);
    *ret_len = part.len;
    return 0;
}

/* They may be there from a call that was cut later on, and then they are what the manifest pins; if
 * that is not why they are not taken, the algorithm is not taken either. */
static int put_requirements(struct agent_client *client, const struct relay *relay, struct err *err)
{
    struct span left = buf_span(&relay->side);
    struct httpc_upload body = {.read = read_side, .from = &left};

    if (left.len == 0)
        return 0;
    if (put(client, AGENT_OP_put_requirements, NULL, &body, err) < 0)
        return err->kind == ERR_STATE ? 0 : -1;
    return 0;
}

static int check_algorithm_type(struct grpc_call *call, struct err *err)
{
    const char *type;

    if (need_metadata(call, "algo_type", &type, err) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(algorithm_types); i++)
        if (strcmp(type, algorithm_types[i]) == 0)
            return 0;
    return err_set(err, ERR_INPUT, "algo_type '%.40s' is none of bin, python, wasm, docker", type);
}

static int algo(void *app, struct grpc_call *call, struct err *err)
{
    struct agent_door *door = app;
    OWNED_AGENT_CLIENT client = {0};
    OWNED_RELAY relay;
    struct httpc_upload body = {.read = relay_read, .from = &relay};

    relay_init(&relay, call, &door->uploads, REQUIREMENTS_MAX);
    relay.body_number = FIELD_ALGORITHM;
    relay.side_number = FIELD_REQUIREMENTS;
    if (agent_client_open_signed(door, call, &client, err) < 0 ||
        check_algorithm_type(call, err) < 0 || ask_algorithm(&client, err) < 0 ||
        relay_begin(&relay, err) < 0)
        return -1;
    if (relay.spooled == 0)
        return err_set(err, ERR_INPUT, "no algorithm came");
    if (put_requirements(&client, &relay, err) < 0 ||
        put(&client, AGENT_OP_put_algorithm, NULL, &body, err) < 0)
        return -1;
    return grpc_call_write(call, span_of(NULL, 0), err);
}

static int data(void *app, struct grpc_call *call, struct err *err)
{
    struct agent_door *door = app;
    OWNED_AGENT_CLIENT client = {0};
    OWNED_RELAY relay;
    struct httpc_upload body = {.read = relay_read, .from = &relay};
    const char *name;

    relay_init(&relay, call, &door->uploads, NAME_MAX_BYTES);
    relay.body_number = FIELD_DATASET;
    relay.side_number = FIELD_FILENAME;
    relay.side_is_name = true;
    if (agent_client_open_signed(door, call, &client, err) < 0 || ask_provider(&client, err) < 0 ||
        relay_begin(&relay, err) < 0)
        return -1;
    name = buf_str(&relay.side);
    if (relay.side.len == 0 || strlen(name) != relay.side.len)
        return err_set(err, ERR_INPUT, "the first message of a dataset has no filename");
    if (relay.spooled == 0)
        return err_set(err, ERR_INPUT, "no dataset came");
    if (ask_dataset(&client, name, err) < 0 ||
        put(&client, AGENT_OP_put_dataset, name, &body, err) < 0)
        return -1;
    return grpc_call_write(call, span_of(NULL, 0), err);
}

/* --- what comes down --- */

static int write_refused(void *refusal, struct span bytes, struct err *err)
{
    (void)bytes;
    *err = *(const struct err *)refusal;
    return -1;
}

/* Clients want to know how much comes before it does. As in refuse(), its words come from
 * asking again. */
static int find_size(struct agent_client *client, uint64_t *ret, struct err *err)
{
    struct api_op op = agent_ops[AGENT_OP_get_result];
    OWNED_HTTPC_REPLY reply = {0}, words = {0};
    struct httpc_sink nowhere = {.write = write_refused, .max = UINT64_MAX};
    struct err refusal;

    op.method = API_HEAD;
    if (agent_client_perform(client, (struct httpc_call){.op = &op}, &reply, err) < 0) {
        refusal = *err;
        nowhere.to = &refusal;
        op.method = API_GET;
        return reply.status < 400
                   ? -1
                   : agent_client_perform(client, (struct httpc_call){.op = &op, .sink = &nowhere},
                                          &words, err);
    }
    if (reply.length == UINT64_MAX)
        return err_set(err, ERR_INTERNAL, "the agent does not say how large the result is");
    *ret = reply.length;
    return 0;
}

/* A header that the agent takes from the gateway alone: with it the bytes of an answer do not count
 * as delivered when the gateway has them; they do when it says so. */
#define DELIVERED "Cocos-Delivered: "

/* The client has the whole of it, and the agent may forget it. */
static int confirm(struct agent_client *client, struct err *err)
{
    struct api_op op = agent_ops[AGENT_OP_get_result];
    OWNED_HTTPC_REPLY reply = {0};

    op.method = API_HEAD;
    client->headers[1] = DELIVERED "all";
    return agent_client_perform(client, (struct httpc_call){.op = &op}, &reply, err);
}

static int result(void *door, struct grpc_call *call, struct err *err)
{
    struct chunks chunks;
    struct httpc_sink sink = {chunks_write, &chunks, UINT64_MAX};
    struct httpc_call get = {.op = &agent_ops[AGENT_OP_get_result], .sink = &sink};
    OWNED_AGENT_CLIENT client = {0};
    OWNED_HTTPC_REPLY reply = {0};
    uint64_t size = 0;

    if (agent_client_open_signed(door, call, &client, err) < 0 ||
        find_size(&client, &size, err) < 0)
        return -1;
    client.headers[1] = DELIVERED "later";
    chunks_begin(&chunks, call, size);
    if (agent_client_perform(&client, get, &reply, err) < 0 || chunks_end(&chunks, err) < 0 ||
        grpc_call_await_received(call, err) < 0)
        return -1;
    return confirm(&client, err);
}

static const struct grpc_method methods[] = {
    {"Algo", algo},
    {"Data", data},
    {"Result", result},
    {"Attestation", evidence_attestation},
    {"IMAMeasurements", evidence_ima},
    {"AzureAttestationToken", evidence_azure_token},
};

struct grpc_service agent_service(struct agent_door *door)
{
    return (struct grpc_service){"agent.AgentService", methods, COUNT_OF(methods), door};
}
