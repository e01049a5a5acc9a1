/* What this machine is, found at start: which attesters work here, and the devices they need. */
#ifndef COCOS_AGENT_MACHINE_H
#define COCOS_AGENT_MACHINE_H

#include "services/agent-api/attester/desk.h"
#include "services/agent-api/config.h"

struct machine {
    const char *platform; /* "snp" "tdx" "vtpm" "sim" "none" */
    uint64_t memory_mib;  /* all that programs may share here */
    struct tpm_device *tpm;
    struct key *sim_key;
    struct desk_config desk; /* for desk_new(); borrows from the machine */
};

/* Looks for what the settings ask for; "auto" takes the best that is there, and a TPM beside it.
 * Asking for what is not there is ERR_USAGE. On failure there is nothing to release. */
MUST_USE int machine_find(const struct config *config, struct machine *ret, struct err *err);
void machine_done(struct machine *machine);

#endif
