/* What this machine is, found at start: which attesters work here, and the devices they need. */
#ifndef COCOS_AGENT_MACHINE_H
#define COCOS_AGENT_MACHINE_H

#include "services/agent-api/attester/desk.h"
#include "services/agent-api/config.h"
#include "services/agent-api/identity/measured.h"

struct machine {
    const char *platform; /* "snp" "tdx" "vtpm" "sim" "none" */
    uint64_t memory_mib;  /* all that programs may share here */
    struct tpm_device *tpm;
    struct key *sim_key;
    bool has_sim_measurement;
    uint8_t sim_measurement[SHA384_SIZE];
    struct desk_config desk; /* for desk_new(); borrows from the machine */
};

/* Looks for what the settings ask for; "auto" takes the best that is there, and a TPM beside it.
 * Asking for what is not there is ERR_USAGE. On failure there is nothing to release. */
MUST_USE int machine_find(const struct config *config, struct machine *ret, struct err *err);
void machine_done(struct machine *machine);

/* The secret that everything of this machine's identity comes from: the platform's, which is the
 * same after a start of the same things on the same machine (SEV-SNP's derived key; of a TPM alone
 * a secret under a policy over its registers), or random where it has none (TDX, sim, none) or does
 * not give it, which the log says. */
void machine_secret(const struct machine *machine, uint8_t out[static ATTESTER_SECRET_SIZE]);

/* What booted, for layer 0. Errors: SYSTEM, TOO_LARGE. */
MUST_USE int machine_measured(const struct machine *machine, struct measured *ret, struct err *err);

#endif
