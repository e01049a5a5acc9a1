#include "lib/crypto/x509.h"

#include "lib/base/text.h"
#include "lib/crypto/pem.h"
#include "lib/crypto/x509_openssl.h"

#include <openssl/x509v3.h>

#include <stdio.h>
#include <time.h>

#define EXTENSIONS_MAX 64

void x509_free(struct x509 *cert)
{
    if (cert == NULL)
        return;
    X509_free(cert->handle);
    OPENSSL_free(cert->spki_der);
    free(cert->der);
    free(cert);
}

int x509_unwrap(struct span bytes, const char *label, struct buf *out, struct err *err)
{
    OWNED_PEM block = {0};

    if (!pem_is(bytes)) {
        buf_add_span(out, bytes);
        return buf_check(out, label, err);
    }
    if (pem_parse(bytes, &block, err) < 0)
        return -1;
    if (strcmp(block.label, label) != 0)
        return err_set(err, ERR_INPUT, "PEM block is '%.40s', expected '%s'", block.label, label);
    buf_add(out, block.data, (size_t)block.len);
    return buf_check(out, label, err);
}

/* RFC 5280, 4.1.2.5: UTCTime or GeneralizedTime, with seconds, without fractions, in "Z". */
int x509_read_time(const ASN1_TIME *time, int64_t *ret, struct err *err)
{
    int digits = ASN1_STRING_type(time) == V_ASN1_UTCTIME ? 12 : 14;
    const uint8_t *text = ASN1_STRING_get0_data(time);
    struct tm tm;

    if (ASN1_STRING_length(time) != digits + 1 || text[digits] != 'Z' ||
        ASN1_TIME_to_tm(time, &tm) != 1)
        return openssl_fail(err, ERR_INPUT, "a time is not in the form of RFC 5280");
    *ret = timegm(&tm);
    return 0;
}

void x509_read_common_name(const X509_NAME *name, char out[static X509_NAME_SIZE])
{
    OWNED_BUF shown = BUF_OF(4 * X509_NAME_SIZE);
    int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    const ASN1_STRING *text;

    out[0] = '\0';
    if (index < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, index) >= 0)
        return;
    text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
    text_add_printable(&shown,
                       span_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)),
                       X509_NAME_SIZE - 4);
    snprintf(out, X509_NAME_SIZE, "%.*s", X509_NAME_SIZE - 1, buf_str(&shown));
}

int x509_check_extensions(const STACK_OF(X509_EXTENSION) * extensions, struct err *err)
{
    int count = sk_X509_EXTENSION_num(extensions); /* -1 when there are none */

    if (count > EXTENSIONS_MAX)
        return err_set(err, ERR_INPUT, "has %d extensions, at most %d", count, EXTENSIONS_MAX);
    for (int i = 0; i < count; i++) {
        X509_EXTENSION *extension = sk_X509_EXTENSION_value(extensions, i);
        ASN1_OBJECT *oid = X509_EXTENSION_get_object(extension);
        char text[80];

        if (X509v3_get_ext_by_OBJ(extensions, oid, i) < 0)
            continue;
        OBJ_obj2txt(text, sizeof(text), oid, 1);
        return err_set(err, ERR_INPUT, "has the extension %s twice", text);
    }
    return 0;
}

/* A name's DER, as OpenSSL keeps it. */
static struct span name_der(X509_NAME *name)
{
    const uint8_t *der = NULL;
    size_t len = 0;

    openssl_require(X509_NAME_get0_der(name, &der, &len) == 1);
    return span_of(der, len);
}

static int read_fields(struct x509 *cert, struct err *err)
{
    X509 *handle = cert->handle;
    int len;

    if (X509_get_version(handle) != X509_VERSION_3)
        return err_set(err, ERR_INPUT, "has version %ld, expected 3", X509_get_version(handle) + 1);
    if (x509_read_time(X509_get0_notBefore(handle), &cert->not_before, err) < 0 ||
        x509_read_time(X509_get0_notAfter(handle), &cert->not_after, err) < 0 ||
        x509_check_extensions(X509_get0_extensions(handle), err) < 0)
        return -1;

    len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(handle), &cert->spki_der);
    if (len <= 0)
        return openssl_fail(err, ERR_INPUT, "has no public key");
    cert->spki = span_of(cert->spki_der, (size_t)len);
    cert->subject = name_der(X509_get_subject_name(handle));
    cert->issuer = name_der(X509_get_issuer_name(handle));
    x509_read_common_name(X509_get_subject_name(handle), cert->common_name);
    x509_read_common_name(X509_get_issuer_name(handle), cert->issuer_common_name);
    return 0;
}

/* OpenSSL takes BER; whatever it would write differently was not DER. */
static int check_canonical(struct span der, uint8_t *written, int len, struct err *err)
{
    bool same = len > 0 && span_equal(der, span_of(written, (size_t)len));

    OPENSSL_free(written);
    return same ? 0 : err_set(err, ERR_INPUT, "is not in canonical DER");
}

static int parse_der(struct span der, struct x509 **ret, struct err *err)
{
    OWNED_X509 *cert = mem_new(struct x509);
    const uint8_t *at = der.data;
    uint8_t *written = NULL;
    int len;

    if (der.len > X509_SIZE_MAX)
        return err_set(err, ERR_INPUT, "is over %llu bytes", X509_SIZE_MAX);
    cert->handle = d2i_X509(NULL, &at, (long)der.len);
    if (cert->handle == NULL)
        return openssl_fail(err, ERR_INPUT, "is no certificate");
    if (at != der.data + der.len)
        return err_set(err, ERR_INPUT, "byte %td: something follows the certificate",
                       at - der.data);
    len = i2d_X509(cert->handle, &written);
    if (check_canonical(der, written, len, err) < 0 || read_fields(cert, err) < 0)
        return -1;
    cert->der = (uint8_t *)mem_copy(der.data, der.len);
    cert->der_len = der.len;
    *ret = GIVE(cert);
    return 0;
}

int x509_parse(struct span bytes, struct x509 **ret, struct err *err)
{
    OWNED_BUF der = BUF_OF(X509_SIZE_MAX);

    if (x509_unwrap(bytes, "CERTIFICATE", &der, err) < 0 || parse_der(buf_span(&der), ret, err) < 0)
        return err_wrap(err, "certificate");
    return 0;
}

struct span x509_der(const struct x509 *cert)
{
    return span_of(cert->der, cert->der_len);
}

struct span x509_spki(const struct x509 *cert)
{
    return cert->spki;
}

struct span x509_subject(const struct x509 *cert)
{
    return cert->subject;
}

struct span x509_issuer(const struct x509 *cert)
{
    return cert->issuer;
}

struct span x509_serial(const struct x509 *cert)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert->handle);
    struct span bytes = span_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));

    while (bytes.len > 0 && bytes.data[0] == 0)
        bytes = span_part(bytes, 1, bytes.len);
    return bytes;
}

const char *x509_common_name(const struct x509 *cert)
{
    return cert->common_name;
}

const char *x509_issuer_common_name(const struct x509 *cert)
{
    return cert->issuer_common_name;
}

int64_t x509_not_before(const struct x509 *cert)
{
    return cert->not_before;
}

int64_t x509_not_after(const struct x509 *cert)
{
    return cert->not_after;
}

void x509_key_digest(const struct x509 *cert, uint8_t out[static SHA256_SIZE])
{
    digest_of(DIGEST_SHA256, cert->spki, out);
}

int x509_key(const struct x509 *cert, struct key **ret, struct err *err)
{
    if (key_load_public_der(cert->spki, ret, err) < 0)
        return err_wrap(err, "certificate '%s'", cert->common_name);
    return 0;
}

bool x509_extension(const struct x509 *cert, const char *oid, struct span *ret)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    const ASN1_OCTET_STRING *content;
    int index;

    openssl_require(object != NULL);
    index = X509_get_ext_by_OBJ(cert->handle, object, -1);
    ASN1_OBJECT_free(object);
    if (index < 0)
        return false;
    content = X509_EXTENSION_get_data(X509_get_ext(cert->handle, index));
    *ret = span_of(ASN1_STRING_get0_data(content), (size_t)ASN1_STRING_length(content));
    return true;
}
