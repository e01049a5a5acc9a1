/* The machines that have dialled in to the try-out server: who they are, what they said, and what
 * waits to be told to them. One that has left stays known, with all that it said.
 *
 * A machine is called what it calls itself (job-id), or agent-1, agent-2 ... It may have a second
 * stream, of the older programs' log forwarder, that only speaks. At most AGENTS_MAX are known.
 *
 * Thread-safe. */
#ifndef COCOS_GATEWAY_CVMS_SERVER_AGENTS_H
#define COCOS_GATEWAY_CVMS_SERVER_AGENTS_H

#include "lib/base/buf.h"
#include "lib/program/event.h"

#define AGENTS_MAX      64
#define AGENTS_EVENTS   1000 /* that are kept of each */
#define AGENTS_ORDERS   16   /* that wait for each */
#define AGENTS_NAME_MAX 80

struct agents;
struct agent; /* valid as long as agents are */

/* heard is called, without a lock, when anyone said something; may be NULL. */
struct agents *agents_new(void (*heard)(void *ctx), void *ctx);
void agents_free(struct agents *agents);

/* --- streams --- */

/* Someone dials in; name may be NULL. Errors: STATE (that name is here already), TOO_MANY. */
MUST_USE int agents_enter(struct agents *agents, const char *name, struct agent **ret,
                          struct err *err);
/* The second stream of one, which need not be here. */
MUST_USE int agents_enter_speaker(struct agents *agents, const char *name, struct agent **ret,
                                  struct err *err);
void agents_leave(struct agents *agents, struct agent *agent);

/* The next order for it, a message's bytes, into the emptied out; waits for one. False: it left. */
bool agents_next_order(struct agents *agents, struct agent *agent, struct buf *out);

/* It said this. data is taken. A state that is told answers agents_ask_state(). */
void agents_heard(struct agents *agents, struct agent *agent, int64_t now, const char *type,
                  struct json *data);

/* --- the front --- */

/* [{id, connected, state, last_event}] */
struct json *agents_list(struct agents *agents);
/* Errors: NOT_FOUND. */
MUST_USE int agents_show(struct agents *agents, const char *name, struct json **ret,
                         struct err *err);
MUST_USE int agents_find_log(struct agents *agents, const char *name, struct event_log **ret,
                             struct err *err);

/* A message for it; all of `messages`, or none. Errors: NOT_FOUND, UNAVAILABLE (it is not here),
 * TOO_MANY. */
struct agents_order {
    const struct buf *messages;
    size_t count;
};
MUST_USE int agents_send(struct agents *agents, const char *name, const struct agents_order *order,
                         struct err *err);

/* Waits until it says in which state it is, after `ask` was sent. Errors: those of agents_send(),
 * TIMEOUT. */
MUST_USE int agents_ask_state(struct agents *agents, const char *name, const struct buf *ask,
                              unsigned wait_ms, struct json **ret, struct err *err);

#endif
