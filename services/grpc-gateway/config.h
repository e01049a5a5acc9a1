/* The gateway's settings. */
#ifndef COCOS_GATEWAY_CONFIG_H
#define COCOS_GATEWAY_CONFIG_H

#include "lib/program/setting.h"

struct config {
    char *listen;
    bool plaintext;
    bool attested_tls;
    char *certificate, *key, *client_ca; /* paths */
    char *agent;                         /* where the agent is; "" for no such door */
    char *agent_pin;
    char *manager, *manager_ca, *tokens;
    char *cvms_url;                              /* of the computation server; "" for none */
    char *cvms_via;                              /* the address to dial for it; "" for its own */
    char *cvms_ca, *cvms_certificate, *cvms_key; /* paths */
    char *cvms_job;
    char *cvms_owner_key; /* path */
    bool cvms_signatures;
    uint64_t cvms_retry, cvms_quiet, cvms_run_timeout; /* ms */
    uint64_t cvms_spool_mib, cvms_log_kib, cvms_run_memory_mib;
    uint64_t patience; /* milliseconds */
    int log_level;     /* enum log_level */
};

extern const struct program_info gateway_info;

/* What no single setting can say: there is a door, TLS has both its files. Errors: USAGE. */
MUST_USE int config_check(const struct config *config, struct err *err);

#endif
