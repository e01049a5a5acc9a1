/* The gateway as a child of process 1. It runs only where the agent opened a door for it (whether
 * it does stands in the measured configuration), as a user of its own that may nothing, in mounts
 * where neither the share nor the agent's state exists, with bounds on memory and processes. When
 * it ends, nothing else does: it is started again, for ever. */
#ifndef COCOS_EOS_GATEWAY_H
#define COCOS_EOS_GATEWAY_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define GATEWAY_ID           10001 /* user and group */
#define GATEWAY_RETRY_MAX_MS 16000
#define GATEWAY_STEADY_MS    60000 /* one that lived this long crashed for another reason */

struct gateway {
    int watch_fd;       /* tells of new files at the door; -1: none */
    pid_t pid;          /* 0 while none runs */
    unsigned crashes;   /* in a row */
    int64_t started_ms; /* monotonic */
    int64_t wake_ms;    /* when to start it; 0: not at all */
};

/* Makes the directory of the door and watches it. Errors: SYSTEM. */
MUST_USE int gateway_prepare(struct gateway *gateway, struct err *err);

/* Something is new at the door. A gateway that runs shows the certificate of a former agent, and is
 * told to read the files anew. */
void gateway_look(struct gateway *gateway, int64_t now_ms);

/* It is time: starts it when the door is there. What goes wrong is said and tried again. */
void gateway_start(struct gateway *gateway, bool debug, int64_t now_ms);

/* It ended. */
void gateway_ended(struct gateway *gateway, int64_t now_ms);

/* How long to wait before the start after so many crashes: half a second, doubled each time. */
int gateway_retry_delay_ms(unsigned crashes);

#endif
