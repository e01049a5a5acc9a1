#include "lib/crypto/openssl.h"
#include "lib/crypto/pem.h"

static int parse_der(struct span der, X509 **ret, struct err *err)
{
    const uint8_t *at = der.data;
    X509 *certificate;

    if (der.len > PEM_MAX)
        return err_set(err, ERR_INPUT, "certificate is over %llu bytes", PEM_MAX);
    certificate = d2i_X509(NULL, &at, (long)der.len);
    if (certificate == NULL)
        return openssl_fail(err, ERR_INPUT, "is no certificate");
    if (at != der.data + der.len) {
        X509_free(certificate);
        return err_set(err, ERR_INPUT, "certificate has bytes after its end");
    }
    *ret = certificate;
    return 0;
}

int certificate_parse(struct span bytes, X509 **ret, struct err *err)
{
    OWNED_PEM block = {0};

    if (!pem_is(bytes))
        return parse_der(bytes, ret, err);
    if (pem_parse(bytes, &block, err) < 0)
        return err_wrap(err, "certificate");
    if (strcmp(block.label, "CERTIFICATE") != 0)
        return err_set(err, ERR_INPUT, "PEM block is '%.40s', expected 'CERTIFICATE'", block.label);
    return parse_der(buf_span(&block.content), ret, err);
}

int certificate_write_spki(const X509 *certificate, struct buf *out, struct err *err)
{
    uint8_t *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);

    if (len <= 0)
        return openssl_fail(err, ERR_INPUT, "certificate has no public key");
    buf_add(out, spki, (size_t)len);
    OPENSSL_free(spki);
    return buf_check(out, "public key", err);
}

int key_load_certificate(struct span certificate, struct key **ret, struct err *err)
{
    OWNED_BUF spki = BUF_OF(PEM_MAX);
    OPENSSL_OWNED(X509) *parsed = NULL;

    if (certificate_parse(certificate, &parsed, err) < 0 ||
        certificate_write_spki(parsed, &spki, err) < 0)
        return -1;
    if (key_load_public_der(buf_span(&spki), ret, err) < 0)
        return err_wrap(err, "certificate");
    return 0;
}
