/* The file system that an algorithm sees: the system's programs and libraries (read-only), a few
 * harmless devices, its own processes in /proc, a little room in /tmp and /dev/shm, and /work.
 * Nothing of the agent, of other computations or of the machine.
 *
 * Built in two steps, because the pieces must be taken as who we are outside, and put in place as
 * who we are inside. In a mount namespace of our own. */
#ifndef COCOS_AGENT_RUNNER_ROOT_H
#define COCOS_AGENT_RUNNER_ROOT_H

#include "services/agent-api/runner/confine.h"

struct root;
void root_free(struct root *root);
DEFINE_OWNED(root)

/* Takes detached copies of what is to be seen, and mounts the empty root. Still as the user
 * outside; the current directory is the root afterwards. */
MUST_USE int root_take(const struct confine_spec *spec, struct root **ret, struct err *err);

/* Puts everything in place and makes it "/"; nothing of the old one can be reached any more. The
 * directory of results comes open through ret_results. As the user inside. */
MUST_USE int root_enter(const struct confine_spec *spec, struct root *root, int *ret_results,
                        struct err *err);

#endif
