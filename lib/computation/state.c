#include "lib/computation/state.h"

#include <stdio.h>

const char *const state_names[] = {
    "Idle",    "ReceivingManifest", "ReceivingAlgorithm", "ReceivingData",
    "Running", "ConsumingResults",  "Complete",           "Failed",
    NULL,
};

const char *const state_event_names[] = {
    "start", "manifest", "algorithm", "ready", "result", "fail", "fetched", "wipe", NULL,
};

static const struct {
    enum state from;
    enum state_event event;
    enum state to;
} moves[] = {
    {STATE_IDLE, STATE_EVENT_START, STATE_RECEIVING_MANIFEST},

    {STATE_RECEIVING_MANIFEST, STATE_EVENT_MANIFEST, STATE_RECEIVING_ALGORITHM},
    {STATE_RECEIVING_MANIFEST, STATE_EVENT_FAIL, STATE_FAILED},

    {STATE_RECEIVING_ALGORITHM, STATE_EVENT_ALGORITHM, STATE_RECEIVING_DATA},
    {STATE_RECEIVING_ALGORITHM, STATE_EVENT_READY, STATE_RUNNING},
    {STATE_RECEIVING_ALGORITHM, STATE_EVENT_FAIL, STATE_FAILED},

    {STATE_RECEIVING_DATA, STATE_EVENT_READY, STATE_RUNNING},

    {STATE_RUNNING, STATE_EVENT_RESULT, STATE_CONSUMING_RESULTS},
    {STATE_RUNNING, STATE_EVENT_FAIL, STATE_FAILED},

    {STATE_CONSUMING_RESULTS, STATE_EVENT_FETCHED, STATE_COMPLETE},

    {STATE_RECEIVING_ALGORITHM, STATE_EVENT_WIPE, STATE_RECEIVING_MANIFEST},
    {STATE_RECEIVING_DATA, STATE_EVENT_WIPE, STATE_RECEIVING_MANIFEST},
    {STATE_RUNNING, STATE_EVENT_WIPE, STATE_RECEIVING_MANIFEST},
    {STATE_CONSUMING_RESULTS, STATE_EVENT_WIPE, STATE_RECEIVING_MANIFEST},
    {STATE_COMPLETE, STATE_EVENT_WIPE, STATE_RECEIVING_MANIFEST},
    {STATE_FAILED, STATE_EVENT_WIPE, STATE_RECEIVING_MANIFEST},
};

#define IN(state) (1U << (state))
#define IN_ANY_COMPUTATION                                                                         \
    (IN(STATE_RECEIVING_ALGORITHM) | IN(STATE_RECEIVING_DATA) | IN(STATE_RUNNING) |                \
     IN(STATE_CONSUMING_RESULTS) | IN(STATE_COMPLETE) | IN(STATE_FAILED))

/* When a deed is possible; `otherwise` completes "in state X: ". */
static const struct {
    unsigned states;
    const char *otherwise;
} deed_rows[DEED_COUNT] = {
    [DEED_SET_COMPUTATION] = {IN(STATE_RECEIVING_MANIFEST), "a manifest is set already"},
    [DEED_READ_COMPUTATION] = {IN_ANY_COMPUTATION, "no manifest is set"},
    [DEED_END_COMPUTATION] = {IN_ANY_COMPUTATION, "no manifest is set"},
    [DEED_SEND_ALGORITHM] = {IN(STATE_RECEIVING_ALGORITHM), "the algorithm is not awaited"},
    [DEED_SEND_DATASET] = {IN(STATE_RECEIVING_DATA),
                           "datasets come after the algorithm and before the run"},
    [DEED_START_RUN] = {IN(STATE_RECEIVING_DATA), "there is no run to start"},
    [DEED_FETCH_RESULT] = {IN(STATE_CONSUMING_RESULTS) | IN(STATE_COMPLETE),
                           "there is no result yet"},
    [DEED_READ_RECEIPT] = {IN(STATE_CONSUMING_RESULTS) | IN(STATE_COMPLETE) | IN(STATE_FAILED),
                           "a receipt is made when the run has ended"},
    [DEED_READ_LOGS] = {IN_ANY_COMPUTATION, "no manifest is set"},
    [DEED_READ_EVENTS] = {IN_ANY_COMPUTATION, "no manifest is set"},
};

int state_next(enum state from, enum state_event event, enum state *ret, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(moves); i++) {
        if (moves[i].from == from && moves[i].event == event) {
            *ret = moves[i].to;
            return 0;
        }
    }
    return err_set(err, ERR_STATE, "'%s' cannot happen in state %s", state_event_names[event],
                   state_names[from]);
}

int state_check(enum state state, enum deed deed, struct err *err)
{
    if ((deed_rows[deed].states & IN(state)) != 0)
        return 0;
    return err_set(err, ERR_STATE, "in state %s: %s", state_names[state],
                   deed_rows[deed].otherwise);
}
