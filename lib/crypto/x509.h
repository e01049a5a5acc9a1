/* Certificates and revocation lists, strictly, for PKIs whose roots we pin.
 *
 * This is not the web's PKI: chains are short, their shape is known to whoever verifies, names are
 * no DNS names, and everything is judged at a time that is given. So there is no chain builder and
 * no trust store here. The caller parses, says which certificate must have signed which, and checks
 * step by step; each check answers one question, so that a verdict can name what failed.
 *
 * Parsing refuses what is not DER, is not version 3, has bytes after its end, or has an extension
 * twice. Serial numbers may be anything, zero included: AMD's VCEK has it. Everything parsed is
 * immutable and may be used by any thread. */
#ifndef COCOS_CRYPTO_X509_H
#define COCOS_CRYPTO_X509_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "lib/crypto/key.h"

#define X509_SIZE_MAX     (64 * KIB) /* of one certificate, as DER */
#define X509_CRL_SIZE_MAX (4 * MIB)
#define X509_NAME_SIZE    128

struct x509;
void x509_free(struct x509 *cert);
DEFINE_OWNED(x509)
#define OWNED_X509 OWNED_OF(x509)

struct x509_list {
    struct x509 **items;
    size_t count;
};
void x509_list_done(struct x509_list *list);
#define OWNED_X509_LIST __attribute__((cleanup(x509_list_done))) struct x509_list

/* Exactly one certificate, DER or PEM. Errors: INPUT. */
MUST_USE int x509_parse(struct span bytes, struct x509 **ret, struct err *err);

/* One certificate as DER, or all the "CERTIFICATE" blocks of a PEM text (text between them is
 * skipped, other blocks are refused); at least one, and appended to list, which holds at most max.
 * What was appended before a failure stays. Errors: INPUT. */
MUST_USE int x509_list_parse(struct span bytes, size_t max, struct x509_list *list,
                             struct err *err);

/* The same, but for blocks that stand word for word in the PEM text known: who has that text has
 * those certificates. */
MUST_USE int x509_list_parse_others(struct span bytes, struct span known, size_t max,
                                    struct x509_list *list, struct err *err);

/* All borrowed from the certificate. */
struct span x509_der(const struct x509 *cert);
struct span x509_spki(const struct x509 *cert);        /* SubjectPublicKeyInfo as it stands there */
struct span x509_subject(const struct x509 *cert);     /* the whole name, DER */
struct span x509_issuer(const struct x509 *cert);      /* the whole name, DER */
struct span x509_serial(const struct x509 *cert);      /* big-endian magnitude; empty for zero */
const char *x509_common_name(const struct x509 *cert); /* of the subject; "" unless there is one */
const char *x509_issuer_common_name(const struct x509 *cert); /* the same of the issuer */
int64_t x509_not_before(const struct x509 *cert);             /* seconds since 1970 */
int64_t x509_not_after(const struct x509 *cert);

/* SHA-256 of the SPKI: what roots are pinned by. */
void x509_key_digest(const struct x509 *cert, uint8_t out[static SHA256_SIZE]);

/* The public key; a fresh one for the caller. Errors: INPUT (a type or size that we do not use). */
MUST_USE int x509_key(const struct x509 *cert, struct key **ret, struct err *err);

/* The same, borrowed; NULL when it is of a type or size that we do not use. */
const struct key *x509_public_key(const struct x509 *cert);

/* The content of an extension by its dotted OID, without the OCTET STRING around it; false when
 * there is none. There are never two. */
bool x509_extension(const struct x509 *cert, const char *oid, struct span *ret);

/* Bits of keyUsage (RFC 5280, 4.2.1.3). */
enum x509_usage {
    X509_KEY_ENCIPHERMENT = 2,
    X509_KEY_AGREEMENT = 4,
    X509_CERT_SIGN = 5,
    X509_CRL_SIGN = 6
};

/* True when the certificate allows its key to be used so, or says nothing about its use. */
bool x509_allows_usage(const struct x509 *cert, enum x509_usage usage);

/* UNTRUSTED when a critical extension is none of basicConstraints, keyUsage and the known ones
 * (dotted OIDs, NULL-terminated; NULL for no others). */
MUST_USE int x509_check_critical(const struct x509 *cert, const char *const known[],
                                 struct err *err);

/* UNTRUSTED when now is outside of the validity period. */
MUST_USE int x509_check_time(const struct x509 *cert, int64_t now, struct err *err);

/* Signature schemes, to be or-ed: the certificate's own word about how it is signed is believed
 * only within what the caller allows. */
enum {
    X509_RSA_PSS_SHA384 = 1 << 0, /* MGF1 with SHA-384, salt of 48 bytes, nothing else */
    X509_RSA_PKCS1_SHA256 = 1 << 1,
    X509_RSA_PKCS1_SHA384 = 1 << 2,
    X509_RSA_PKCS1_SHA512 = 1 << 3,
    X509_ECDSA_P256_SHA256 = 1 << 4,
    X509_ECDSA_P384_SHA384 = 1 << 5,
    X509_ED25519 = 1 << 6
};

/* UNTRUSTED unless issuer's key signed the certificate, with one of the schemes. Looks at nothing
 * else. */
MUST_USE int x509_check_signature(const struct x509 *cert, const struct x509 *issuer,
                                  unsigned schemes, struct err *err);

/* The same for an issuer of whom only the key is known. */
MUST_USE int x509_check_signature_by(const struct x509 *cert, const struct key *issuer,
                                     unsigned schemes, struct err *err);

/* UNTRUSTED unless the certificate is a CA's and may sign certificates. */
MUST_USE int x509_check_ca(const struct x509 *cert, struct err *err);

/* UNTRUSTED unless issuer may issue (CA, keyCertSign where keyUsage is there), has room for `below`
 * further CAs under it, and bears the name that the certificate gives as its issuer's. */
MUST_USE int x509_check_issuer(const struct x509 *cert, const struct x509 *issuer, unsigned below,
                               struct err *err);

/* Revocation lists. */
struct x509_crl;
void x509_crl_free(struct x509_crl *crl);
DEFINE_OWNED(x509_crl)
#define OWNED_X509_CRL OWNED_OF(x509_crl)

/* Exactly one list, DER or PEM, version 2, with both dates, complete (no delta, no indirect one, no
 * critical extension). Errors: INPUT. */
MUST_USE int x509_crl_parse(struct span bytes, struct x509_crl **ret, struct err *err);

int64_t x509_crl_this_update(const struct x509_crl *crl);
int64_t x509_crl_next_update(const struct x509_crl *crl);
const char *x509_crl_issuer_common_name(const struct x509_crl *crl);

/* True when the list names issuer as the one who made it. Proves nothing. */
bool x509_crl_is_by(const struct x509_crl *crl, const struct x509 *issuer);

/* UNTRUSTED unless issuer, who may sign lists, signed this one with one of the schemes. */
MUST_USE int x509_crl_check_signature(const struct x509_crl *crl, const struct x509 *issuer,
                                      unsigned schemes, struct err *err);

/* UNTRUSTED when now is before this update or after the next one. */
MUST_USE int x509_crl_check_time(const struct x509_crl *crl, int64_t now, struct err *err);

/* True when the certificate's serial is on the list. The caller knows that the list is its
 * issuer's. */
bool x509_crl_revokes(const struct x509_crl *crl, const struct x509 *cert);

#endif
