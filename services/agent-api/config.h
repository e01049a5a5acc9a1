/* The agent's settings. */
#ifndef COCOS_AGENT_CONFIG_H
#define COCOS_AGENT_CONFIG_H

#include "lib/program/setting.h"

#include <stdint.h>

/* What the agent says it runs on. "auto" looks which devices there are. */
enum platform {
    PLATFORM_AUTO,
    PLATFORM_SNP,
    PLATFORM_TDX,
    PLATFORM_VTPM,
    PLATFORM_SIM,
    PLATFORM_NONE
};

extern const char *const platform_names[]; /* NULL-terminated */

struct config {
    char *listen;
    char *state_dir;
    char *share;
    int platform;  /* enum platform */
    int log_level; /* enum log_level */
};

extern const struct program_info agent_info;

/* The platform's name; "auto" is decided here. Asking for one whose device is not there is
 * ERR_USAGE. */
MUST_USE int config_find_platform(const struct config *config, const char **ret, struct err *err);

#endif
