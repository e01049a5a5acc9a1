/* What is to be told to the observer: gathered while the engine is locked, told in the same order
 * when it is not. */
#ifndef COCOS_AGENT_ENGINE_NOTICES_H
#define COCOS_AGENT_ENGINE_NOTICES_H

#include "services/agent-api/engine/engine.h"

struct notices;

struct notices *notices_new(engine_observer *observe, void *ctx);
void notices_free(struct notices *notices);

/* Remembers; type must be static, subject is copied, data is taken. */
void notices_add(struct notices *notices, const char *type, const char *subject, struct json *data);

/* Tells what is remembered. Not to be called with a lock held. */
void notices_tell(struct notices *notices);

#endif
