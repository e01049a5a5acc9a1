/* What can say something about this machine that a stranger may believe: one attester for each kind
 * of evidence, found at start.
 *
 * An attester answers a question of 64 bytes, the report data of a transcript, with one item of a
 * bundle. Nothing here decides what goes into the transcript, and nothing here locks: desk.h does
 * both. */
#ifndef COCOS_AGENT_ATTESTER_ATTESTER_H
#define COCOS_AGENT_ATTESTER_ATTESTER_H

#include "lib/attest/evidence/bundle.h"
#include "services/agent-api/attester/sev_guest.h"
#include "services/agent-api/attester/tpm_device.h"
#include "services/agent-api/attester/tsm.h"

/* Where to look. What a test has no wish for is NULL. */
struct attester_places {
    const struct tsm_kernel *tsm;
    const struct sev_guest_kernel *sev_guest;
    struct tpm_device *tpm;         /* borrowed; NULL: there is none */
    const struct key *sim_key;      /* of the stand-in platform; NULL: there is none */
    const uint8_t *sim_measurement; /* that it reports, 48 bytes; NULL: that nothing was measured */
};

struct attester_answer {
    struct buf item;
    struct buf svsm_manifest; /* of the SVSM that made the report; empty without one */
};

#define ATTESTER_ITEM_MAX (256 * KIB)
#define ATTESTER_ANSWER                                                                            \
    ((struct attester_answer){BUF_OF(ATTESTER_ITEM_MAX), BUF_OF(BUNDLE_KEY_SIZE_MAX)})

void attester_answer_done(struct attester_answer *answer);
#define OWNED_ATTESTER_ANSWER __attribute__((cleanup(attester_answer_done))) struct attester_answer

#define ATTESTER_SECRET_SIZE 32

struct attester {
    enum bundle_type type;

    /* Errors: NOT_FOUND: this machine is no such thing. SYSTEM: it is, and does not work. */
    int (*probe)(const struct attester_places *places, struct err *err);

    /* Answers: into ret, which is ATTESTER_ANSWER before. Errors: SYSTEM. */
    int (*ask)(const struct attester_places *places, const uint8_t report_data[static SHA512_SIZE],
               struct attester_answer *ret, struct err *err);

    /* The secret that the platform gives to this machine as it booted, and to no other; NULL where
     * it has none. Errors: NOT_FOUND, SYSTEM. */
    int (*secret)(const struct attester_places *places, uint8_t out[static ATTESTER_SECRET_SIZE],
                  struct err *err);
};

extern const struct attester attester_snp, attester_tdx, attester_vtpm, attester_sim;

/* The certificate table of a host, as an item carries it: only what is a table, and without the
 * zeros behind it. The host's certificates are a convenience; what is none of them is left out.
 * Appended. */
void attester_add_certificates(struct span table, struct buf *out);

#endif
