/* Memory for what has to be kept of uploads before they can be handed on: so much for all calls
 * together. A call that needs some waits until there is, with its client's window closed, and asks
 * once only, so that none holds what another waits for while it waits itself. */
#ifndef COCOS_GATEWAY_AGENT_BUDGET_H
#define COCOS_GATEWAY_AGENT_BUDGET_H

#include "services/grpc-gateway/grpc/call.h"

#include <pthread.h>

struct budget {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t left;
};

#define BUDGET_OF(bytes)                                                                           \
    ((struct budget){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, (bytes)})

/* bytes: no more than there ever are. Errors: INTERRUPTED, TIMEOUT, when the call is over before.
 */
MUST_USE int budget_take(struct budget *budget, uint64_t bytes, struct grpc_call *call,
                         struct err *err);
void budget_give(struct budget *budget, uint64_t bytes);

#endif
