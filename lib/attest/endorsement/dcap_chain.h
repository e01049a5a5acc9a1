/* Who vouches for a quoting enclave: PCK <- Platform or Processor CA <- Intel SGX Root CA, and the
 * revocation lists of the two authorities. The certificates are those of the quote, all three and
 * in this order; the root counts only if it is Intel's, pinned, or one that the caller trusts in
 * its place. */
#ifndef COCOS_ATTEST_DCAP_CHAIN_H
#define COCOS_ATTEST_DCAP_CHAIN_H

#include "lib/attest/endorsement/dcap_collateral.h"
#include "lib/attest/endorsement/pck_cert.h"

/* All signatures of Intel's PKI for quotes. */
#define DCAP_SCHEME X509_ECDSA_P256_SHA256

struct dcap_chain {
    struct x509_list certs;             /* owned */
    const struct x509 *pck, *ca, *root; /* NULL unless there are three */
    struct pck_cert facts;              /* key NULL when the certificate could not be read */
    bool sound; /* every link holds at the time, up to a root that we trust */
};

void dcap_chain_done(struct dcap_chain *chain);

/* Reads and checks the chain. pem: from the quote. Adds findings; ret is filled as far as it goes,
 * and the caller releases it. */
void dcap_chain_load(struct span pem, const struct dcap_collateral *collateral, int64_t now,
                     struct verdict *verdict, struct dcap_chain *ret);

/* issuer may issue, and did issue, cert, which is valid at the time; below: authorities that follow
 * the issuer in the chain. */
bool dcap_link_check(const struct x509 *cert, const struct x509 *issuer, unsigned below,
                     int64_t now, struct verdict *verdict);

/* The revocation lists that an authority signed. */
struct dcap_crls {
    const struct x509_crl *items[DCAP_CRLS_MAX];
    size_t count;
};

/* Gathers them; at least one must be of the time. False when one that claims to be by the issuer
 * does not hold. That there is none is the policy's business: a finding, and true. */
bool dcap_crls_load(const struct dcap_collateral *collateral, const struct x509 *issuer,
                    int64_t now, struct verdict *verdict, struct dcap_crls *ret);

/* True when none of the lists has the certificate. */
bool dcap_crls_check(const struct dcap_crls *crls, const struct x509 *cert,
                     struct verdict *verdict);

#endif
