/* The root of Intel's PKI for quotes, pinned by its public key. A root that comes with evidence is
 * compared with it, and never believed. */
#ifndef COCOS_ATTEST_INTEL_ROOT_H
#define COCOS_ATTEST_INTEL_ROOT_H

#include "lib/crypto/x509.h"

#define INTEL_ROOT_NAME "Intel SGX Root CA"

/* True when the certificate holds Intel's root key. */
bool intel_root_is_pinned(const struct x509 *root);

#endif
