#include "services/grpc-gateway/agent/budget.h"

#include <time.h>

#define LOOK_MS 250 /* whether the call is over */

static void await_change(struct budget *budget)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += LOOK_MS * 1000000L;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    pthread_cond_clockwait(&budget->changed, &budget->lock, CLOCK_MONOTONIC, &at);
}

int budget_take(struct budget *budget, uint64_t bytes, struct grpc_call *call, struct err *err)
{
    bool over = false;

    pthread_mutex_lock(&budget->lock);
    while (budget->left < bytes && !over) {
        await_change(budget);
        over = grpc_call_is_over(call);
    }
    if (!over)
        budget->left -= bytes;
    pthread_mutex_unlock(&budget->lock);
    return over ? err_set(err, ERR_INTERRUPTED, "the call ended before there was memory for it")
                : 0;
}

void budget_give(struct budget *budget, uint64_t bytes)
{
    pthread_mutex_lock(&budget->lock);
    budget->left += bytes;
    pthread_cond_broadcast(&budget->changed);
    pthread_mutex_unlock(&budget->lock);
}
