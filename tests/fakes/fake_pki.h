/* A PKI for tests: certificates and revocation lists with any field right or wrong. Linked into
 * tests only. Everything aborts on failure; a broken test world is no test result. */
#ifndef COCOS_TESTS_FAKE_PKI_H
#define COCOS_TESTS_FAKE_PKI_H

#include "lib/base/buf.h"
#include "lib/crypto/key.h"

enum fake_scheme {
    FAKE_BY_KEY, /* RSASSA-PSS with SHA-384 as AMD has it; ECDSA with the curve's hash; Ed25519 */
    FAKE_PSS_SHA256,
    FAKE_PSS_SALT_32,
    FAKE_PSS_MGF1_SHA256,
    FAKE_PKCS1_SHA384
};

struct fake_extension {
    const char *oid;
    bool critical;
    struct span content; /* of the OCTET STRING */
};

struct fake_cert {
    const char *subject, *issuer; /* common names */
    uint64_t serial;
    int64_t not_before, not_after;
    bool ca, not_ca; /* basicConstraints with TRUE, or there and FALSE */
    int path_len;    /* with ca; negative: none */
    unsigned usage;  /* KU_* bits of OpenSSL; 0: no keyUsage */
    enum fake_scheme scheme;
    const struct fake_extension *extensions;
    size_t extension_count;
    bool version_1;
};

/* The certificate of subject_key signed by issuer_key, as DER; replaces what der holds. */
void fake_cert_make(const struct fake_cert *cert, const struct key *subject_key,
                    const struct key *issuer_key, struct buf *der);

struct fake_crl {
    const char *issuer;
    int64_t this_update, next_update; /* next_update 0: none */
    const uint64_t *serials;
    size_t serial_count;
    bool critical_point; /* a critical issuingDistributionPoint */
    enum fake_scheme scheme;
};

void fake_crl_make(const struct fake_crl *crl, const struct key *issuer_key, struct buf *der);

/* DER as a PEM block, appended. */
void fake_pem(const char *label, struct span der, struct buf *out);

#endif
