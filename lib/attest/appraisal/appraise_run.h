/* What is proven about the run of our agent, judged by the members of a policy that name manifest
 * and configuration. */
#ifndef COCOS_ATTEST_APPRAISE_RUN_H
#define COCOS_ATTEST_APPRAISE_RUN_H

#include "lib/attest/case.h"
#include "lib/attest/evidence/run_log.h"

/* manifest_sha256, max_manifests and config_sha256; marks in the case what was judged. Nothing when
 * there is no policy. A manifest whose computation has ended is not shown any more, and counts
 * among max_manifests all the same. run: proven by a register, or by a transcript that a platform
 * signed.
 */
void appraise_run(struct attest_case *c, const struct run_log *run);

#endif
