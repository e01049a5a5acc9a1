/* QE identity: which quoting enclave may sign quotes, and what each of its versions is worth. */
#ifndef COCOS_ATTEST_QE_IDENTITY_H
#define COCOS_ATTEST_QE_IDENTITY_H

#include "lib/attest/endorsement/dcap_document.h"
#include "lib/attest/evidence/sgx_report.h"

/* The enclave is the one of the document: signer, product, and attributes and MISCSELECT under
 * their masks. Errors: UNTRUSTED naming the member, INPUT. */
MUST_USE int qe_identity_check(const struct dcap_document *identity, const struct sgx_report *qe,
                               struct err *err);

/* What its version is worth. Errors: UNTRUSTED (no level), INPUT. */
MUST_USE int qe_identity_find_level(const struct dcap_document *identity,
                                    const struct sgx_report *qe, struct tcb_level *ret,
                                    struct err *err);

/* For when there is no such document: the enclave is signed by the key that Intel has signed its
 * quoting enclaves with since there are any, is the product, and cannot be debugged. Errors:
 * UNTRUSTED.
 */
MUST_USE int qe_identity_check_known(enum dcap_tee tee, const struct sgx_report *qe,
                                     struct err *err);

#endif
