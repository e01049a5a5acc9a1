/* For the x509 modules only: what certificates and revocation lists have in common, and what a
 * certificate is inside. RFC 5280, sections 4 and 5. */
#ifndef COCOS_CRYPTO_X509_PARTS_H
#define COCOS_CRYPTO_X509_PARTS_H

#include "lib/crypto/der.h"
#include "lib/crypto/x509.h"

#define OID_BASIC_CONSTRAINTS "2.5.29.19"
#define OID_KEY_USAGE         "2.5.29.15"

/* The bits of keyUsage, by number. */

/* What somebody signed, and how. */
struct x509_signed {
    struct span body;      /* the whole element that the signature covers */
    struct span algorithm; /* the whole AlgorithmIdentifier */
    struct span signature; /* the bytes of the BIT STRING */
};

struct x509 {
    uint8_t *der; /* our copy, which all spans point into */
    size_t der_len;
    struct x509_signed signed_part;
    struct span serial; /* content of the INTEGER */
    struct span issuer, subject, spki;
    struct span extensions; /* content of the SEQUENCE */
    int64_t not_before, not_after;
    struct key *key; /* NULL when it is of a kind that we do not use */
    char common_name[X509_NAME_SIZE];
    char issuer_common_name[X509_NAME_SIZE];
};

struct x509_extension {
    struct span oid;
    bool critical;
    struct span content; /* of the OCTET STRING */
};

/* DER of one object with the given PEM label, from DER or PEM; appended to out. Errors: INPUT. */
MUST_USE int x509_unwrap(struct span bytes, const char *label, struct buf *out, struct err *err);

/* Takes the outer SEQUENCE apart: {body, algorithm, signature}. The body names the algorithm once
 * more, and the caller compares. Errors: INPUT. */
MUST_USE int x509_split(struct span der, struct x509_signed *ret, struct err *err);

/* The next element must be a time in the form of RFC 5280: seconds since 1970. */
int64_t x509_take_time(struct der *d);

/* The one common name of a name (the whole element), printable; "" when there is none or more than
 * one. Errors: INPUT (no Name). */
MUST_USE int x509_read_common_name(struct span name, char out[static X509_NAME_SIZE],
                                   struct err *err);

/* The next extension of a list; false at the end, or when the cursor became bad. */
bool x509_next_extension(struct der *list, struct x509_extension *ret);

/* INPUT when the list is malformed, too long, or has an extension twice. */
MUST_USE int x509_check_extensions(struct span list, struct err *err);

/* UNTRUSTED unless key signed it, with one of the schemes. */
MUST_USE int x509_check_signed(const struct x509_signed *it, const struct key *key,
                               unsigned schemes, struct err *err);

/* UNTRUSTED when keyUsage is there without the bit. what: "certificates". */
MUST_USE int x509_check_usage(const struct x509 *issuer, enum x509_usage usage, const char *what,
                              struct err *err);

#endif
