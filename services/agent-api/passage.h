/* The passage from one process to the next: with a manifest to the one that is for it, at the end
 * of a computation to one that waits for another.
 *
 * Whoever passes on takes no new connections, gives up the directory, and lives for a few seconds:
 * on connections that are open it tells the state, which is the other's then, and for everything
 * else that one has to connect again. */
#ifndef COCOS_AGENT_PASSAGE_H
#define COCOS_AGENT_PASSAGE_H

#include "services/agent-api/app.h"

/* Hands a manifest that may be set to the keeper, and returns when the process for it serves.
 * Errors: STATE (somebody was faster), what measuring and starting say. */
MUST_USE int passage_hand_over(struct app *app, const struct manifest *manifest, struct err *err);

/* The computation was ended: returns when another process serves. Errors: STATE, INTERNAL. */
MUST_USE int passage_end(struct app *app, struct err *err);

/* STATE when another process serves. */
MUST_USE int passage_check(const struct app *app, struct err *err);

/* After passing on: waits until nobody is connected any more, for a few seconds at most. */
void passage_linger(const struct app *app);

#endif
