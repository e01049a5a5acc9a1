#include "lib/httpc/channel.h"

#include "lib/attest/endorsement/credential.h"
#include "lib/attest/evidence/bundle.h"
#include "lib/attest/evidence/tpm_pb.h"
#include "lib/base/text.h"
#include "lib/crypto/secret.h"
#include "lib/httpc/internal.h"

#define CREDENTIAL_TEXT_MAX 256
#define WHY_MAX             512

/* One asking: what we chose, what the connection is, what came. */
struct asking {
    struct httpc *client;
    const struct httpc_terms *terms;
    struct channel_question question;
    uint8_t connection[EXPORTER_SIZE]; /* which one it is; see struct transfer */
    struct buf *bundle;

    struct credential_random random;
    bool proven; /* the TPM opened our secret */
    uint8_t ak_name[TPM_NAME_SIZE_MAX];
    size_t ak_name_len;
    struct bundle parsed; /* what the challenge was made from */
};

static void asking_done(struct asking *asking)
{
    bundle_done(&asking->parsed);
    mem_wipe(&asking->random, sizeof(asking->random));
}
#define OWNED_ASKING __attribute__((cleanup(asking_done))) struct asking

void httpc_attested_done(struct httpc_attested *attested)
{
    verdict_done(&attested->verdict);
    buf_done(&attested->bundle);
}

/* --- the first round: evidence --------------------------------------------------------------- */

static int take(void *to, struct span bytes, struct err *err)
{
    buf_add_span(to, bytes);
    return buf_check(to, "the evidence", err);
}

struct json *httpc_question(struct span nonce, const char *const *types)
{
    struct json *json = json_new_object(), *names;

    json_set_base64(json, "nonce", nonce);
    if (types == NULL)
        return json;
    names = json_new_array();
    for (; *types != NULL; types++)
        json_add(names, json_new_str(*types));
    json_set(json, "evidence", names);
    return json;
}

static int ask(struct asking *asking, struct err *err)
{
    OWNED_JSON *body = httpc_question(SPAN_OF_ARRAY(asking->question.nonce), asking->terms->types);
    const struct httpc_sink sink = {take, asking->bundle, BUNDLE_TEXT_MAX};
    const struct httpc_call call = {
        .op = &agent_ops[AGENT_OP_post_attestation], .json = body, .sink = &sink};
    OWNED_HTTPC_REPLY reply = {0};
    struct transfer x = {
        .client = asking->client, .call = &call, .reply = &reply, .question = &asking->question};
    int result;

    transfer_prepare(&x);
    result = transfer_run(&x, err);
    transfer_done(&x);
    memcpy(asking->connection, asking->client->exporter, EXPORTER_SIZE);
    return result;
}

/* --- the second: a secret for the TPM -------------------------------------------------------- */

/* The policy names makers, or an SVSM names the TPM's endorsement key. */
static bool wants_challenge(const struct asking *asking)
{
    const struct policy *policy = asking->terms->given.policy;

    return (policy != NULL && policy->vtpm.ek_root.count > 0) ||
           asking->parsed.endorsement.svsm_manifest.len > 0;
}

static const struct bundle_item *find_quote(const struct bundle *bundle)
{
    for (size_t i = 0; i < bundle_count(bundle); i++)
        if (bundle_at(bundle, i)->type == BUNDLE_VTPM)
            return bundle_at(bundle, i);
    return NULL;
}

static int read_ak_name(struct asking *asking, struct err *err)
{
    const struct bundle_item *item = find_quote(&asking->parsed);
    struct tpm_public ak;
    struct tpm_pb pb;

    if (item == NULL)
        return err_set(err, ERR_INPUT, "there is no quote");
    if (tpm_pb_parse(bundle_span(&item->data), &pb, err) < 0 ||
        tpm_public_parse(pb.ak_public, &ak, err) < 0)
        return -1;
    return tpm_public_name(&ak, asking->ak_name, &asking->ak_name_len, err);
}

static int make_challenge(struct asking *asking, struct json **ret, struct err *err)
{
    OWNED_CREDENTIAL_CHALLENGE challenge = {BUF_OF(0), BUF_OF(0)};
    struct tpm_public ek;

    random_bytes(&asking->random, sizeof(asking->random));
    if (read_ak_name(asking, err) < 0 ||
        tpm_public_parse(bundle_span(&asking->parsed.endorsement.ek), &ek, err) < 0 ||
        credential_make(&ek, span_of(asking->ak_name, asking->ak_name_len), &asking->random,
                        &challenge, err) < 0)
        return -1;
    *ret = json_new_object();
    json_set_base64(*ret, "credential_blob", buf_span(&challenge.blob));
    json_set_base64(*ret, "secret", buf_span(&challenge.encrypted));
    return 0;
}

/* On the same connection, or not at all. */
static int send_challenge(struct asking *asking, const struct json *body, struct buf *answer,
                          struct err *err)
{
    const struct httpc_call call = {.op = &agent_ops[AGENT_OP_post_activation], .json = body};
    OWNED_HTTPC_REPLY reply = {0};
    struct transfer x = {.client = asking->client,
                         .call = &call,
                         .reply = &reply,
                         .question = &asking->question,
                         .exporter_wanted = asking->connection};
    const char *text;
    int result;

    transfer_prepare(&x);
    result = transfer_run(&x, err);
    transfer_done(&x);
    if (result < 0)
        return -1;
    text = json_get_str(reply.json, "credential");
    if (text == NULL)
        return err_set(err, ERR_UNREACHABLE, "the answer to the TPM's challenge has no credential");
    return text_decode_base64(span_of_str(text), answer, err);
}

/* A TPM that does not answer well is not proven; the verdict then says what is missing. */
static int challenge(struct asking *asking, struct err *err)
{
    OWNED_BUF answer = BUF_OF(CREDENTIAL_TEXT_MAX);
    OWNED_JSON *body = NULL;
    struct err unfit;

    if (make_challenge(asking, &body, &unfit) < 0)
        return 0;
    if (send_challenge(asking, body, &answer, err) < 0)
        return err->kind == ERR_INPUT ? 0 : -1;
    asking->proven = secret_equal(buf_span(&answer), SPAN_OF_ARRAY(asking->random.secret));
    return 0;
}

/* --- the verdict ----------------------------------------------------------------------------- */

/* The certificate that we showed in the handshake, if any. */
static struct span own_identity(const struct httpc *client, uint8_t out[static SHA256_SIZE])
{
    if (client->config.key == NULL || client->config.auth != HTTPC_AUTH_CERTIFICATE)
        return span_of(NULL, 0);
    key_identity(client->config.key, out);
    return span_of(out, SHA256_SIZE);
}

static int judge(struct asking *asking, struct verdict *ret, struct err *err)
{
    const struct channel_question *question = &asking->question;
    uint8_t own[SHA256_SIZE];
    const struct attest_channel channel = {
        .exporter = SPAN_OF_ARRAY(question->exporter),
        .server = SPAN_OF_ARRAY(question->server),
        .client = own_identity(asking->client, own),
    };
    const struct attest_credential credential = {
        .ak_name = span_of(asking->ak_name, asking->ak_name_len),
        .ek = bundle_span(&asking->parsed.endorsement.ek),
        .ek_certificate = bundle_span(&asking->parsed.endorsement.ek_certificate),
    };
    struct attest_input in = asking->terms->given;

    in.format = ATTEST_BUNDLE;
    in.evidence = buf_span(asking->bundle);
    in.nonce = SPAN_OF_ARRAY(question->nonce);
    in.report_data = span_of(NULL, 0);
    in.channel = &channel;
    in.credential = asking->proven ? &credential : NULL;
    in.now = asking->client->config.clock();
    return attest_validate(&in, ret, err);
}

static void note_transcript(struct httpc_attested *attested)
{
    OWNED_BUNDLE bundle = {0};
    struct err unused;

    attested->has_transcript =
        bundle_parse(buf_span(&attested->bundle), &bundle, &unused) == 0 &&
        transcript_parse(bundle_span(&bundle.transcript), &attested->transcript, &unused) == 0;
}

static int attest(struct httpc *client, const struct httpc_terms *terms,
                  struct httpc_attested *attested, struct err *err)
{
    OWNED_ASKING asking = {.client = client, .terms = terms, .bundle = &attested->bundle};
    struct err malformed;

    random_bytes(asking.question.nonce, sizeof(asking.question.nonce));
    if (terms->given.nonce.len == sizeof(asking.question.nonce))
        memcpy(asking.question.nonce, terms->given.nonce.data, sizeof(asking.question.nonce));
    if (ask(&asking, err) < 0)
        return -1;
    if (bundle_parse(buf_span(asking.bundle), &asking.parsed, &malformed) < 0)
        asking.parsed = (struct bundle){.version = 0}; /* the verdict says what is wrong */
    if ((wants_challenge(&asking) && challenge(&asking, err) < 0) ||
        judge(&asking, &attested->verdict, err) < 0)
        return -1;
    if (verdict_accepted(&attested->verdict)) {
        memcpy(client->channel.connection, asking.connection, EXPORTER_SIZE);
        client->channel.open = true;
    }
    return 0;
}

int httpc_attest(struct httpc *client, const struct httpc_terms *terms, struct httpc_attested *ret,
                 struct err *err)
{
    OWNED_HTTPC_ATTESTED attested = {.bundle = BUF_OF(BUNDLE_TEXT_MAX)};

    client->channel = (struct channel){.terms = terms};
    if (attest(client, terms, &attested, err) < 0)
        return err_wrap(err, "attestation");
    note_transcript(&attested);
    *ret = attested;
    attested = (struct httpc_attested){.bundle = BUF_OF(0)};
    return 0;
}

/* "run.manifest: none: the computation of ... has ended" */
static void write_first_error(const struct verdict *verdict, struct buf *out)
{
    for (size_t i = 0; i < verdict->count; i++) {
        const struct finding *finding = &verdict->findings[i];

        if (finding->severity != SEVERITY_ERROR)
            continue;
        buf_add_str(out, finding_row(finding->id)->id);
        if (finding->got != NULL)
            buf_printf(out, ": %.200s", finding->got);
        return;
    }
    buf_add_str(out, "incomplete");
}

int channel_renew(struct httpc *client, struct err *err)
{
    OWNED_HTTPC_ATTESTED attested = {.bundle = BUF_OF(0)};
    OWNED_BUF why = BUF_OF(WHY_MAX);

    if (httpc_attest(client, client->channel.terms, &attested, err) < 0)
        return -1;
    if (verdict_accepted(&attested.verdict))
        return 0;
    write_first_error(&attested.verdict, &why);
    return err_set(err, ERR_UNTRUSTED,
                   "the connection was opened anew, and what answers now is not accepted (%s); "
                   "nothing was sent",
                   buf_str(&why));
}
