#include "lib/base/text.h"
#include "lib/crypto/x509_openssl.h"

#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <stdio.h>

#define PSS_SALT_SHA384 48

/* What a signature algorithm demands of the key, one row a scheme. */
static const struct {
    unsigned scheme;
    int algorithm; /* NID of the signature's OID */
    int key;       /* EVP_PKEY_* */
    int bits;      /* of the curve; 0: any */
} schemes_known[] = {
    {X509_RSA_PSS_SHA384, NID_rsassaPss, EVP_PKEY_RSA, 0},
    {X509_RSA_PKCS1_SHA256, NID_sha256WithRSAEncryption, EVP_PKEY_RSA, 0},
    {X509_RSA_PKCS1_SHA384, NID_sha384WithRSAEncryption, EVP_PKEY_RSA, 0},
    {X509_RSA_PKCS1_SHA512, NID_sha512WithRSAEncryption, EVP_PKEY_RSA, 0},
    {X509_ECDSA_P256_SHA256, NID_ecdsa_with_SHA256, EVP_PKEY_EC, 256},
    {X509_ECDSA_P384_SHA384, NID_ecdsa_with_SHA384, EVP_PKEY_EC, 384},
    {X509_ED25519, NID_ED25519, EVP_PKEY_ED25519, 0},
};

DEFINE_OPENSSL_OWNED(RSA_PSS_PARAMS, RSA_PSS_PARAMS_free)
DEFINE_OPENSSL_OWNED(X509_ALGOR, X509_ALGOR_free)
DEFINE_OPENSSL_OWNED(BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free)

static bool is_sha384(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *oid = NULL;

    if (algorithm == NULL)
        return false;
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    return OBJ_obj2nid(oid) == NID_sha384;
}

/* The mask generation function's parameter is itself an algorithm. */
static bool is_mgf1_sha384(const X509_ALGOR *algorithm)
{
    OPENSSL_OWNED(X509_ALGOR) *hash = NULL;
    const ASN1_OBJECT *oid = NULL;
    const void *parameter = NULL;
    int type = V_ASN1_UNDEF;

    if (algorithm == NULL)
        return false;
    X509_ALGOR_get0(&oid, &type, &parameter, algorithm);
    if (OBJ_obj2nid(oid) != NID_mgf1 || type != V_ASN1_SEQUENCE)
        return false;
    hash = ASN1_item_unpack(parameter, ASN1_ITEM_rptr(X509_ALGOR));
    return is_sha384(hash);
}

/* RFC 4055: absent parameters mean SHA-1, so each must be there, but for the trailer, which has
 * only one value. */
static bool is_pss_sha384(const X509_ALGOR *algorithm)
{
    OPENSSL_OWNED(RSA_PSS_PARAMS) *pss = NULL;
    const void *parameter = NULL;
    int type = V_ASN1_UNDEF;

    X509_ALGOR_get0(NULL, &type, &parameter, algorithm);
    if (type != V_ASN1_SEQUENCE)
        return false;
    pss = ASN1_item_unpack(parameter, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
    return pss != NULL && is_sha384(pss->hashAlgorithm) && is_mgf1_sha384(pss->maskGenAlgorithm) &&
           pss->saltLength != NULL && ASN1_INTEGER_get(pss->saltLength) == PSS_SALT_SHA384 &&
           (pss->trailerField == NULL || ASN1_INTEGER_get(pss->trailerField) == 1);
}

int x509_check_scheme(const X509_ALGOR *algorithm, EVP_PKEY *key, unsigned schemes, struct err *err)
{
    const ASN1_OBJECT *oid = NULL;
    char text[80];

    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    for (size_t i = 0; i < COUNT_OF(schemes_known); i++) {
        if ((schemes_known[i].scheme & schemes) == 0 ||
            schemes_known[i].algorithm != OBJ_obj2nid(oid))
            continue;
        if (EVP_PKEY_get_base_id(key) != schemes_known[i].key ||
            (schemes_known[i].bits != 0 && EVP_PKEY_get_bits(key) != schemes_known[i].bits))
            return err_set(err, ERR_UNTRUSTED, "the issuer's key does not go with the algorithm");
        if (schemes_known[i].scheme == X509_RSA_PSS_SHA384 && !is_pss_sha384(algorithm)) {
            ERR_clear_error();
            return err_set(err, ERR_UNTRUSTED,
                           "RSASSA-PSS is not with SHA-384, MGF1-SHA384 and a salt of 48 bytes");
        }
        return 0;
    }
    OBJ_obj2txt(text, sizeof(text), oid, 0);
    return err_set(err, ERR_UNTRUSTED, "is signed with %.60s, which is not accepted here", text);
}

int x509_check_signature(const struct x509 *cert, const struct x509 *issuer, unsigned schemes,
                         struct err *err)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer->handle);
    const X509_ALGOR *algorithm = NULL;

    X509_get0_signature(NULL, &algorithm, cert->handle);
    if (key == NULL)
        return openssl_fail(err, ERR_UNTRUSTED, "certificate '%s': its issuer's key is unusable",
                            cert->common_name);
    if (x509_check_scheme(algorithm, key, schemes, err) < 0)
        return err_wrap(err, "certificate '%s'", cert->common_name);
    if (X509_verify(cert->handle, key) != 1)
        return openssl_fail(err, ERR_UNTRUSTED, "certificate '%s' is not signed by '%s'",
                            cert->common_name, issuer->common_name);
    return 0;
}

int x509_check_usage(const struct x509 *issuer, uint32_t bit, const char *what, struct err *err)
{
    int critical = 0;
    ASN1_BIT_STRING *usage = X509_get_ext_d2i(issuer->handle, NID_key_usage, &critical, NULL);
    uint32_t bits = 0;

    if (usage == NULL) {
        ERR_clear_error();
        if (critical == -1) /* no such extension: any use */
            return 0;
    } else {
        for (int i = 0; i < 8 && i < 8 * ASN1_STRING_length(usage); i++)
            bits |= ASN1_BIT_STRING_get_bit(usage, i) ? 0x80U >> i : 0;
        ASN1_BIT_STRING_free(usage);
    }
    if ((bits & bit) == 0)
        return err_set(err, ERR_UNTRUSTED, "'%s' may not sign %s", issuer->common_name, what);
    return 0;
}

int x509_check_issuer(const struct x509 *cert, const struct x509 *issuer, unsigned below,
                      struct err *err)
{
    OPENSSL_OWNED(BASIC_CONSTRAINTS) *constraints =
        X509_get_ext_d2i(issuer->handle, NID_basic_constraints, NULL, NULL);

    ERR_clear_error();
    if (!span_equal(cert->issuer, issuer->subject))
        return err_set(err, ERR_UNTRUSTED, "certificate '%s' names '%s' as its issuer, not '%s'",
                       cert->common_name, cert->issuer_common_name, issuer->common_name);
    if (constraints == NULL || !constraints->ca)
        return err_set(err, ERR_UNTRUSTED, "'%s' is no CA", issuer->common_name);
    if (constraints->pathlen != NULL && (ASN1_INTEGER_get(constraints->pathlen) < 0 ||
                                         ASN1_INTEGER_get(constraints->pathlen) < (long)below))
        return err_set(err, ERR_UNTRUSTED, "'%s' has more CAs under it than it may have",
                       issuer->common_name);
    return x509_check_usage(issuer, KU_KEY_CERT_SIGN, "certificates", err);
}

static bool is_known(const char *oid, const char *const known[])
{
    static const char *const always[] = {"2.5.29.19", "2.5.29.15", NULL};

    for (size_t i = 0; always[i] != NULL; i++)
        if (strcmp(always[i], oid) == 0)
            return true;
    for (size_t i = 0; known != NULL && known[i] != NULL; i++)
        if (strcmp(known[i], oid) == 0)
            return true;
    return false;
}

int x509_check_critical(const struct x509 *cert, const char *const known[], struct err *err)
{
    for (int i = 0; i < X509_get_ext_count(cert->handle); i++) {
        X509_EXTENSION *extension = X509_get_ext(cert->handle, i);
        char oid[80];

        OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(extension), 1);
        if (X509_EXTENSION_get_critical(extension) && !is_known(oid, known))
            return err_set(err, ERR_UNTRUSTED,
                           "certificate '%s' has the critical extension %s, unknown here",
                           cert->common_name, oid);
    }
    return 0;
}

int x509_check_time(const struct x509 *cert, int64_t now, struct err *err)
{
    char at[TEXT_TIME_SIZE], limit[TEXT_TIME_SIZE];
    bool early = now < cert->not_before;

    if (!early && now <= cert->not_after)
        return 0;
    text_format_time(now, at);
    text_format_time(early ? cert->not_before : cert->not_after, limit);
    return err_set(err, ERR_UNTRUSTED, "certificate '%s' %s %s, the time is %s", cert->common_name,
                   early ? "is not valid before" : "expired at", limit, at);
}
