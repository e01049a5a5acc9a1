/* The gateway's settings. */
#ifndef COCOS_GATEWAY_CONFIG_H
#define COCOS_GATEWAY_CONFIG_H

#include "lib/program/setting.h"

struct config {
    char *listen;
    bool plaintext;
    char *certificate, *key, *client_ca; /* paths */
    char *agent;                         /* where the agent is; "" for no such door */
    char *agent_pin;
    char *manager, *manager_ca, *tokens;
    int log_level; /* enum log_level */
};

extern const struct program_info gateway_info;

/* What no single setting can say: there is a door, TLS has both its files. Errors: USAGE. */
MUST_USE int config_check(const struct config *config, struct err *err);

#endif
