/* Simulated evidence: what a machine without any protection sends in the place of a platform's, so
 * that the whole way from agent to verdict can be walked on a laptop.
 *
 * It is an SNP report in its real layout (version 2), signed by a test root that a developer made,
 * and it says so itself: FAMILY_ID is "SIMULATED", and it is signed by none of AMD's keys. Whoever
 * has the root's key can make it say anything. */
#ifndef COCOS_ATTEST_EVIDENCE_SIM_H
#define COCOS_ATTEST_EVIDENCE_SIM_H

#include "lib/attest/evidence/snp_report.h"
#include "lib/crypto/key.h"

struct sim_machine {
    uint8_t report_data[64];
    uint8_t measurement[48];
    uint8_t host_data[32];
};

/* Makes a report and signs it with root, a P-384 pair; appended to out. Errors: INPUT (another
 * key), TOO_LARGE. */
MUST_USE int sim_report_make(const struct sim_machine *machine, const struct key *root,
                             struct buf *out, struct err *err);

/* Reads a report, which must say that it is simulated. Errors: INPUT. */
MUST_USE int sim_report_parse(struct span in, struct snp_report *ret, struct err *err);

/* 0 when root signed it. Errors: UNTRUSTED. */
MUST_USE int sim_report_check(const struct snp_report *report, const struct key *root,
                              struct err *err);

#endif
