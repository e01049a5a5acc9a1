/* The documents of the collateral that are about one platform, and who signed them: Intel SGX TCB
 * Signing <- the root of the quote's own chain. */
#ifndef COCOS_ATTEST_DCAP_SIGNER_H
#define COCOS_ATTEST_DCAP_SIGNER_H

#include "lib/attest/endorsement/dcap_chain.h"

/* Of several documents, the one to use: of the time before others, then by its evaluation number,
 * then the latest. wanted: whether a document is about our platform. NULL when none is. */
const struct dcap_document *dcap_document_choose(
    const struct dcap_collateral *collateral,
    bool (*wanted)(const struct dcap_document *document, const void *context), const void *context,
    int64_t now);

/* By whom documents are signed, checked once. */
struct dcap_signer {
    const struct dcap_collateral *collateral;
    const struct x509 *root;
    const struct dcap_crls *root_crls;
    int64_t now;
    const struct x509 *known; /* a certificate that was checked; NULL before */
    bool known_sound;
};

/* True when the document is signed by Intel, and of the time. Adds findings. */
bool dcap_signer_check(struct dcap_signer *signer, const struct dcap_document *document,
                       struct verdict *verdict);

#endif
