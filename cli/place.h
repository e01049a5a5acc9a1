/* Where an agent is: as the settings say, or as the manager says of a VM. */
#ifndef COCOS_CLI_PLACE_H
#define COCOS_CLI_PLACE_H

#include "cli/session.h"

/* Owned texts. */
struct agent_place {
    char *url;
    char *pin; /* of its key; NULL: nobody said */
};

void place_done(struct agent_place *place);
#define OWNED_PLACE __attribute__((cleanup(place_done))) struct agent_place

/* Finds it. Where the manager is still judging the agent's evidence this waits for it, a minute at
 * most, since there is no pin before; but not when the agent has to prove itself to us, which makes
 * the manager's word about its key needless: then there is none. Errors: USAGE (neither is set),
 * STATE (the VM has no agent to speak with), INTERRUPTED, what the manager says. */
MUST_USE int place_find(const struct agent_access *access, struct agent_place *ret,
                        struct err *err);

#endif
