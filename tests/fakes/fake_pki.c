#include "tests/fakes/fake_pki.h"

#include "lib/base/text.h"
#include "lib/crypto/openssl.h"

#include <openssl/rsa.h>
#include <openssl/x509v3.h>

static X509_NAME *name_of(const char *common_name)
{
    X509_NAME *name = X509_NAME_new();

    openssl_require(name != NULL &&
                    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const uint8_t *)"Fake",
                                               -1, -1, 0) == 1 &&
                    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                               (const uint8_t *)common_name, -1, -1, 0) == 1);
    return name;
}

static void add_extension(X509 *x509, int nid, int critical, void *value)
{
    openssl_require(X509_add1_ext_i2d(x509, nid, value, critical, X509V3_ADD_APPEND) == 1);
}

static void add_constraints(X509 *x509, const struct fake_cert *cert)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();

    constraints->ca = cert->ca ? 0xff : 0;
    if (cert->ca && cert->path_len >= 0) {
        constraints->pathlen = ASN1_INTEGER_new();
        ASN1_INTEGER_set(constraints->pathlen, cert->path_len);
    }
    add_extension(x509, NID_basic_constraints, 1, constraints);
    BASIC_CONSTRAINTS_free(constraints);
}

static void add_usage(X509 *x509, unsigned usage)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();

    for (int i = 0; i < 8; i++)
        ASN1_BIT_STRING_set_bit(bits, i, (usage & 0x80U >> i) != 0);
    add_extension(x509, NID_key_usage, 1, bits);
    ASN1_BIT_STRING_free(bits);
}

static void add_raw(X509 *x509, const struct fake_extension *extension)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(extension->oid, 1);
    ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
    X509_EXTENSION *made;

    ASN1_OCTET_STRING_set(content, extension->content.data, (int)extension->content.len);
    made = X509_EXTENSION_create_by_OBJ(NULL, oid, extension->critical, content);
    openssl_require(made != NULL && X509_add_ext(x509, made, -1) == 1);
    X509_EXTENSION_free(made);
    ASN1_OCTET_STRING_free(content);
    ASN1_OBJECT_free(oid);
}

/* A context that signs in the scheme. */
static EVP_MD_CTX *signer(const struct key *key, enum fake_scheme scheme)
{
    static const EVP_MD *(*const digests[])(void) = {
        [KEY_RSA] = EVP_sha384, [KEY_P256] = EVP_sha256, [KEY_P384] = EVP_sha384};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    enum key_type type = key_type_of(key);
    const EVP_MD *md = type == KEY_ED25519 ? NULL : digests[type]();
    EVP_PKEY_CTX *pkey_ctx = NULL;

    if (scheme == FAKE_PSS_SHA256)
        md = EVP_sha256();
    openssl_require(EVP_DigestSignInit(ctx, &pkey_ctx, md, NULL, key_handle(key)) == 1);
    if (type == KEY_RSA && scheme != FAKE_PKCS1_SHA384)
        openssl_require(
            EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_ctx, scheme == FAKE_PSS_SALT_32 ? 32 : 48) == 1);
    if (scheme == FAKE_PSS_MGF1_SHA256)
        openssl_require(EVP_PKEY_CTX_set_rsa_mgf1_md(pkey_ctx, EVP_sha256()) == 1);
    return ctx;
}

static void set_der(uint8_t *bytes, int len, struct buf *der)
{
    openssl_require(len > 0);
    buf_reset(der);
    buf_add(der, bytes, (size_t)len);
    OPENSSL_free(bytes);
}

static ASN1_INTEGER *serial_of(uint64_t value)
{
    ASN1_INTEGER *serial = ASN1_INTEGER_new();

    openssl_require(serial != NULL && ASN1_INTEGER_set_uint64(serial, value) == 1);
    return serial;
}

void fake_cert_make(const struct fake_cert *cert, const struct key *subject_key,
                    const struct key *issuer_key, struct buf *der)
{
    OPENSSL_OWNED(EVP_MD_CTX) *ctx = signer(issuer_key, cert->scheme);
    OPENSSL_OWNED(X509) *x509 = X509_new();
    X509_NAME *subject = name_of(cert->subject);
    X509_NAME *issuer = name_of(cert->issuer);
    ASN1_INTEGER *serial = serial_of(cert->serial);
    uint8_t *bytes = NULL;
    int len;

    openssl_require(
        X509_set_version(x509, cert->version_1 ? X509_VERSION_1 : X509_VERSION_3) == 1 &&
        X509_set_serialNumber(x509, serial) == 1 && X509_set_subject_name(x509, subject) == 1 &&
        X509_set_issuer_name(x509, issuer) == 1 &&
        ASN1_TIME_set(X509_getm_notBefore(x509), cert->not_before) != NULL &&
        ASN1_TIME_set(X509_getm_notAfter(x509), cert->not_after) != NULL &&
        X509_set_pubkey(x509, key_handle(subject_key)) == 1);
    if (cert->ca || cert->not_ca)
        add_constraints(x509, cert);
    if (cert->usage != 0)
        add_usage(x509, cert->usage);
    for (size_t i = 0; i < cert->extension_count; i++)
        add_raw(x509, &cert->extensions[i]);
    openssl_require(X509_sign_ctx(x509, ctx) > 0);
    len = i2d_X509(x509, &bytes);
    set_der(bytes, len, der);
    ASN1_INTEGER_free(serial);
    X509_NAME_free(subject);
    X509_NAME_free(issuer);
}

static void add_entries(X509_CRL *list, const struct fake_crl *crl)
{
    ASN1_TIME *date = ASN1_TIME_set(NULL, crl->this_update);

    for (size_t i = 0; i < crl->serial_count; i++) {
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_INTEGER *serial = serial_of(crl->serials[i]);

        openssl_require(X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
                        X509_REVOKED_set_revocationDate(entry, date) == 1 &&
                        X509_CRL_add0_revoked(list, entry) == 1);
        ASN1_INTEGER_free(serial);
    }
    ASN1_TIME_free(date);
}

void fake_crl_make(const struct fake_crl *crl, const struct key *issuer_key, struct buf *der)
{
    OPENSSL_OWNED(EVP_MD_CTX) *ctx = signer(issuer_key, crl->scheme);
    X509_CRL *list = X509_CRL_new();
    X509_NAME *issuer = name_of(crl->issuer);
    ASN1_TIME *this_update = ASN1_TIME_set(NULL, crl->this_update);
    ASN1_TIME *next_update = ASN1_TIME_set(NULL, crl->next_update);
    ISSUING_DIST_POINT *point = ISSUING_DIST_POINT_new();
    uint8_t *bytes = NULL;
    int len;

    openssl_require(X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1 &&
                    X509_CRL_set_issuer_name(list, issuer) == 1 &&
                    X509_CRL_set1_lastUpdate(list, this_update) == 1);
    if (crl->next_update != 0)
        openssl_require(X509_CRL_set1_nextUpdate(list, next_update) == 1);
    point->onlyuser = 0xff;
    if (crl->critical_point)
        openssl_require(X509_CRL_add1_ext_i2d(list, NID_issuing_distribution_point, point, 1, 0) ==
                        1);
    add_entries(list, crl);
    openssl_require(X509_CRL_sign_ctx(list, ctx) > 0);
    len = i2d_X509_CRL(list, &bytes);
    set_der(bytes, len, der);
    ISSUING_DIST_POINT_free(point);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
    X509_NAME_free(issuer);
    X509_CRL_free(list);
}

void fake_pem(const char *label, struct span der, struct buf *out)
{
    OWNED_BUF text = BUF_OF(8 * MIB);

    text_encode_base64(der, &text);
    buf_printf(out, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < text.len; at += 64) {
        buf_add_span(out, span_part(buf_span(&text), at, 64));
        buf_add_u8(out, '\n');
    }
    buf_printf(out, "-----END %s-----\n", label);
}
