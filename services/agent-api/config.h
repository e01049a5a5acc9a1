/* The agent's settings. */
#ifndef COCOS_AGENT_CONFIG_H
#define COCOS_AGENT_CONFIG_H

#include "lib/program/setting.h"

#include <stdint.h>

/* What the agent runs on. "auto" looks what there is: machine.h. */
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
    char *local_socket; /* "": none */
    char *state_dir;
    char *share;
    int platform;          /* enum platform */
    char *tpm;             /* TCTI of the TPM */
    char *sim_key;         /* path; "" makes a fresh one */
    char *sim_measurement; /* hex; "": nothing was measured */
    int log_level;         /* enum log_level */
};

extern const struct program_info agent_info;

#endif
