#include "lib/crypto/ecdsa.h"
#include "lib/crypto/verify.h"
#include "lib/crypto/x509_parts.h"

#define OID_PSS    "1.2.840.113549.1.1.10"
#define OID_MGF1   "1.2.840.113549.1.1.8"
#define OID_SHA384 "2.16.840.1.101.3.4.2.2"

#define PSS_SALT_SHA384 48
#define PSS_TRAILER     1

/* How each scheme is named, and what verifies it. */
static const struct scheme_row {
    unsigned scheme;
    const char *oid;
    enum key_type key;
    enum verify_scheme verify;
    enum digest_alg digest;
} rows[] = {
    {X509_RSA_PSS_SHA384, OID_PSS, KEY_RSA, VERIFY_RSA_PSS, DIGEST_SHA384},
    {X509_RSA_PKCS1_SHA256, "1.2.840.113549.1.1.11", KEY_RSA, VERIFY_RSA_PKCS1, DIGEST_SHA256},
    {X509_RSA_PKCS1_SHA384, "1.2.840.113549.1.1.12", KEY_RSA, VERIFY_RSA_PKCS1, DIGEST_SHA384},
    {X509_RSA_PKCS1_SHA512, "1.2.840.113549.1.1.13", KEY_RSA, VERIFY_RSA_PKCS1, DIGEST_SHA512},
    {X509_ECDSA_P256_SHA256, "1.2.840.10045.4.3.2", KEY_P256, VERIFY_ECDSA, DIGEST_SHA256},
    {X509_ECDSA_P384_SHA384, "1.2.840.10045.4.3.3", KEY_P384, VERIFY_ECDSA, DIGEST_SHA384},
    {X509_ED25519, "1.3.101.112", KEY_ED25519, VERIFY_ED25519, DIGEST_SHA512},
};

/* An AlgorithmIdentifier of SHA-384, whose parameters are NULL or absent. */
static bool is_sha384(struct span content)
{
    struct der d = der_of(content);
    struct span oid = der_take(&d, DER_OID);

    if (der_more(&d) && der_take(&d, DER_NULL).len > 0)
        return false;
    return der_end(&d) && der_oid_is(oid, OID_SHA384);
}

/* The content of [n] EXPLICIT SEQUENCE. */
static struct span take_tagged(struct der *d, unsigned n)
{
    struct der tagged = der_of(der_take(d, DER_CONTEXT(n)));
    struct span content = der_take(&tagged, DER_SEQUENCE);

    if (!der_end(&tagged))
        der_fail(d);
    return content;
}

static uint64_t take_tagged_number(struct der *d, unsigned n)
{
    struct der tagged = der_of(der_take(d, DER_CONTEXT(n)));
    uint64_t number = der_u64(&tagged);

    if (!der_end(&tagged))
        der_fail(d);
    return number;
}

/* RFC 4055: absent parameters mean SHA-1, so each must be there, but for the trailer, which has one
 * value only and which some write. */
static bool is_pss_sha384(struct der *parameters)
{
    struct der d = der_of(der_take(parameters, DER_SEQUENCE));
    struct span hash = take_tagged(&d, 0);
    struct der mask = der_of(take_tagged(&d, 1));
    uint64_t salt = take_tagged_number(&d, 2);
    struct span function = der_take(&mask, DER_OID);
    struct span mask_hash = der_take(&mask, DER_SEQUENCE);

    if (der_more(&d) && take_tagged_number(&d, 3) != PSS_TRAILER)
        return false;
    return der_end(&d) && der_end(&mask) && is_sha384(hash) && der_oid_is(function, OID_MGF1) &&
           is_sha384(mask_hash) && salt == PSS_SALT_SHA384;
}

/* RSA's older schemes have NULL for parameters, those of curves have none; PSS has all of them. */
static bool parameters_fit(const struct scheme_row *row, struct der *d)
{
    if (row->verify == VERIFY_RSA_PSS)
        return is_pss_sha384(d) && der_end(d);
    if (row->verify == VERIFY_RSA_PKCS1 && der_more(d) && der_take(d, DER_NULL).len > 0)
        return false;
    return der_end(d);
}

static const struct scheme_row *find_row(struct span oid, unsigned schemes)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if ((rows[i].scheme & schemes) != 0 && der_oid_is(oid, rows[i].oid))
            return &rows[i];
    return NULL;
}

static int find_scheme(struct span algorithm, const struct key *key, unsigned schemes,
                       const struct scheme_row **ret, struct err *err)
{
    struct der outer = der_of(algorithm);
    struct der d = der_of(der_take(&outer, DER_SEQUENCE));
    struct span oid = der_take(&d, DER_OID);
    const struct scheme_row *row = find_row(oid, schemes);
    OWNED_BUF text = BUF_OF(256);

    if (row == NULL) {
        der_oid_text(oid, &text);
        return err_set(err, ERR_UNTRUSTED, "is signed with %.80s, which is not accepted here",
                       buf_str(&text));
    }
    if (key_type_of(key) != row->key)
        return err_set(err, ERR_UNTRUSTED, "the issuer's key does not go with the algorithm");
    if (!parameters_fit(row, &d))
        return err_set(err, ERR_UNTRUSTED, "%s",
                       row->verify == VERIFY_RSA_PSS
                           ? "RSASSA-PSS is not with SHA-384, MGF1-SHA384 and a salt of 48 bytes"
                           : "the algorithm has parameters that do not belong there");
    *ret = row;
    return 0;
}

int x509_check_signed(const struct x509_signed *it, const struct key *key, unsigned schemes,
                      struct err *err)
{
    uint8_t halves[ECDSA_SIGNATURE_MAX];
    struct span signature = it->signature;
    const struct scheme_row *row;

    if (find_scheme(it->algorithm, key, schemes, &row, err) < 0)
        return -1;
    if (row->verify == VERIFY_ECDSA) {
        size_t length;

        if (ecdsa_from_der(key_type_of(key), signature, halves, &length, err) < 0)
            return -1;
        signature = span_of(halves, length);
    }
    return verify_signature(key, row->verify, row->digest, it->body, signature, err);
}
