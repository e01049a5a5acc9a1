/* What a transcript says, compared with what the caller knows and what the evidence around it
 * proves. For the wrappers that carry one: see bundle_case.h. Private to lib/attest. */
#ifndef COCOS_ATTEST_TRANSCRIPT_CASE_H
#define COCOS_ATTEST_TRANSCRIPT_CASE_H

#include "lib/attest/case.h"
#include "lib/attest/evidence/run_log.h"

/* Parses it, writes it into the claims and compares it with the caller's challenge and connection.
 * Nothing of it is proven yet. False, with a finding, when it is malformed. */
bool transcript_case_open(struct attest_case *c, struct span encoded, struct transcript *ret);

/* The logs that came with it are those of which it has the digest. */
bool transcript_case_check_logs(struct attest_case *c, const struct transcript *transcript,
                                const struct transcript_logs *logs);

/* For evidence within a wrapper that has a transcript; otherwise they hold. The key is the one that
 * it names; what a register proves about the run is what it says. */
bool transcript_case_check_ak(struct attest_case *c, const uint8_t tpmt[static SHA256_SIZE]);
bool transcript_case_check_run(struct attest_case *c, const struct run_log *run);

/* Judges manifest and configuration where the platform has no register that shows them: by the
 * transcript alone, with the agent's log as far as it goes. */
void transcript_case_judge_run(struct attest_case *c, struct span cel);

#endif
