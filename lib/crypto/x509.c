#include "lib/crypto/x509.h"

#include "lib/crypto/x509_parts.h"

#include <stdlib.h>

#define VERSION_3 2 /* as it is written */

void x509_free(struct x509 *cert)
{
    if (cert == NULL)
        return;
    key_free(cert->key);
    free(cert->der);
    free(cert);
}

/* [0] EXPLICIT INTEGER, left out in version 1. */
static uint64_t take_version(struct der *d)
{
    struct der tagged;
    uint64_t version;

    if (!der_next_is(d, DER_CONTEXT(0)))
        return 0;
    tagged = der_of(der_take(d, DER_CONTEXT(0)));
    version = der_u64(&tagged);
    if (!der_end(&tagged))
        der_fail(d);
    return version;
}

/* [3] EXPLICIT SEQUENCE. */
static struct span take_extensions(struct der *d)
{
    struct der tagged;
    struct span list;

    if (!der_next_is(d, DER_CONTEXT(3)))
        return span_of(NULL, 0);
    tagged = der_of(der_take(d, DER_CONTEXT(3)));
    list = der_take(&tagged, DER_SEQUENCE);
    if (!der_end(&tagged) || list.len == 0)
        der_fail(d);
    return list;
}

/* RFC 5280, 4.1.2. The unique identifiers of old are not taken. */
static int read_body(struct x509 *cert, struct err *err)
{
    struct der outer = der_of(cert->signed_part.body);
    struct der d = der_of(der_take(&outer, DER_SEQUENCE));
    uint64_t version = take_version(&d);
    struct span algorithm;
    struct der validity;

    if (!d.bad && version != VERSION_3)
        return err_set(err, ERR_INPUT, "has version %llu, expected 3",
                       (unsigned long long)version + 1);
    cert->serial = der_integer(&d);
    algorithm = der_whole(&d, DER_SEQUENCE);
    cert->issuer = der_whole(&d, DER_SEQUENCE);
    validity = der_of(der_take(&d, DER_SEQUENCE));
    cert->not_before = x509_take_time(&validity);
    cert->not_after = x509_take_time(&validity);
    cert->subject = der_whole(&d, DER_SEQUENCE);
    cert->spki = der_whole(&d, DER_SEQUENCE);
    cert->extensions = take_extensions(&d);

    if (!d.bad && !der_end(&validity))
        return err_set(err, ERR_INPUT, "has a time that is not in the form of RFC 5280");
    if (!der_end(&d))
        return err_set(err, ERR_INPUT, "is no certificate in DER");
    if (!span_equal(algorithm, cert->signed_part.algorithm))
        return err_set(err, ERR_INPUT, "names two signature algorithms");
    return 0;
}

static int read_der(struct x509 *cert, struct err *err)
{
    struct err ignored;

    if (x509_split(span_of(cert->der, cert->der_len), &cert->signed_part, err) < 0 ||
        read_body(cert, err) < 0 || x509_check_extensions(cert->extensions, err) < 0 ||
        x509_read_common_name(cert->subject, cert->common_name, err) < 0 ||
        x509_read_common_name(cert->issuer, cert->issuer_common_name, err) < 0)
        return -1;
    /* A key that we cannot use is no fault of the certificate; who asks for it is told. */
    if (key_load_public_der(cert->spki, &cert->key, &ignored) < 0)
        cert->key = NULL;
    return 0;
}

int x509_parse(struct span bytes, struct x509 **ret, struct err *err)
{
    OWNED_X509 *cert = mem_new(struct x509);
    OWNED_BUF der = BUF_OF(X509_SIZE_MAX);

    if (x509_unwrap(bytes, "CERTIFICATE", &der, err) < 0)
        return err_wrap(err, "certificate");
    cert->der = (uint8_t *)mem_copy(der.data, der.len);
    cert->der_len = der.len;
    if (read_der(cert, err) < 0)
        return err_wrap(err, "certificate");
    *ret = GIVE(cert);
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
    struct span serial = cert->serial;

    return serial.data[0] == 0 ? span_part(serial, 1, serial.len) : serial;
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

const struct key *x509_public_key(const struct x509 *cert)
{
    return cert->key;
}

bool x509_extension(const struct x509 *cert, const char *oid, struct span *ret)
{
    struct der list = der_of(cert->extensions);
    struct x509_extension extension;

    while (x509_next_extension(&list, &extension))
        if (der_oid_is(extension.oid, oid)) {
            *ret = extension.content;
            return true;
        }
    return false;
}
