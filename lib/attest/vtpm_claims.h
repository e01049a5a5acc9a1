/* What a TPM's evidence says, as JSON for the claims of a verdict. Private to lib/attest. */
#ifndef COCOS_ATTEST_VTPM_CLAIMS_H
#define COCOS_ATTEST_VTPM_CLAIMS_H

#include "lib/attest/endorsement/ak_binding.h"
#include "lib/attest/vtpm_proof.h"

/* A fresh object for the caller: key, quotes and registers as far as they hold, and what the logs
 * prove. */
struct json *vtpm_claims(const struct vtpm *vtpm, const struct vtpm_proof *proof,
                         enum ak_binding binding);

#endif
