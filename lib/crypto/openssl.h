/* For lib/crypto only: what its modules share of OpenSSL. */
#ifndef COCOS_CRYPTO_OPENSSL_H
#define COCOS_CRYPTO_OPENSSL_H

#include "lib/crypto/key.h"

/* OpenSSL has a type of the same name as one of our kinds of error. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#undef ERR_STATE

/* Sets err, with OpenSSL's reason in words where it gave one, and empties OpenSSL's queue of
 * errors, which would otherwise be taken for a failure of the thread's next TLS call; returns -1.
 */
int openssl_fail(struct err *err, enum err_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* Ends the program unless ok; for the failures that only mean that memory is gone. */
static inline void openssl_require(bool ok)
{
    if (!ok)
        abort();
}

/* The key behind a struct key, borrowed. */
EVP_PKEY *key_handle(const struct key *key);

/* Makes a struct key of pkey (taken, also on failure) after checking that it is one of our types
 * and in its one canonical form. Errors: INPUT. */
MUST_USE int key_adopt(EVP_PKEY *pkey, bool private, struct key **ret, struct err *err);

/* The same for a public key whose SubjectPublicKeyInfo is known; it must be the canonical one. */
MUST_USE int key_adopt_public(EVP_PKEY *pkey, struct span spki, struct key **ret, struct err *err);

/* Reads a SubjectPublicKeyInfo, strictly: nothing after it, no other encoding. Errors: INPUT. */
MUST_USE int key_load_spki(struct span der, struct key **ret, struct err *err);

/* Parses a certificate, DER or PEM, with nothing before or after it. Errors: INPUT. */
MUST_USE int certificate_parse(struct span bytes, X509 **ret, struct err *err);

/* The SubjectPublicKeyInfo of a certificate, byte for byte as it stands there; appended. */
MUST_USE int certificate_write_spki(const X509 *certificate, struct buf *out, struct err *err);

/* Appends everything that was written to a memory BIO. */
void openssl_add_bio(BIO *bio, struct buf *out);

/* OpenSSL's name of a digest. */
const char *openssl_digest(enum digest_alg alg);

/* OWNED_OF() for the types of OpenSSL. */
#define DEFINE_OPENSSL_OWNED(type, release)                                                        \
    static inline void type##_free_owned(type **owner)                                             \
    {                                                                                              \
        release(*owner);                                                                           \
    }
#define OPENSSL_OWNED(type) __attribute__((cleanup(type##_free_owned))) type

DEFINE_OPENSSL_OWNED(BIO, BIO_free_all)
DEFINE_OPENSSL_OWNED(EVP_PKEY, EVP_PKEY_free)
DEFINE_OPENSSL_OWNED(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DEFINE_OPENSSL_OWNED(EVP_MD_CTX, EVP_MD_CTX_free)
DEFINE_OPENSSL_OWNED(X509, X509_free)

#endif
