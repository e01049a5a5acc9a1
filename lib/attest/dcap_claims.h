/* What TDX and SGX quotes say in common, as claims: who signed, on which platform, and what Intel
 * says that it is worth. Private to lib/attest. */
#ifndef COCOS_ATTEST_DCAP_CLAIMS_H
#define COCOS_ATTEST_DCAP_CLAIMS_H

#include "lib/attest/dcap_proof.h"

/* Sets quote_version, user_data, qe, platform and, where it is known, tcb. */
void dcap_claims_add(struct json *claims, const struct dcap_quote *quote,
                     const struct dcap_proof *proof);

#endif
