/* Makes certificates: the manager's CA and server certificate, the agent's, and the self-signed
 * ones that carry a party's key into a TLS handshake. All PEM; serials are random, versions 3. */
#ifndef COCOS_CRYPTO_X509_MAKE_H
#define COCOS_CRYPTO_X509_MAKE_H

#include "lib/crypto/key.h"

struct x509_subject {
    const char *common_name;
    const char *const *dns; /* NULL-terminated SAN names, may be NULL */
    const char *const *ip;  /* NULL-terminated SAN addresses as text, may be NULL */
    int64_t not_before;     /* seconds since 1970 */
    int64_t not_after;
    bool ca;     /* basicConstraints CA, keyCertSign and cRLSign */
    bool server; /* extendedKeyUsage serverAuth */
    bool client; /* extendedKeyUsage clientAuth */
};

/* A certificate for subject_key, signed by issuer_key; issuer_pem is the issuer's certificate, or
 * empty for a self-signed one. Appended to out as PEM. Errors: INPUT (a name that cannot be
 * encoded). */
MUST_USE int x509_make(const struct x509_subject *subject, const struct key *subject_key,
                       struct span issuer_pem, const struct key *issuer_key, struct buf *out,
                       struct err *err);

#endif
