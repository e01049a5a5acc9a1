/* The agent as a child of process 1: started once, watched, and the reason for the guest to be. */
#ifndef COCOS_EOS_AGENT_H
#define COCOS_EOS_AGENT_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define AGENT_OOM_SCORE "-900" /* of the kernel's -1000 (never killed) to 1000 (killed first) */

struct agent {
    pid_t pid; /* 0 while none runs */
};

/* Starts it with the fixed environment; its words go to the console in a debug image and nowhere
 * otherwise. The kernel spares it when memory is short. */
MUST_USE int agent_start(struct agent *agent, bool debug, struct err *err);

/* What to do now that it ended with this wait status. */
enum agent_verdict { AGENT_DONE, AGENT_CRASHED };
enum agent_verdict agent_ended(struct agent *agent, int status);

/* Asks it to end. */
void agent_stop(const struct agent *agent);

/* Replaces the process by argv[0], reset to what a program expects at birth: for children of
 * process 1. Standard streams go to device. Returns only when it fails. */
void agent_become(const char *const argv[], const char *device);

#endif
