/* Where a computation stands, as one table of state x event.
 *
 *     Idle -> ReceivingManifest -> ReceivingAlgorithm -> ReceivingData -> Running
 *          -> ConsumingResults -> Complete,  and Failed from where something can fail
 *
 * READY moves on when everything that the manifest declares is there and the run need not wait for
 * POST /v1/run; it can follow the algorithm at once, when no dataset is declared. WIPE leads back
 * to ReceivingManifest from everywhere. */
#ifndef COCOS_COMPUTATION_STATE_H
#define COCOS_COMPUTATION_STATE_H

#include "lib/base/err.h"
#include "lib/computation/role.h"

enum state {
    STATE_IDLE,
    STATE_RECEIVING_MANIFEST,
    STATE_RECEIVING_ALGORITHM,
    STATE_RECEIVING_DATA,
    STATE_RUNNING,
    STATE_CONSUMING_RESULTS,
    STATE_COMPLETE,
    STATE_FAILED,
    STATE_COUNT
};

extern const char *const state_names[]; /* "Idle" ..., NULL-terminated */

enum state_event {
    STATE_EVENT_START,     /* the agent is up */
    STATE_EVENT_MANIFEST,  /* a manifest was set */
    STATE_EVENT_ALGORITHM, /* the algorithm arrived, something else is awaited */
    STATE_EVENT_READY,     /* nothing is awaited any more: run */
    STATE_EVENT_RESULT,    /* the run succeeded and its result is packed */
    STATE_EVENT_FAIL,      /* the run failed, what the host gave us cannot be used, or the process
                              of the computation died and another one tells of it */
    STATE_EVENT_FETCHED,   /* every consumer has the result */
    STATE_EVENT_WIPE,      /* the computation was ended and its traces removed */
    STATE_EVENT_COUNT
};

extern const char *const state_event_names[]; /* "start" ... */

/* The state after the event. ERR_STATE when the event cannot happen in this state. */
MUST_USE int state_next(enum state from, enum state_event event, enum state *ret, struct err *err);

/* 0 when the deed is possible in this state at all; ERR_STATE otherwise, saying in which it is. */
MUST_USE int state_check(enum state state, enum deed deed, struct err *err);

#endif
