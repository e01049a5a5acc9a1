/* For snp_chain.c only: the links of a chain that was found. */
#ifndef COCOS_ATTEST_SNP_LINK_H
#define COCOS_ATTEST_SNP_LINK_H

#include "lib/attest/endorsement/snp_chain.h"

/* All signatures of AMD's SEV PKI: RSASSA-PSS with SHA-384 and a salt of 48 bytes. */
#define SNP_SCHEME X509_RSA_PSS_SHA384

/* Checks names, the right to issue, critical extensions, signatures and the root. True when all
 * hold. */
bool snp_link_check(struct snp_chain *chain, struct verdict *verdict);

/* True when the certificate is a root that we trust for the product: one of the caller's, if the
 * caller names roots of this PKI, otherwise AMD's. */
bool snp_link_trusts(const struct snp_chain *chain, const struct x509 *root,
                     enum snp_product product);

#endif
