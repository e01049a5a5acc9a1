/* Evidence for the connection on which it is asked for. Anyone may ask: the answer holds digests
 * and what the machine is, nothing that a party sent. */
#include "services/agent-api/api/api.h"
#include "services/agent-api/passage.h"

#include "lib/attest/evidence/eat.h"
#include "lib/attest/evidence/ima_text.h"
#include "lib/attest/evidence/legacy_eat.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/json/pointer.h"
#include "lib/json/table.h"
#include "lib/program/log.h"
#include "services/agent-api/attester/logs.h"

#include <stdio.h>
#include <strings.h>

#define TYPES_MAX      8
#define TYPE_NAME_MAX  16
#define EAT_MEDIA_TYPE "application/eat+cwt"
#define IMA_TEXT_TYPE  "text/plain"
#define IMA_TEXT_MAX   (4 * LOGS_IMA_MAX)

struct attestation_request {
    struct json_blob nonce;
    struct json_strings evidence;
    struct json_blob report_data; /* of the first agents' protocol; none: the question is ours */
    bool firmware_log;            /* wanted with it */
};

static const struct json_field request_fields[] = {
    JSON_FIELD_BASE64(attestation_request, nonce, TRANSCRIPT_VALUE_SIZE, TRANSCRIPT_VALUE_SIZE,
                      JSON_REQUIRED),
    JSON_FIELD_STR_LIST(attestation_request, evidence, TYPES_MAX, TYPE_NAME_MAX, JSON_NULLABLE),
    JSON_FIELD_BASE64(attestation_request, report_data, LEGACY_REPORT_DATA_SIZE,
                      LEGACY_REPORT_DATA_SIZE, 0),
    JSON_FIELD_BOOL(attestation_request, firmware_log, 0),
};
static const struct json_table request_table =
    JSON_TABLE("a request", attestation_request, request_fields);

static void request_done(struct attestation_request *request)
{
    json_release(&request_table, request);
}
#define OWNED_REQUEST __attribute__((cleanup(request_done))) struct attestation_request

static int find_type(const char *name, unsigned *ret, struct err *err)
{
    for (unsigned type = 0; type < BUNDLE_TYPE_COUNT; type++) {
        if (strcmp(bundle_type_names[type], name) == 0) {
            *ret = type;
            return 0;
        }
    }
    return err_set(err, ERR_INPUT, "'%s' is no kind of evidence", name);
}

static int read_types(const struct json_strings *names, uint32_t *ret, struct err *err)
{
    unsigned types = 0, type;

    for (size_t i = 0; i < names->count; i++) {
        if (find_type(names->items[i], &type, err) < 0) {
            json_wrap_index(err, i);
            return json_wrap_key(err, "evidence");
        }
        types |= 1u << type;
    }
    *ret = types;
    return 0;
}

/* What is known of this connection: the secret that both ends export from it, and the client's key.
 * The server's is for the keeper to name. */
static int name_connection(const struct httpd_request *rq, struct span nonce, struct pact_ask *ask,
                           struct err *err)
{
    if (httpd_export(rq, TRANSCRIPT_EXPORTER_LABEL, nonce, ask->exporter, sizeof(ask->exporter),
                     err) < 0)
        return -1;
    ask->channel = 1;
    memcpy(ask->nonce, nonce.data, sizeof(ask->nonce));
    ask->client = httpd_peer_identity(rq, ask->client_spki);
    return 0;
}

static bool accepts(const struct httpd_request *rq, const char *type)
{
    const char *accept = httpd_header(rq, "Accept");

    return accept != NULL && strcasecmp(accept, type) == 0;
}

/* The same as a token, for tools that know no bundle: signed by the key of this connection, which
 * the transcript names. */
static int reply_token(const struct app *app, struct span text, struct httpd_reply *reply,
                       struct err *err)
{
    OWNED_BUF token = BUF_OF(EAT_SIZE_MAX);
    OWNED_BUNDLE bundle = {.version = 0};

    if (bundle_parse(text, &bundle, err) < 0 ||
        eat_write(&bundle, app->identity.keys[IDENTITY_TLS], clock_now(), &token, err) < 0)
        return -1;
    httpd_reply_bytes(reply, 200, EAT_MEDIA_TYPE, &token);
    return 0;
}

/* --- for clients of the first agents --- */

/* What a caller chose says of no connection whose evidence it is: whoever gets it can show it. So
 * all parties have to know that there is such evidence. */
static int check_legacy(const struct app *app, const struct httpd_request *rq, struct err *err)
{
    OWNED_MANIFEST *manifest = NULL;

    if (!httpd_is_local(rq))
        return err_set(err, ERR_FORBIDDEN,
                       "evidence over report data of a caller's choice is given to the gateway of "
                       "this machine only");
    manifest = engine_keep_manifest(app->engine);
    if (manifest != NULL && manifest->legacy.attestation)
        return 0;
    return err_set(err, ERR_FORBIDDEN,
                   "no manifest allows evidence over report data of a caller's choice "
                   "(legacy.attestation): it names no connection, so whoever gets it can show it "
                   "as his own");
}

static int reply_legacy(const struct app *app, const struct attestation_request *request,
                        struct pact_ask *ask, struct httpd_reply *reply, struct err *err)
{
    OWNED_BUF text = BUF_OF(BUNDLE_TEXT_MAX), token = BUF_OF(EAT_SIZE_MAX);
    OWNED_BUNDLE bundle = {.version = 0};
    struct legacy_answer answer = {.bundle = &bundle, .issued = clock_now()};

    if (legacy_demand_set(bundle_span(&request->report_data), bundle_span(&request->nonce),
                          &answer.demand, err) < 0)
        return -1;
    ask->legacy = 1;
    legacy_nonce(&answer.demand, ask->nonce);
    if (line_ask(app->line, ask, false, &text, err) < 0 ||
        bundle_parse(buf_span(&text), &bundle, err) < 0)
        return -1;
    if (!request->firmware_log)
        bundle.logs.tcg.len = 0;
    if (legacy_eat_write(&answer, app->identity.keys[IDENTITY_TLS], &token, err) < 0)
        return -1;
    log_warn("evidence over report data of a caller's choice (legacy.attestation): it names no "
             "connection");
    httpd_reply_bytes(reply, 200, EAT_MEDIA_TYPE, &token);
    return 0;
}

/* --- both --- */

int api_post_attestation(void *ctx, struct httpd_request *rq, struct httpd_reply *reply,
                         struct err *err)
{
    struct app *app = ctx;
    struct pact_ask ask = {.types = 0};
    OWNED_REQUEST request = {.firmware_log = true};
    OWNED_BUF text = BUF_OF(BUNDLE_TEXT_MAX);

    if (passage_check(app, err) < 0 ||
        json_decode(httpd_json(rq), &request_table, &request, err) < 0 ||
        read_types(&request.evidence, &ask.types, err) < 0)
        return -1;
    if (request.report_data.len > 0)
        return check_legacy(app, rq, err) < 0 ? -1 : reply_legacy(app, &request, &ask, reply, err);
    if (name_connection(rq, bundle_span(&request.nonce), &ask, err) < 0 ||
        line_ask(app->line, &ask, false, &text, err) < 0)
        return -1;
    if (accepts(rq, EAT_MEDIA_TYPE))
        return reply_token(app, buf_span(&text), reply, err);
    httpd_reply_bytes(reply, 200, "application/json", &text);
    return 0;
}

/* --- the credential challenge --- */

struct activation_request {
    struct json_blob credential_blob, secret;
};

#define HALF(member)                                                                               \
    JSON_FIELD_BASE64(activation_request, member, 1, PACT_CHALLENGE_MAX, JSON_REQUIRED)
static const struct json_field activation_fields[] = {HALF(credential_blob), HALF(secret)};
static const struct json_table activation_table =
    JSON_TABLE("a challenge", activation_request, activation_fields);

static void activation_done(struct activation_request *request)
{
    json_release(&activation_table, request);
}
#define OWNED_ACTIVATION __attribute__((cleanup(activation_done))) struct activation_request

int api_post_activation(void *ctx, struct httpd_request *rq, struct httpd_reply *reply,
                        struct err *err)
{
    struct app *app = ctx;
    OWNED_ACTIVATION request = {.secret = {NULL, 0}};
    OWNED_BUF credential = BUF_OF(PACT_CREDENTIAL_MAX);
    struct json *json;

    if (passage_check(app, err) < 0 ||
        json_decode(httpd_json(rq), &activation_table, &request, err) < 0 ||
        line_activate(app->line, bundle_span(&request.credential_blob),
                      bundle_span(&request.secret), &credential, err) < 0)
        return -1;
    json = json_new_object();
    json_set_base64(json, "credential", buf_span(&credential));
    httpd_reply_json(reply, 200, json);
    return 0;
}

/* --- what the kernel measured --- */

/* As text with the register of SHA-1, as clients of the first agents want it; the register is the
 * text's tag, since it is the hash over all of its lines. */
static int reply_ima_text(struct span list, struct span sha1, struct httpd_reply *reply,
                          struct err *err)
{
    OWNED_BUF text = BUF_OF(IMA_TEXT_MAX);
    char hex[2 * DIGEST_SIZE_MAX + 1], tag[sizeof(hex) + 2];

    if (sha1.len == 0)
        return err_set(err, ERR_UNSUPPORTED,
                       "the list as text comes with PCR 10 of SHA-1, and this machine's TPM keeps "
                       "no such bank, or there is none; GET /v1/ima has it with SHA-256");
    if (ima_text_write(list, sha1, &text, err) < 0)
        return -1;
    text_hex(sha1.data, sha1.len, hex);
    snprintf(tag, sizeof(tag), "\"%s\"", hex);
    httpd_reply_header(reply, "ETag", tag);
    httpd_reply_bytes(reply, 200, IMA_TEXT_TYPE, &text);
    return 0;
}

int api_get_ima(void *ctx, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = ctx;
    OWNED_BUF list = BUF_OF(LOGS_IMA_MAX);
    OWNED_BUF pcr = BUF_OF(PACT_CREDENTIAL_MAX);
    struct span sha256, sha1;
    struct json *json;

    if (passage_check(app, err) < 0 || line_read_ima(app->line, &list, &pcr, err) < 0)
        return -1;
    if (list.len == 0)
        return err_set(err, ERR_NOT_FOUND, "this kernel keeps no list of what it measured");
    sha256 = span_part(buf_span(&pcr), 0, SHA256_SIZE);
    sha1 = span_part(buf_span(&pcr), SHA256_SIZE, pcr.len);
    if (accepts(rq, IMA_TEXT_TYPE))
        return reply_ima_text(buf_span(&list), sha1, reply, err);
    json = json_new_object();
    json_set_base64(json, "log", buf_span(&list));
    if (sha256.len > 0)
        json_set_hex(json, "pcr10", sha256);
    if (sha1.len > 0)
        json_set_hex(json, "pcr10_sha1", sha1);
    httpd_reply_json(reply, 200, json);
    return 0;
}
