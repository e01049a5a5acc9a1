#include "services/agent-api/auth.h"

#include "services/agent-api/legacy.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/computation/role.h"
#include "lib/http/signature.h"
#include "lib/program/log.h"

#include <pthread.h>

#define CHANNEL_LABEL "EXPORTER-Channel-Binding" /* RFC 9266 */
#define CHANNEL_SIZE  32
#define LEGACY_HEADER "Cocos-Legacy-Signature"
#define CALLER_HEADER "Cocos-Caller"

struct auth {
    struct engine *engine;
    const struct key *owner;
    char owner_id[KEY_IDENTITY_TEXT_SIZE]; /* "" without one */
    pthread_mutex_t lock;
    struct nonce_set *nonces;
};

/* What each operation is, in terms of roles. */
static const enum deed deeds[AGENT_OP_COUNT] = {
    [AGENT_OP_put_computation] = DEED_SET_COMPUTATION,
    [AGENT_OP_get_computation] = DEED_READ_COMPUTATION,
    [AGENT_OP_delete_computation] = DEED_END_COMPUTATION,
    [AGENT_OP_head_algorithm] = DEED_SEND_ALGORITHM,
    [AGENT_OP_put_algorithm] = DEED_SEND_ALGORITHM,
    [AGENT_OP_head_requirements] = DEED_SEND_ALGORITHM,
    [AGENT_OP_put_requirements] = DEED_SEND_ALGORITHM,
    [AGENT_OP_head_dataset] = DEED_SEND_DATASET,
    [AGENT_OP_put_dataset] = DEED_SEND_DATASET,
    [AGENT_OP_post_run] = DEED_START_RUN,
    [AGENT_OP_get_result] = DEED_FETCH_RESULT,
    [AGENT_OP_get_receipt] = DEED_READ_RECEIPT,
    [AGENT_OP_get_receipt_evidence] = DEED_READ_RECEIPT,
    [AGENT_OP_get_logs] = DEED_READ_LOGS,
    [AGENT_OP_list_events] = DEED_READ_EVENTS,
};

struct auth *auth_new(struct engine *engine, const struct key *owner)
{
    struct auth *auth = mem_new(struct auth);

    auth->engine = engine;
    auth->owner = owner;
    if (owner != NULL)
        key_identity_text(owner, auth->owner_id);
    pthread_mutex_init(&auth->lock, NULL);
    auth->nonces = nonce_set_new();
    return auth;
}

void auth_free(struct auth *auth)
{
    if (auth == NULL)
        return;
    nonce_set_free(auth->nonces);
    pthread_mutex_destroy(&auth->lock);
    free(auth);
}

const struct caller *auth_caller(const struct httpd_request *rq)
{
    return httpd_caller(rq);
}

static void release_caller(void *caller)
{
    manifest_free(((struct caller *)caller)->manifest);
    free(caller);
}

/* --- signatures --- */

static struct signature_message message_of(const struct httpd_request *rq)
{
    return (struct signature_message){
        .method = httpd_method(rq),
        .path = httpd_path(rq),
        .query = httpd_query_text(rq),
        .content_digest = httpd_header(rq, "Content-Digest"),
        .computation = httpd_header(rq, "Cocos-Computation"),
        .channel = httpd_header(rq, "Cocos-Channel"),
    };
}

static int parse_signature(const struct httpd_request *rq, struct signature_params *ret,
                           struct buf *bytes, struct err *err)
{
    const struct signature_fields fields = {
        .input = httpd_header(rq, "Signature-Input"),
        .signature = httpd_header(rq, "Signature"),
        .has_body = httpd_has_body(rq),
    };

    if (fields.input == NULL || fields.signature == NULL)
        return err_set(err, ERR_UNAUTHENTICATED,
                       "of the headers Signature-Input and Signature there is only one");
    return signature_parse(&fields, clock_now(), ret, bytes, err);
}

/* The signature was made for this connection. */
static int check_channel(const struct httpd_request *rq, struct err *err)
{
    const char *channel = httpd_header(rq, "Cocos-Channel");
    uint8_t binding[CHANNEL_SIZE];
    char expected[2 * CHANNEL_SIZE + 1];

    if (httpd_export(rq, CHANNEL_LABEL, span_of(NULL, 0), binding, sizeof(binding), err) < 0)
        return -1;
    text_hex(binding, sizeof(binding), expected);
    if (channel == NULL || strcmp(channel, expected) != 0)
        return err_set(err, ERR_UNAUTHENTICATED, "the signature is for another connection");
    return 0;
}

/* The signature was made for this computation. */
static int check_computation(const struct httpd_request *rq, const char *sha256, struct err *err)
{
    const char *computation = httpd_header(rq, "Cocos-Computation");

    if (computation == NULL || strcmp(computation, sha256) != 0)
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the signature is for another computation than manifest_sha256 %s", sha256);
    return 0;
}

/* Verifies, and only then spends the nonce: nobody can spend another's. */
static int verify(struct auth *auth, const struct httpd_request *rq, const struct key *key,
                  struct err *err)
{
    struct signature_message message = message_of(rq);
    OWNED_BUF bytes = BUF_OF(SIGNATURE_HEADER_MAX);
    struct signature_params params;
    int result;

    if (parse_signature(rq, &params, &bytes, err) < 0 || check_channel(rq, err) < 0)
        return -1;
    if (signature_verify(&message, httpd_header(rq, "Signature-Input"), buf_span(&bytes), key,
                         err) < 0)
        return -1;
    pthread_mutex_lock(&auth->lock);
    result =
        nonce_set_add(auth->nonces, params.key_id, params.nonce, params.expires, clock_now(), err);
    pthread_mutex_unlock(&auth->lock);
    return result;
}

/* Who signed, for an operation on the present computation. */
static int prove_signed(struct auth *auth, const struct httpd_request *rq, struct caller *caller,
                        struct err *err)
{
    OWNED_BUF bytes = BUF_OF(SIGNATURE_HEADER_MAX);
    struct signature_params params;
    const struct key *key;

    if (parse_signature(rq, &params, &bytes, err) < 0)
        return -1;
    if (caller->manifest == NULL)
        return 0; /* nobody is named who could have signed; may() says what is missing */
    key = manifest_find_key(caller->manifest, params.key_id);
    if (key == NULL)
        return err_set(err, ERR_FORBIDDEN, "the manifest does not name this key");
    if (check_computation(rq, caller->manifest->sha256, err) < 0)
        return -1;
    key_identity(key, caller->identity);
    return verify(auth, rq, key, err);
}

/* Who signed a manifest to be set: its owner, whom the body names unless the share does. */
static int prove_signed_owner(struct auth *auth, const struct httpd_request *rq,
                              struct caller *caller, struct err *err)
{
    OWNED_BUF bytes = BUF_OF(SIGNATURE_HEADER_MAX);
    struct signature_params params;

    if (parse_signature(rq, &params, &bytes, err) < 0)
        return -1;
    if (auth->owner == NULL) {
        caller->is_pending = true;
        return 0;
    }
    if (strcmp(params.key_id, auth->owner_id) != 0)
        return err_set(err, ERR_FORBIDDEN, "only the owner of this machine may set a computation");
    key_identity(auth->owner, caller->identity);
    return verify(auth, rq, auth->owner, err);
}

/* --- older clients, through the gateway --- */

static int prove_legacy(const struct httpd_request *rq, enum deed deed, struct caller *caller,
                        struct err *err)
{
    if (!httpd_is_local(rq))
        return err_set(err, ERR_UNAUTHENTICATED,
                       "Cocos-Legacy-Signature counts only from the gateway of this machine");
    if (caller->manifest == NULL)
        return 0; /* may() says what is missing */
    if (!caller->manifest->legacy.signatures)
        return err_set(err, ERR_UNAUTHENTICATED,
                       "the manifest does not allow signatures over a role's name "
                       "(legacy.signatures): they can be used again by whoever has seen one");
    if (legacy_find_signer(caller->manifest, deed, httpd_header(rq, LEGACY_HEADER),
                           caller->identity, err) < 0)
        return -1;
    log_warn("%s %s: by a signature that can be used again (legacy.signatures)", httpd_method(rq),
             httpd_path(rq));
    return 0;
}

/* The gateway has seen the client prove the key in their handshake, as we would have. */
static int prove_vouched(const struct httpd_request *rq, struct caller *caller, struct err *err)
{
    if (!httpd_is_local(rq))
        return err_set(err, ERR_UNAUTHENTICATED,
                       CALLER_HEADER " counts only from the gateway of this machine");
    if (text_parse_hex(httpd_header(rq, CALLER_HEADER), caller->identity, SHA256_SIZE, err) < 0) {
        err->kind = ERR_UNAUTHENTICATED;
        return err_wrap(err, CALLER_HEADER);
    }
    return 0;
}

/* --- who, and may he --- */

static int prove(struct auth *auth, struct httpd_request *rq, enum deed deed, struct caller *caller,
                 struct err *err)
{
    caller->is_signed =
        httpd_header(rq, "Signature-Input") != NULL || httpd_header(rq, "Signature") != NULL;
    if (caller->is_signed && deed == DEED_SET_COMPUTATION)
        return prove_signed_owner(auth, rq, caller, err);
    if (caller->is_signed)
        return prove_signed(auth, rq, caller, err);
    if (httpd_header(rq, LEGACY_HEADER) != NULL)
        return prove_legacy(rq, deed, caller, err);
    if (httpd_header(rq, CALLER_HEADER) != NULL)
        return prove_vouched(rq, caller, err);
    if (httpd_peer_identity(rq, caller->identity))
        return 0;
    return err_set(err, ERR_UNAUTHENTICATED,
                   "neither a client certificate nor a signature says who asks");
}

static bool is_owner(const struct auth *auth, const struct caller *caller)
{
    char text[KEY_IDENTITY_TEXT_SIZE];

    text_hex(caller->identity, SHA256_SIZE, text);
    return auth->owner == NULL || strcmp(text, auth->owner_id) == 0;
}

static int may(struct auth *auth, const struct httpd_request *rq, enum deed deed,
               const struct caller *caller, struct err *err)
{
    const char *filename = httpd_param(rq, "filename");
    unsigned roles;

    if (deed == DEED_SET_COMPUTATION) {
        if (caller->is_pending || is_owner(auth, caller))
            return 0;
        return err_set(err, ERR_FORBIDDEN, "only the owner of this machine may set a computation");
    }
    if (caller->manifest == NULL)
        return err_set(err, ERR_STATE, "in state %s: no manifest is set",
                       state_names[engine_state(auth->engine)]);

    roles = role_of(caller->manifest, caller->identity, filename);
    if (deed == DEED_SEND_DATASET && roles != 0 &&
        manifest_find_dataset(caller->manifest, filename) == NULL)
        return err_set(err, ERR_NOT_FOUND, "the manifest declares no dataset '%s'", filename);
    return role_check(roles, deed, err);
}

/* Who names the computation that he means is not taken for one of another, also when a certificate
 * says who he is: what an owner sets meanwhile may do other things with the same dataset. A
 * signature was checked for this already. */
static int check_meant(const struct httpd_request *rq, const struct caller *caller, struct err *err)
{
    const char *meant = httpd_header(rq, "Cocos-Computation");

    if (meant == NULL || caller->is_signed || caller->manifest == NULL ||
        strcmp(meant, caller->manifest->sha256) == 0)
        return 0;
    return err_set(err, ERR_STATE,
                   "the request means another computation than manifest_sha256 %s, which is set",
                   caller->manifest->sha256);
}

/* The body's digest, where one is announced, is checked at its end; a signature covers it. */
static int expect_digest(struct httpd_request *rq, struct err *err)
{
    const char *value = httpd_header(rq, "Content-Digest");
    uint8_t digest[SHA256_SIZE];

    if (value == NULL || !httpd_has_body(rq))
        return 0;
    if (content_digest_read(value, digest, err) < 0)
        return -1;
    httpd_expect_digest(rq, digest);
    return 0;
}

int auth_admit(struct auth *auth, struct httpd_request *rq, struct err *err)
{
    enum deed deed = deeds[httpd_op(rq) - agent_ops];
    struct caller *caller = mem_new(struct caller);

    httpd_set_caller(rq, caller, release_caller);
    caller->manifest = engine_keep_manifest(auth->engine);
    if (prove(auth, rq, deed, caller, err) < 0 || may(auth, rq, deed, caller, err) < 0 ||
        (deed != DEED_SET_COMPUTATION && check_meant(rq, caller, err) < 0))
        return -1;
    return expect_digest(rq, err);
}

/* A pending signature is verified with the owner's key from the body. */
static int settle(struct auth *auth, struct httpd_request *rq, const struct manifest *manifest,
                  struct caller *caller, struct err *err)
{
    OWNED_BUF bytes = BUF_OF(SIGNATURE_HEADER_MAX);
    struct signature_params params;
    char owner_id[KEY_IDENTITY_TEXT_SIZE];

    if (parse_signature(rq, &params, &bytes, err) < 0)
        return -1;
    key_identity_text(manifest->owner.public_key, owner_id);
    if (strcmp(owner_id, params.key_id) != 0)
        return err_set(err, ERR_FORBIDDEN, "the manifest names another owner than who signed");
    memcpy(caller->identity, manifest->owner.identity, SHA256_SIZE);
    return verify(auth, rq, manifest->owner.public_key, err);
}

int auth_check_owner(struct auth *auth, struct httpd_request *rq, const struct manifest *manifest,
                     struct err *err)
{
    struct caller *caller = httpd_caller(rq);

    if (caller->is_signed && check_computation(rq, manifest->sha256, err) < 0)
        return -1;
    if (caller->is_pending && settle(auth, rq, manifest, caller, err) < 0)
        return -1;
    return role_check(role_of(manifest, caller->identity, NULL), DEED_SET_COMPUTATION, err);
}
