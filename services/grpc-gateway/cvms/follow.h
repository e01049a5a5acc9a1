/* What the agent tells of one computation, event by event and line by line, on its way into the
 * spool: two threads of their own, since the agent's events are a stream that does not end. */
#ifndef COCOS_GATEWAY_CVMS_FOLLOW_H
#define COCOS_GATEWAY_CVMS_FOLLOW_H

#include "services/grpc-gateway/agent/client.h"
#include "services/grpc-gateway/cvms/spool.h"

#include "lib/crypto/key.h"

struct follow;

struct follow_config { /* borrowed until follow_end() */
    const struct agent_door *door;
    const struct key *owner;
    struct spool *spool;
    const char *computation;
    unsigned log_poll_ms;
};

MUST_USE int follow_start(const struct follow_config *config, struct follow **ret, struct err *err);

/* Reads the log once more, now: before it is wiped. */
void follow_read_log(struct follow *follow);

/* No more events come: the agent has no such computation any more. Also true of NULL. */
bool follow_has_ended(const struct follow *follow);

/* The computation is over, and its stream of events with it: waits for the last of them, at most
 * wait_ms, and frees. */
void follow_end(struct follow *follow, unsigned wait_ms);

#endif
