/* The roots of AMD's SEV PKI: one ARK for each product, pinned by its public key. A root that comes
 * with evidence is compared with these, and never believed. */
#ifndef COCOS_ATTEST_SNP_ROOTS_H
#define COCOS_ATTEST_SNP_ROOTS_H

#include "lib/attest/snp.h"
#include "lib/crypto/x509.h"

/* True when the certificate holds AMD's root key for the product. */
bool snp_root_is_pinned(const struct x509 *root, enum snp_product product);

/* "ARK-Milan": the name of a product's root. */
#define SNP_ROOT_PREFIX "ARK-"

#endif
