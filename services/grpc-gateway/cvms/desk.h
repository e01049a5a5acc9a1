/* Where orders of a computation server are carried out: one after the other, in a thread of its
 * own, against the agent of this machine, with the key that owns what is ordered. Each order is
 * answered, into the spool: also when it is refused, and why. */
#ifndef COCOS_GATEWAY_CVMS_DESK_H
#define COCOS_GATEWAY_CVMS_DESK_H

#include "services/grpc-gateway/agent/client.h"
#include "services/grpc-gateway/cvms/order.h"
#include "services/grpc-gateway/cvms/spool.h"

struct desk;

struct desk_config { /* borrowed until desk_free() */
    const struct agent_door *door;
    struct order_terms terms; /* terms.signatures is overruled by each order */
    struct spool *spool;
    unsigned log_poll_ms; /* how often the log of a run is read; 0: 1 s */
};

MUST_USE int desk_new(const struct desk_config *config, struct desk **ret, struct err *err);
/* Ends what is under way; the computation stays as it is, and is found again by a desk that has the
 * same key. */
void desk_free(struct desk *desk);

/* No order waits, and none is under way: what is to be said to them is in the spool. */
bool desk_is_idle(struct desk *desk);

/* Each takes its place in the queue; where there is none, it is refused at once.
 * order is taken, and freed. signatures: its parties may sign as the older programs do. */
void desk_run(struct desk *desk, Cvms__ComputationRunReq *order, bool signatures);
void desk_stop(struct desk *desk, const char *computation);
void desk_tell_state(struct desk *desk, const char *id);

/* The answer to an order that cannot be read. */
void desk_refuse(struct desk *desk, const char *computation, const struct err *why);

#endif
