#include "lib/crypto/x509_make.h"

#include "lib/base/text.h"
#include "lib/crypto/openssl.h"
#include "lib/crypto/secret.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <time.h>

#define SERIAL_SIZE    16 /* RFC 5280, section 4.1.2.2: at most 20 */
#define X509_V3        2  /* what version 3 is on the wire */
#define KEY_USAGE_SIGN 0  /* bit digitalSignature */
#define KEY_USAGE_CERT 5  /* bit keyCertSign */
#define KEY_USAGE_CRL  6  /* bit cRLSign */
#define DNS_NAME_MAX   253
#define KEY_ID_SIZE    20 /* RFC 7093, section 2: SHA-256, cut */

DEFINE_OPENSSL_OWNED(GENERAL_NAMES, GENERAL_NAMES_free)
DEFINE_OPENSSL_OWNED(BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free)
DEFINE_OPENSSL_OWNED(ASN1_BIT_STRING, ASN1_BIT_STRING_free)
DEFINE_OPENSSL_OWNED(ASN1_OCTET_STRING, ASN1_OCTET_STRING_free)
DEFINE_OPENSSL_OWNED(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free)
DEFINE_OPENSSL_OWNED(AUTHORITY_KEYID, AUTHORITY_KEYID_free)
DEFINE_OPENSSL_OWNED(BIGNUM, BN_free)

static void add_extension(X509 *certificate, int nid, void *value, bool critical)
{
    openssl_require(X509_add1_ext_i2d(certificate, nid, value, critical, X509V3_ADD_DEFAULT) == 1);
}

static void set_serial(X509 *certificate)
{
    OPENSSL_OWNED(BIGNUM) *number = NULL;
    uint8_t bytes[SERIAL_SIZE];

    random_bytes(bytes, sizeof(bytes));
    bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and never zero */
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    openssl_require(number != NULL &&
                    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL);
}

static int set_validity(X509 *certificate, const struct x509_subject *subject, struct err *err)
{
    if (subject->not_after < subject->not_before ||
        ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)subject->not_before) == NULL ||
        ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)subject->not_after) == NULL)
        return openssl_fail(err, ERR_INPUT, "validity from %lld to %lld cannot be",
                            (long long)subject->not_before, (long long)subject->not_after);
    return 0;
}

static int set_names(X509 *certificate, const char *common_name, const X509 *issuer,
                     struct err *err)
{
    X509_NAME *name = X509_get_subject_name(certificate);

    if (common_name[0] == '\0' ||
        X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                   (const uint8_t *)common_name, -1, -1, 0) != 1)
        return openssl_fail(err, ERR_INPUT, "common name '%.80s' cannot be encoded", common_name);
    openssl_require(X509_set_issuer_name(certificate, issuer != NULL ? X509_get_subject_name(issuer)
                                                                     : name) == 1);
    return 0;
}

/* --- extensions --- */

static void add_usage(X509 *certificate, const struct x509_subject *subject)
{
    OPENSSL_OWNED(BASIC_CONSTRAINTS) *constraints = BASIC_CONSTRAINTS_new();
    OPENSSL_OWNED(ASN1_BIT_STRING) *usage = ASN1_BIT_STRING_new();

    openssl_require(constraints != NULL && usage != NULL);
    constraints->ca = subject->ca ? 0xff : 0;
    add_extension(certificate, NID_basic_constraints, constraints, true);

    if (subject->ca)
        openssl_require(ASN1_BIT_STRING_set_bit(usage, KEY_USAGE_CERT, 1) == 1 &&
                        ASN1_BIT_STRING_set_bit(usage, KEY_USAGE_CRL, 1) == 1);
    else
        openssl_require(ASN1_BIT_STRING_set_bit(usage, KEY_USAGE_SIGN, 1) == 1);
    add_extension(certificate, NID_key_usage, usage, true);
}

static void add_extended_usage(X509 *certificate, const struct x509_subject *subject)
{
    OPENSSL_OWNED(EXTENDED_KEY_USAGE) *usage = EXTENDED_KEY_USAGE_new();

    openssl_require(usage != NULL);
    if (subject->server)
        openssl_require(sk_ASN1_OBJECT_push(usage, OBJ_nid2obj(NID_server_auth)) > 0);
    if (subject->client)
        openssl_require(sk_ASN1_OBJECT_push(usage, OBJ_nid2obj(NID_client_auth)) > 0);
    if (subject->server || subject->client)
        add_extension(certificate, NID_ext_key_usage, usage, false);
}

/* Letters, digits, '-' and '.', perhaps with "*." in front. */
static bool is_dns_name(const char *name)
{
    const char *plain = text_starts_with(name, "*.") ? name + 2 : name;
    size_t len = strlen(name);

    return len <= DNS_NAME_MAX && plain[0] != '\0' && plain[0] != '.' && plain[0] != '-' &&
           strspn(plain, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.") ==
               strlen(plain);
}

static void push_name(GENERAL_NAMES *names, int type, ASN1_STRING *value)
{
    GENERAL_NAME *name = GENERAL_NAME_new();

    openssl_require(name != NULL && value != NULL);
    GENERAL_NAME_set0_value(name, type, value);
    openssl_require(sk_GENERAL_NAME_push(names, name) > 0);
}

static int add_alternative_names(X509 *certificate, const struct x509_subject *subject,
                                 struct err *err)
{
    OPENSSL_OWNED(GENERAL_NAMES) *names = GENERAL_NAMES_new();

    openssl_require(names != NULL);
    for (const char *const *dns = subject->dns; dns != NULL && *dns != NULL; dns++) {
        ASN1_IA5STRING *value = ASN1_IA5STRING_new();

        openssl_require(value != NULL && ASN1_STRING_set(value, *dns, -1) == 1);
        push_name(names, GEN_DNS, value);
        if (!is_dns_name(*dns))
            return err_set(err, ERR_INPUT, "'%.80s' is not a host name", *dns);
    }
    for (const char *const *ip = subject->ip; ip != NULL && *ip != NULL; ip++) {
        ASN1_OCTET_STRING *value = a2i_IPADDRESS(*ip);

        if (value == NULL)
            return openssl_fail(err, ERR_INPUT, "'%.80s' is not an IP address", *ip);
        push_name(names, GEN_IPADD, value);
    }
    if (sk_GENERAL_NAME_num(names) > 0)
        add_extension(certificate, NID_subject_alt_name, names, false);
    return 0;
}

static ASN1_OCTET_STRING *key_id_of(const struct key *key)
{
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    uint8_t identity[SHA256_SIZE];

    key_identity(key, identity);
    openssl_require(id != NULL && ASN1_OCTET_STRING_set(id, identity, KEY_ID_SIZE) == 1);
    return id;
}

static void add_key_ids(X509 *certificate, const X509 *issuer, const struct key *subject_key,
                        const struct key *issuer_key)
{
    OPENSSL_OWNED(ASN1_OCTET_STRING) *subject_id = key_id_of(subject_key);
    OPENSSL_OWNED(AUTHORITY_KEYID) *authority = AUTHORITY_KEYID_new();
    const ASN1_OCTET_STRING *stated =
        issuer != NULL ? X509_get0_subject_key_id((X509 *)issuer) : NULL;

    openssl_require(authority != NULL);
    authority->keyid = stated != NULL ? ASN1_OCTET_STRING_dup(stated) : key_id_of(issuer_key);
    openssl_require(authority->keyid != NULL);
    add_extension(certificate, NID_subject_key_identifier, subject_id, false);
    add_extension(certificate, NID_authority_key_identifier, authority, false);
}

/* --- the whole --- */

static const EVP_MD *digest_for(const struct key *issuer_key)
{
    switch (key_type_of(issuer_key)) {
    case KEY_ED25519: return NULL;
    case KEY_P384: return EVP_sha384();
    case KEY_RSA:
    case KEY_P256:
    case KEY_TYPE_COUNT: break;
    }
    return EVP_sha256();
}

/* An issuer must be a CA whose key we hold; without one, the certificate signs itself. */
static int check_issuer(X509 *issuer, const struct key *subject_key, const struct key *issuer_key,
                        struct err *err)
{
    if (!key_is_private(issuer_key))
        return err_set(err, ERR_INPUT, "issuer's key has no private half to sign with");
    if (issuer == NULL && !key_equal(subject_key, issuer_key))
        return err_set(err, ERR_INPUT, "a self-signed certificate is signed by its own key");
    if (issuer != NULL && X509_check_private_key(issuer, key_handle(issuer_key)) != 1)
        return openssl_fail(err, ERR_INPUT, "issuer's certificate is not for issuer's key");
    if (issuer != NULL && X509_check_ca(issuer) != 1)
        return err_set(err, ERR_INPUT, "issuer's certificate is not that of a CA");
    return 0;
}

static int write_signed(X509 *certificate, const struct key *issuer_key, struct buf *out,
                        struct err *err)
{
    OPENSSL_OWNED(BIO) *bio = BIO_new(BIO_s_mem());

    openssl_require(bio != NULL);
    if (X509_sign(certificate, key_handle(issuer_key), digest_for(issuer_key)) == 0)
        return openssl_fail(err, ERR_INTERNAL, "certificate cannot be signed");
    openssl_require(PEM_write_bio_X509(bio, certificate) == 1);
    openssl_add_bio(bio, out);
    return buf_check(out, "certificate", err);
}

int x509_make(const struct x509_subject *subject, const struct key *subject_key,
              struct span issuer_pem, const struct key *issuer_key, struct buf *out,
              struct err *err)
{
    OPENSSL_OWNED(X509) *certificate = X509_new();
    OPENSSL_OWNED(X509) *issuer = NULL;

    openssl_require(certificate != NULL);
    if (issuer_pem.len > 0 && certificate_parse(issuer_pem, &issuer, err) < 0)
        return err_wrap(err, "issuer");
    if (check_issuer(issuer, subject_key, issuer_key, err) < 0 ||
        set_names(certificate, subject->common_name, issuer, err) < 0 ||
        set_validity(certificate, subject, err) < 0)
        return -1;
    openssl_require(X509_set_version(certificate, X509_V3) == 1 &&
                    X509_set_pubkey(certificate, key_handle(subject_key)) == 1);
    set_serial(certificate);

    add_usage(certificate, subject);
    add_extended_usage(certificate, subject);
    if (add_alternative_names(certificate, subject, err) < 0)
        return -1;
    add_key_ids(certificate, issuer, subject_key, issuer_key);
    return write_signed(certificate, issuer_key, out, err);
}
