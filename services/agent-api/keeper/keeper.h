/* The keeper: layer 1 of the agent. It holds the platform's devices, the secrets of its layer, the
 * link to the manager and the listening socket; it starts the processes that serve, one at a time,
 * each as somebody who may nothing (ward.h), and hands each the keys of its own layer. It never
 * sees what a party sends.
 *
 *   waiting      certified by layer 1. Serves state and evidence, and admits a manifest, which it
 *                hands to the keeper: the keeper measures it and starts
 *   computation  in a fresh process, certified by layer 2, which gets the manifest and CDI_2 alone.
 *                When the computation is ended it leaves, its secrets end with it, and the next one
 *                waits again: after the end was measured, so that nothing that waits can pass for
 *                a computation.
 *   failed       a waiting one that says what became of a computation whose process died.
 *
 * New connections are the present process's; the one before answers on its old ones for a short
 * while, state alone. A process that dies while it waits is started again, a few times. When the
 * keeper dies all of it dies. */
#ifndef COCOS_AGENT_KEEPER_KEEPER_H
#define COCOS_AGENT_KEEPER_KEEPER_H

#include "services/agent-api/config.h"
#include "services/agent-api/link/share.h"

struct keeper_config {
    const struct config *config;
    const struct share_config *share;
    const struct err *share_error; /* kind ERR_NONE: the share's configuration can be used */
};

/* Runs until a signal ends it. Everything is borrowed. Errors: USAGE (what was asked for is not
 * there), SYSTEM, INTERNAL (processes die as soon as they are started). */
MUST_USE int keeper_run(const struct keeper_config *config, struct err *err);

#endif
