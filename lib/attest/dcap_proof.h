/* What a quote proves: that Intel's quoting enclave signed it on a platform that Intel made, and
 * what Intel says that this platform is worth. SGX and TDX share all of it.
 *
 * Nothing here looks at a policy, but that absence of collateral is a finding which a policy may
 * waive. Private to lib/attest. */
#ifndef COCOS_ATTEST_DCAP_PROOF_H
#define COCOS_ATTEST_DCAP_PROOF_H

#include "lib/attest/attest.h"
#include "lib/attest/endorsement/dcap_chain.h"
#include "lib/attest/evidence/sgx_report.h"
#include "lib/attest/evidence/td_report.h"

struct dcap_proof {
    bool sound; /* the quote is genuine, and everything that was given beside it holds */
    struct dcap_collateral *collateral; /* owned; what is below borrows from it */
    struct dcap_chain chain;
    struct sgx_report qe; /* of the quoting enclave */

    /* Documents that hold and are about this platform; NULL for none. */
    const struct dcap_document *tcb_info, *qe_identity;

    bool has_standing; /* both were there: */
    struct tcb_level platform_level, module_level, qe_level;
    struct tcb_standing standing; /* all three together */
};

void dcap_proof_done(struct dcap_proof *proof);
#define OWNED_DCAP_PROOF __attribute__((cleanup(dcap_proof_done))) struct dcap_proof

/* Proves what can be proven, with findings for all that does not hold. td: what the body says, for
 * TDX; NULL for SGX. in: collateral, chain, crls, trust_roots and now are looked at, and borrowed.
 */
void dcap_prove(const struct dcap_quote *quote, const struct td_report *td,
                const struct attest_input *in, struct verdict *verdict, struct dcap_proof *ret);

/* Checks that nothing but padding follows the quote. True when it is so. */
bool dcap_check_end(const struct dcap_quote *quote, struct span evidence, struct verdict *verdict);

#endif
