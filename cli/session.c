#include "cli/session.h"

#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/place.h"
#include "cli/print.h"
#include "cli/trust.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

#include <stdio.h>

#define CA_MAX     (1 * MIB)
#define LAG_MS     1500
#define USER_AGENT "cocos-cli/" COCOS_VERSION

const struct flag manager_flags[] = {
    {"manager-url", 0, FLAG_TEXT, "URL", "COCOS_MANAGER_URL", offsetof(struct manager_options, url),
     "address of the manager"},
    {"manager-token", 0, FLAG_TEXT, "TOKEN", "COCOS_MANAGER_TOKEN",
     offsetof(struct manager_options, token),
     "token that the manager knows; better kept in a profile or the environment"},
    {"manager-ca", 0, FLAG_TEXT, "FILE", "COCOS_MANAGER_CA", offsetof(struct manager_options, ca),
     "CA certificate of the manager; without it the machine's own roots decide"},
    {NULL},
};

static const char *const auth_names[] = {"certificate", "signature", NULL};

const struct flag agent_flags[] = {
    {"vm", 0, FLAG_TEXT, "ID", NULL, offsetof(struct agent_options, vm),
     "VM whose agent is meant; the manager is asked for its address and pin"},
    {"agent-url", 0, FLAG_TEXT, "URL", "COCOS_AGENT_URL", offsetof(struct agent_options, url),
     "address of the agent"},
    {"agent-pin", 0, FLAG_TEXT, "PIN", "COCOS_AGENT_PIN", offsetof(struct agent_options, pin),
     "key that the agent must show, as sha256//BASE64"},
    {"key", 0, FLAG_TEXT, "FILE", "COCOS_KEY", offsetof(struct agent_options, key),
     "private key that says which party asks"},
    {"auth", 0, FLAG_CHOICE, "HOW", NULL, offsetof(struct agent_options, auth),
     "how the key is shown: certificate (in the TLS handshake, default) or signature (RFC 9421)",
     .choices = auth_names},
    {NULL},
};

const struct flag evidence_flags[] = {
    {"insecure-no-attestation", 0, FLAG_BOOL, NULL, NULL,
     offsetof(struct evidence_options, insecure),
     "go on although nothing proves what runs at the other end"},
    {"policy", 0, FLAG_TEXT, "FILE", "COCOS_POLICY", offsetof(struct evidence_options, policy),
     "what the machine must prove to be, before anything is sent"},
    {"policy-key", 0, FLAG_TEXT, "FILE", NULL, offsetof(struct evidence_options, policy_key),
     "public key that must have signed the policy, where it is a signed CoRIM"},
    {"policy-sha256", 0, FLAG_TEXT, "HEX", NULL, offsetof(struct evidence_options, policy_sha256),
     "digest of the policy (RFC 8785 form); without --policy the manager is asked for that of "
     "--vm"},
    {"chain", 0, FLAG_LIST, "FILE", NULL, offsetof(struct evidence_options, chain),
     "certificates between the machine's platform and its root"},
    {"crl", 0, FLAG_LIST, "FILE", NULL, offsetof(struct evidence_options, crls),
     "revocation list; once for each"},
    {"trust-root", 0, FLAG_LIST, "FILE", NULL, offsetof(struct evidence_options, roots),
     "root that replaces the built-in ones of its family"},
    {NULL},
};

const struct flag agreed_flags[] = {
    {"manifest", 0, FLAG_TEXT, "FILE|SHA256", "COCOS_MANIFEST",
     offsetof(struct evidence_options, manifest),
     "what this party agreed to; anything else is refused before a byte is sent"},
    {NULL},
};

/* --- the manager --- */

static void on_trace(void *ctx, const char *line)
{
    (void)ctx;
    say("%s", line);
}

static struct httpc_config usual_config(const char *name, const char *url)
{
    return (struct httpc_config){
        .name = name,
        .url = url,
        .user_agent = USER_AGENT,
        .clock = clock_now,
        .ticks_ms = clock_monotonic_ms,
        .stopped = interrupt_came,
        .trace = say_is_verbose() ? on_trace : NULL,
    };
}

int session_open_manager(const struct manager_options *options, struct httpc **ret, struct err *err)
{
    struct httpc_config config = usual_config("manager", options->url);
    OWNED_BUF ca = BUF_OF(CA_MAX);

    if (options->url == NULL)
        return err_set(err, ERR_USAGE,
                       "which manager? 'cocos-cli login' writes a profile; or say --manager-url "
                       "(COCOS_MANAGER_URL)");
    if (options->ca != NULL) {
        if (input_read(options->ca, &ca, err) < 0)
            return err_wrap(err, "CA of the manager");
        config.trust = HTTPC_TRUST_CA;
        config.ca_pem = buf_span(&ca);
    }
    config.token = options->token;
    return httpc_new(&config, ret, err);
}

/* The one VM of that name, from the list. */
static int find_vm_by_name(struct httpc *manager, const char *name, struct json **ret,
                           struct err *err)
{
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_list_vms], .query = "limit=1000"};
    OWNED_HTTPC_REPLY reply = {0};
    const struct json *items, *found = NULL;

    if (httpc_perform(manager, &call, &reply, err) < 0)
        return -1;
    items = json_get(reply.json, "items");
    for (size_t i = 0; i < json_count(items); i++) {
        const char *its = json_get_str(json_at(items, i), "name");

        if (its == NULL || strcmp(its, name) != 0)
            continue;
        if (found != NULL)
            return err_set(err, ERR_USAGE, "more than one VM is called '%s'; say its id", name);
        found = json_at(items, i);
    }
    if (found == NULL)
        return err_set(err, ERR_NOT_FOUND, "there is no VM '%s'", name);
    *ret = json_new_copy(found);
    return 0;
}

int session_find_vm(struct httpc *manager, const char *id_or_name, struct json **ret,
                    struct err *err)
{
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_get_vm], .params = {id_or_name}};
    OWNED_HTTPC_REPLY reply = {0};

    if (httpc_perform(manager, &call, &reply, err) == 0) {
        *ret = GIVE(reply.json);
        return 0;
    }
    if (err->kind != ERR_NOT_FOUND)
        return -1;
    return find_vm_by_name(manager, id_or_name, ret, err);
}

/* --- the agent --- */

static int load_key(const struct agent_access *access, struct agent *agent, struct err *err)
{
    const char *path = access->key != NULL ? access->key : access->agent->key;

    if (path == NULL && access->key_needed)
        return err_set(err, ERR_USAGE,
                       "whose key? say KEY as the last argument, --key or COCOS_KEY");
    return path != NULL ? input_read_private_key(path, &agent->key, err) : 0;
}

/* The one way past this is said aloud, every time. */
static int load_trust(const struct agent_access *access, const char *manifest, struct agent *agent,
                      struct err *err)
{
    if (!access->evidence->insecure && trust_is_named(access->evidence))
        return trust_load(access, manifest, &agent->trust, err);
    if (access->evidence->insecure)
        say_warning("--insecure-no-attestation: nothing proves what runs there; whoever runs that "
                    "machine can read what is sent and make up what comes back");
    else if (access->evidence_needed)
        return err_set(err, ERR_UNTRUSTED,
                       "nothing was sent: what must the machine prove to be? say --policy FILE, or "
                       "--policy-sha256 HEX with --vm; --insecure-no-attestation goes on without");
    return 0;
}

/* What was seen once stays: also a connection that is opened anew must show this manifest. */
static void pin_manifest(struct agent *agent, const struct httpc_attested *attested)
{
    const struct transcript *transcript = &attested->transcript;

    if (attested->has_transcript && transcript->has[TRANSCRIPT_MANIFEST])
        trust_pin_manifest(agent->trust, transcript->value[TRANSCRIPT_MANIFEST]);
}

int session_attest(struct agent *agent, struct httpc_attested *ret, struct err *err)
{
    if (httpc_attest(agent->http, trust_terms(agent->trust), ret, err) < 0)
        return -1;
    pin_manifest(agent, ret);
    return 0;
}

/* Before anything else is asked or sent. */
static int prove(struct agent *agent, struct err *err)
{
    OWNED_HTTPC_ATTESTED attested = {.has_transcript = false};

    if (agent->trust == NULL)
        return 0;
    if (session_attest(agent, &attested, err) < 0)
        return err->kind == ERR_UNSUPPORTED || err->kind == ERR_NOT_FOUND
                   ? err_set(err, ERR_UNTRUSTED, "nothing was sent: the machine has no evidence")
                   : -1;
    if (verdict_accepted(&attested.verdict)) {
        agent->evidence = attested.bundle;
        attested.bundle = BUF_OF(0);
        return 0;
    }
    trust_explain(&attested.verdict);
    return err_set(err, ERR_UNTRUSTED,
                   "nothing was sent: the machine's evidence is not what the policy accepts");
}

static int connect_agent(const struct agent_access *access, const struct agent_place *place,
                         struct agent *agent, struct err *err)
{
    struct httpc_config config = usual_config("agent", place->url);
    const char *auth = access->agent->auth;

    config.trust = place->pin != NULL ? HTTPC_TRUST_PIN : HTTPC_TRUST_ANY;
    config.pin = place->pin;
    config.key = agent->key;
    config.auth = auth != NULL && strcmp(auth, "signature") == 0 ? HTTPC_AUTH_SIGNATURE
                                                                 : HTTPC_AUTH_CERTIFICATE;
    agent->signs = agent->key != NULL && config.auth == HTTPC_AUTH_SIGNATURE;
    config.opener = &agent_ops[AGENT_OP_get_state];
    if (httpc_new(&config, &agent->http, err) < 0 || prove(agent, err) < 0 ||
        session_read_state(agent, err) < 0)
        return -1;
    if (place->pin == NULL && agent->trust == NULL)
        say_warning("the agent's key %s is taken unchecked; --agent-pin would check it",
                    httpc_peer_pin(agent->http));
    return 0;
}

/* The manager is a moment behind an agent that has just taken another key. */
static int connect_again(const struct agent_access *access, const char *refused,
                         struct agent *agent, struct err *err)
{
    OWNED_PLACE place = {NULL};
    struct err later;

    if (interrupt_sleep(LAG_MS, err) < 0)
        return -1;
    if (place_find(access, &place, &later) < 0 || place.pin == NULL ||
        strcmp(place.pin, refused) == 0)
        return -1; /* as it was */
    httpc_free(GIVE(agent->http));
    return connect_agent(access, &place, agent, err);
}

static int reach_agent(const struct agent_access *access, struct agent *agent, struct err *err)
{
    OWNED_PLACE place = {NULL};

    if (place_find(access, &place, err) < 0)
        return -1;
    if (connect_agent(access, &place, agent, err) == 0)
        return 0;
    if (err->kind != ERR_UNTRUSTED || agent->trust != NULL || access->agent->vm == NULL)
        return -1;
    return connect_again(access, place.pin, agent, err);
}

static int check_manifest(const struct agent_access *access, const char *wanted,
                          const struct agent *agent, struct err *err)
{
    if (access->computation_needed && agent->computation[0] == '\0')
        return err_set(err, ERR_STATE, "the agent has no manifest yet: 'cocos-cli manifest send'");
    if (wanted[0] == '\0' || strcmp(wanted, agent->computation) == 0)
        return 0;
    return err_set(err, ERR_UNTRUSTED,
                   "nothing was sent: the agent runs manifest %s, but this party agreed to %s",
                   agent->computation[0] != '\0' ? agent->computation : "(none)", wanted);
}

int session_open_agent(const struct agent_access *access, struct agent **ret, struct err *err)
{
    OWNED_AGENT *agent = mem_new(struct agent);
    char wanted[MANIFEST_HASH_SIZE] = "";

    if (load_key(access, agent, err) < 0)
        return -1;
    if (access->evidence->manifest != NULL &&
        session_manifest_digest(access->evidence->manifest, wanted, err) < 0)
        return -1;
    if (load_trust(access, wanted, agent, err) < 0 || reach_agent(access, agent, err) < 0 ||
        check_manifest(access, wanted, agent, err) < 0)
        return -1;
    *ret = GIVE(agent);
    return 0;
}

void agent_free(struct agent *agent)
{
    if (agent == NULL)
        return;
    httpc_free(agent->http);
    trust_free(agent->trust);
    key_free(agent->key);
    json_free(agent->state);
    buf_done(&agent->evidence);
    free(agent);
}

int session_read_state(struct agent *agent, struct err *err)
{
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_get_state]};
    OWNED_HTTPC_REPLY reply = {0};
    const char *computation;

    if (httpc_perform(agent->http, &call, &reply, err) < 0)
        return -1;
    if (json_get_str(reply.json, "state") == NULL)
        return err_set(err, ERR_UNREACHABLE, "%s: what answers there is no agent",
                       httpc_url(agent->http));
    json_free(agent->state);
    agent->state = GIVE(reply.json);
    computation = json_get_str(agent->state, "manifest_sha256");
    snprintf(agent->computation, sizeof(agent->computation), "%s", computation ? computation : "");
    return 0;
}

int session_read_manifest(struct agent *agent, struct manifest **ret, struct err *err)
{
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_get_computation]};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_MANIFEST *manifest = NULL;

    if (agent_call(agent, &call, &reply, err) < 0)
        return -1;
    if (reply.json == NULL)
        return err_set(err, ERR_UNREACHABLE, "the agent's manifest is not JSON");
    if (manifest_decode(reply.json, &manifest, err) < 0)
        return err_wrap(err, "the agent's manifest");
    if (strcmp(manifest->sha256, agent->computation) != 0)
        return err_set(err, ERR_UNTRUSTED, "the agent shows manifest %s, but says it runs %s",
                       manifest->sha256, agent->computation);
    *ret = GIVE(manifest);
    return 0;
}

static bool is_digest(const char *text)
{
    uint8_t digest[SHA256_SIZE];
    struct err ignored;

    return text_parse_hex(text, digest, sizeof(digest), &ignored) == 0;
}

int session_manifest_digest(const char *file_or_digest, char out[static MANIFEST_HASH_SIZE],
                            struct err *err)
{
    uint8_t digest[SHA256_SIZE];
    OWNED_JSON *json = NULL;

    if (is_digest(file_or_digest)) {
        if (text_parse_hex(file_or_digest, digest, sizeof(digest), err) < 0)
            return -1;
        text_hex(digest, sizeof(digest), out); /* in lower case */
        return 0;
    }
    if (input_read_json(file_or_digest, MANIFEST_SIZE_MAX, &json, err) < 0 ||
        manifest_hash(json, out, err) < 0)
        return err_wrap(err, "manifest");
    return 0;
}

int agent_call(struct agent *agent, struct httpc_call *call, struct httpc_reply *reply,
               struct err *err)
{
    call->computation = agent->computation;
    return httpc_perform(agent->http, call, reply, err);
}
