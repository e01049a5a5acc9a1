/* What proven logs say, as claims; the same whatever proves them. Private to lib/attest. */
#ifndef COCOS_ATTEST_LOG_CLAIMS_H
#define COCOS_ATTEST_LOG_CLAIMS_H

#include "lib/attest/evidence/boot_facts.h"
#include "lib/attest/evidence/run_log.h"
#include "lib/json/json.h"

/* Fresh trees for the caller. */
struct json *boot_claims(const struct boot_facts *boot);
struct json *run_claims(const struct run_log *run);

#endif
