#include "services/grpc-gateway/agent/evidence.h"

#include "services/grpc-gateway/agent/chunks.h"
#include "services/grpc-gateway/grpc/message.h"

#include "lib/base/text.h"
#include "lib/crypto/digest.h"

#include <proto/agent.pb-c.h>
#include <string.h>

#define TEE_NONCE_MAX  64
#define VTPM_NONCE_MAX 32
#define NONCE_SIZE     32

/* agent.proto */
enum { TYPE_SNP, TYPE_VTPM, TYPE_SNP_VTPM, TYPE_AZURE, TYPE_TDX };

static const char *const kinds[][3] = {
    [TYPE_SNP] = {"snp"},
    [TYPE_VTPM] = {"vtpm"},
    [TYPE_SNP_VTPM] = {"snp", "vtpm"},
    [TYPE_TDX] = {"tdx"},
};

static int check_request(const Agent__AttestationRequest *request, struct err *err)
{
    if (request->teenonce.len > TEE_NONCE_MAX)
        return err_set(err, ERR_INPUT, "teeNonce: %zu bytes, at most %d", request->teenonce.len,
                       TEE_NONCE_MAX);
    if (request->vtpmnonce.len > VTPM_NONCE_MAX)
        return err_set(err, ERR_INPUT, "vtpmNonce: %zu bytes, at most %d", request->vtpmnonce.len,
                       VTPM_NONCE_MAX);
    if (request->type == TYPE_AZURE)
        return err_set(err, ERR_UNSUPPORTED, "type 3: this machine is none of Azure's");
    if (request->type < 0 || request->type > TYPE_TDX)
        return err_set(err, ERR_INPUT,
                       "type %d: 0 is SNP, 1 vTPM, 2 both, 4 TDX, and others there are not",
                       request->type);
    return 0;
}

static void make_nonce(const Agent__AttestationRequest *request, uint8_t ret[static NONCE_SIZE])
{
    struct digest *digest;

    if (request->teenonce.len == 0 && request->vtpmnonce.len == NONCE_SIZE) {
        memcpy(ret, request->vtpmnonce.data, NONCE_SIZE);
        return;
    }
    digest = digest_new(DIGEST_SHA256);
    digest_add(digest, span_of(request->teenonce.data, request->teenonce.len));
    digest_add(digest, span_of(request->vtpmnonce.data, request->vtpmnonce.len));
    digest_finish(digest, ret);
    digest_free(digest);
}

static void set_wanted(struct json *question, int32_t type)
{
    struct json *wanted = json_new_array();

    for (size_t i = 0; kinds[type][i] != NULL; i++)
        json_add(wanted, json_new_str(kinds[type][i]));
    json_set(question, "evidence", wanted);
}

/* What the client chose, as it is. */
static struct json *make_legacy_question(const Agent__AttestationRequest *request)
{
    struct legacy_demand demand;
    struct json *question;
    struct err none;

    if (legacy_demand_set(span_of(request->teenonce.data, request->teenonce.len),
                          span_of(request->vtpmnonce.data, request->vtpmnonce.len), &demand,
                          &none) < 0)
        return NULL;
    question = evidence_question(&demand);
    set_wanted(question, request->type);
    return question;
}

/* Ours, fresh by it. */
static struct json *make_question(const Agent__AttestationRequest *request)
{
    struct json *question = json_new_object();
    uint8_t nonce[NONCE_SIZE];

    make_nonce(request, nonce);
    json_set_base64(question, "nonce", SPAN_OF_ARRAY(nonce));
    set_wanted(question, request->type);
    return question;
}

struct json *evidence_question(const struct legacy_demand *demand)
{
    struct json *question = json_new_object();

    json_set_base64(question, "nonce", SPAN_OF_ARRAY(demand->nonce));
    json_set_base64(question, "report_data", SPAN_OF_ARRAY(demand->report_data));
    return question;
}

/* The answer's size stands in its head, and the head is there before its first byte. */
struct relayed {
    struct chunks chunks;
    const struct httpc_reply *reply;
    struct grpc_call *call;
};

static int begin_relayed(struct relayed *relayed, struct err *err)
{
    if (relayed->reply->length == UINT64_MAX)
        return err_set(err, ERR_INTERNAL, "the agent does not say how large its answer is");
    chunks_begin(&relayed->chunks, relayed->call, relayed->reply->length);
    return 0;
}

static int write_relayed(void *to, struct span bytes, struct err *err)
{
    struct relayed *relayed = to;

    if (relayed->chunks.call == NULL && begin_relayed(relayed, err) < 0)
        return -1;
    return chunks_write(&relayed->chunks, bytes, err);
}

/* Asks, and hands the answer on. */
static int relay_answer(struct agent_client *client, const struct json *question,
                        struct grpc_call *call, struct err *err)
{
    OWNED_HTTPC_REPLY reply = {0};
    struct relayed relayed = {.reply = &reply, .call = call};
    struct httpc_sink sink = {write_relayed, &relayed, UINT64_MAX};
    struct httpc_call post = {
        .op = &agent_ops[AGENT_OP_post_attestation], .sink = &sink, .json = question};

    if (agent_client_perform(client, post, &reply, err) < 0)
        return -1;
    return chunks_end(&relayed.chunks, err);
}

int evidence_attestation(void *door, struct grpc_call *call, struct err *err)
{
    OWNED_GRPC_MESSAGE *message = NULL;
    OWNED_AGENT_CLIENT client = {0};
    OWNED_JSON *legacy = NULL, *ours = NULL;
    const Agent__AttestationRequest *request;

    if (grpc_message_read(call, &agent__attestation_request__descriptor, &message, err) < 0)
        return -1;
    request = (const Agent__AttestationRequest *)message;
    if (check_request(request, err) < 0 || agent_client_open(door, call, &client, err) < 0)
        return -1;
    legacy = make_legacy_question(request);
    if (relay_answer(&client, legacy, call, err) == 0)
        return 0;
    if (err->kind != ERR_FORBIDDEN) /* the manifest, which may change, says whether */
        return -1;
    ours = make_question(request);
    return relay_answer(&client, ours, call, err);
}

/* --- what the kernel measured ---------------------------------------------------------------- */

#define PCR10_TAG  (2 << 3 | 2) /* the second field, bytes */
#define PCR10_SIZE 20

/* Clients look at the register in each message. The agent's answer has it in its tag. */
struct listed {
    struct relayed relayed;
    uint8_t pcr10[2 + PCR10_SIZE];
};

static int write_listed(void *to, struct span bytes, struct err *err)
{
    struct listed *listed = to;
    struct relayed *relayed = &listed->relayed;

    if (relayed->chunks.call == NULL) {
        listed->pcr10[0] = PCR10_TAG;
        listed->pcr10[1] = PCR10_SIZE;
        if (text_parse_hex(relayed->reply->etag, listed->pcr10 + 2, PCR10_SIZE, err) < 0) {
            err->kind = ERR_INTERNAL;
            return err_wrap(err, "the agent's word for PCR 10");
        }
        if (begin_relayed(relayed, err) < 0)
            return -1;
        relayed->chunks.side = SPAN_OF_ARRAY(listed->pcr10);
    }
    return chunks_write(&relayed->chunks, bytes, err);
}

int evidence_ima(void *door, struct grpc_call *call, struct err *err)
{
    OWNED_GRPC_MESSAGE *message = NULL;
    OWNED_AGENT_CLIENT client = {0};
    OWNED_HTTPC_REPLY reply = {0};
    struct listed listed = {.relayed = {.reply = &reply, .call = call}};
    struct httpc_sink sink = {write_listed, &listed, UINT64_MAX};
    struct httpc_call get = {.op = &agent_ops[AGENT_OP_get_ima], .sink = &sink};

    if (grpc_message_read(call, &agent__imameasurements_request__descriptor, &message, err) < 0 ||
        agent_client_open(door, call, &client, err) < 0)
        return -1;
    client.headers[0] = "Accept: text/plain";
    if (agent_client_perform(&client, get, &reply, err) < 0)
        return -1;
    return chunks_end(&listed.relayed.chunks, err);
}

int evidence_azure_token(void *door, struct grpc_call *call, struct err *err)
{
    (void)door;
    (void)call;
    return err_set(err, ERR_UNSUPPORTED, "this machine is none of Azure's: it has no such token");
}
