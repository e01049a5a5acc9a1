/* For the x509 modules only: what a certificate is inside. */
#ifndef COCOS_CRYPTO_X509_OPENSSL_H
#define COCOS_CRYPTO_X509_OPENSSL_H

#include "lib/crypto/openssl.h"
#include "lib/crypto/x509.h"

struct x509 {
    X509 *handle;
    uint8_t *der;
    size_t der_len;
    struct span spki, subject, issuer; /* within OpenSSL's copy */
    uint8_t *spki_der;                 /* what spki points to */
    int64_t not_before, not_after;
    char common_name[X509_NAME_SIZE];
    char issuer_common_name[X509_NAME_SIZE];
};

/* DER of one object of the given kind ("CERTIFICATE", "X509 CRL") from DER or PEM; appended to out.
 * Errors: INPUT. */
MUST_USE int x509_unwrap(struct span bytes, const char *label, struct buf *out, struct err *err);

/* Seconds since 1970 of a time in the form that RFC 5280 demands. Errors: INPUT. */
MUST_USE int x509_read_time(const ASN1_TIME *time, int64_t *ret, struct err *err);

/* The one common name of a name, printable; "" when there is none or more than one. */
void x509_read_common_name(const X509_NAME *name, char out[static X509_NAME_SIZE]);

/* INPUT when an extension is there twice. */
MUST_USE int x509_check_extensions(const STACK_OF(X509_EXTENSION) * extensions, struct err *err);

/* INPUT unless the algorithm, which is the signature's, is one of schemes and goes with the key. */
MUST_USE int x509_check_scheme(const X509_ALGOR *algorithm, EVP_PKEY *key, unsigned schemes,
                               struct err *err);

/* UNTRUSTED when an extended use that bit stands for (KU_KEY_CERT_SIGN...) is not the issuer's. */
MUST_USE int x509_check_usage(const struct x509 *issuer, uint32_t bit, const char *what,
                              struct err *err);

#endif
