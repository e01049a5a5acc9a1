/* Simulated reports as a kind of evidence: see case.h and evidence/sim.h. Private to lib/attest.
 *
 * They prove nothing about any machine. A policy that names a test root in sim.root accepts them,
 * and the verdict says so each time. Nothing is ever taken for one by its looks. */
#ifndef COCOS_ATTEST_SIM_CASE_H
#define COCOS_ATTEST_SIM_CASE_H

#include "lib/attest/case.h"

bool sim_case_detect(struct span evidence);
void sim_case_check(struct attest_case *c, struct span evidence);

#endif
