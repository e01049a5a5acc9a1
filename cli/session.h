/* Connections: to a manager, with the token that says who operates, and to an agent, with the key
 * that says which party asks. Their addresses are settings; an agent's may also be asked of the
 * manager (--vm). */
#ifndef COCOS_CLI_SESSION_H
#define COCOS_CLI_SESSION_H

#include "cli/command.h"
#include "lib/computation/manifest.h"
#include "lib/httpc/httpc.h"

struct manager_options {
    const char *url;
    const char *token;
    const char *ca; /* path of a PEM file */
};
extern const struct flag manager_flags[];

struct agent_options {
    const char *url;
    const char *pin;
    const char *vm;
    const char *key; /* path */
    const char *auth;
};
extern const struct flag agent_flags[];

/* For what must not happen before the machine's evidence was verified: trust.h reads most of it. */
struct evidence_options {
    bool insecure;
    const char *policy, *policy_key; /* paths */
    const char *policy_sha256;
    struct flag_list chain, crls, roots; /* paths */
    const char *manifest;                /* path, or SHA-256 in hex */
};
extern const struct flag evidence_flags[]; /* of every command that speaks with an agent */
#define POLICY_FLAGS (evidence_flags + 1)  /* without the way past them */
extern const struct flag agreed_flags[];   /* --manifest, of those that move data of a party */

/* Opens nothing yet; the first call connects. Errors: USAGE. */
MUST_USE int session_open_manager(const struct manager_options *options, struct httpc **ret,
                                  struct err *err);

/* A VM as the manager tells it, by id or by name. Errors: NOT_FOUND, what the manager says. */
MUST_USE int session_find_vm(struct httpc *manager, const char *id_or_name, struct json **ret,
                             struct err *err);

struct trust;

struct agent {
    struct httpc *http;
    struct trust *trust;                  /* NULL: it was asked for no proof */
    struct key *key;                      /* NULL: nobody in particular */
    bool signs;                           /* the key signs each request */
    struct json *state;                   /* as it was when we connected */
    char computation[MANIFEST_HASH_SIZE]; /* manifest_sha256, "" while there is none */
    struct buf evidence;                  /* the bundle that was accepted; empty without one */
};

/* What a command wants of its agent. */
struct agent_access {
    const struct agent_options *agent;
    const struct manager_options *manager;
    const struct evidence_options *evidence;
    bool evidence_needed; /* the command moves data of a party */
    const char *key;      /* path from the arguments; NULL: the setting */
    bool key_needed;
    bool computation_needed; /* an agent without a manifest is of no use */
};

/* Connects, lets the machine prove what it is where a policy says what is good, reads the state,
 * and refuses (UNTRUSTED) before anything else is sent: when evidence is needed and there is no
 * policy, when the policy does not accept it, and when --manifest is not what the agent runs. */
MUST_USE int session_open_agent(const struct agent_access *access, struct agent **ret,
                                struct err *err);
void agent_free(struct agent *agent);
DEFINE_OWNED(agent)
#define OWNED_AGENT OWNED_OF(agent)

/* Asks for fresh evidence by the agent's trust; see httpc_attest(). */
struct httpc_attested;
MUST_USE int session_attest(struct agent *agent, struct httpc_attested *ret, struct err *err);

/* Reads the state again into agent->state. */
MUST_USE int session_read_state(struct agent *agent, struct err *err);

/* The manifest that the agent runs, as its participants may see it, checked against its digest. */
MUST_USE int session_read_manifest(struct agent *agent, struct manifest **ret, struct err *err);

/* The digest that --manifest stands for. Errors: USAGE, MALFORMED, INPUT. */
MUST_USE int session_manifest_digest(const char *file_or_digest,
                                     char out[static MANIFEST_HASH_SIZE], struct err *err);

/* A call of the agent with its computation named. */
MUST_USE int agent_call(struct agent *agent, struct httpc_call *call, struct httpc_reply *reply,
                        struct err *err);

#endif
