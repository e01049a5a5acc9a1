#include "lib/base/text.h"
#include "lib/crypto/x509_openssl.h"

#include <openssl/x509v3.h>

struct x509_crl {
    X509_CRL *handle;
    int64_t this_update, next_update;
    char issuer_common_name[X509_NAME_SIZE];
};

void x509_crl_free(struct x509_crl *crl)
{
    if (crl == NULL)
        return;
    X509_CRL_free(crl->handle);
    free(crl);
}

/* We know the authority's key identifier and the CRL's number, which must not be critical. All that
 * is critical narrows or splits the list: a delta, one distribution point, an indirect one. */
static int check_extensions(const STACK_OF(X509_EXTENSION) * extensions, struct err *err)
{
    if (x509_check_extensions(extensions, err) < 0)
        return -1;
    for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
        X509_EXTENSION *extension = sk_X509_EXTENSION_value(extensions, i);
        char oid[80];

        if (!X509_EXTENSION_get_critical(extension))
            continue;
        OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(extension), 1);
        return err_set(err, ERR_INPUT, "has the critical extension %s, unknown here", oid);
    }
    return 0;
}

static int check_entries(X509_CRL *handle, struct err *err)
{
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(handle);

    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++)
        if (check_extensions(X509_REVOKED_get0_extensions(sk_X509_REVOKED_value(entries, i)), err) <
            0)
            return err_wrap(err, "entry %d", i);
    return 0;
}

static int read_fields(struct x509_crl *crl, struct err *err)
{
    X509_CRL *handle = crl->handle;

    if (X509_CRL_get_version(handle) != X509_CRL_VERSION_2)
        return err_set(err, ERR_INPUT, "has version %ld, expected 2",
                       X509_CRL_get_version(handle) + 1);
    if (X509_CRL_get0_nextUpdate(handle) == NULL)
        return err_set(err, ERR_INPUT, "does not say when the next one comes");
    if (x509_read_time(X509_CRL_get0_lastUpdate(handle), &crl->this_update, err) < 0 ||
        x509_read_time(X509_CRL_get0_nextUpdate(handle), &crl->next_update, err) < 0)
        return -1;
    x509_read_common_name(X509_CRL_get_issuer(handle), crl->issuer_common_name);
    if (check_extensions(X509_CRL_get0_extensions(handle), err) < 0)
        return -1;
    return check_entries(handle, err);
}

static int parse_der(struct span der, struct x509_crl **ret, struct err *err)
{
    OWNED_X509_CRL *crl = mem_new(struct x509_crl);
    const uint8_t *at = der.data;
    uint8_t *written = NULL;
    bool canonical;
    int len;

    crl->handle = d2i_X509_CRL(NULL, &at, (long)der.len);
    if (crl->handle == NULL)
        return openssl_fail(err, ERR_INPUT, "is no revocation list");
    if (at != der.data + der.len)
        return err_set(err, ERR_INPUT, "byte %td: something follows the list", at - der.data);
    len = i2d_X509_CRL(crl->handle, &written);
    canonical = len > 0 && span_equal(der, span_of(written, (size_t)len));
    OPENSSL_free(written);
    if (!canonical)
        return err_set(err, ERR_INPUT, "is not in canonical DER");
    if (read_fields(crl, err) < 0)
        return -1;
    *ret = GIVE(crl);
    return 0;
}

int x509_crl_parse(struct span bytes, struct x509_crl **ret, struct err *err)
{
    OWNED_BUF der = BUF_OF(X509_CRL_SIZE_MAX);

    if (x509_unwrap(bytes, "X509 CRL", &der, err) < 0 || parse_der(buf_span(&der), ret, err) < 0)
        return err_wrap(err, "revocation list");
    return 0;
}

int64_t x509_crl_this_update(const struct x509_crl *crl)
{
    return crl->this_update;
}

int64_t x509_crl_next_update(const struct x509_crl *crl)
{
    return crl->next_update;
}

const char *x509_crl_issuer_common_name(const struct x509_crl *crl)
{
    return crl->issuer_common_name;
}

bool x509_crl_is_by(const struct x509_crl *crl, const struct x509 *issuer)
{
    const uint8_t *der = NULL;
    size_t len = 0;

    openssl_require(X509_NAME_get0_der(X509_CRL_get_issuer(crl->handle), &der, &len) == 1);
    return span_equal(span_of(der, len), issuer->subject);
}

int x509_crl_check_signature(const struct x509_crl *crl, const struct x509 *issuer,
                             unsigned schemes, struct err *err)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer->handle);
    const X509_ALGOR *algorithm = NULL;

    X509_CRL_get0_signature(crl->handle, NULL, &algorithm);
    if (key == NULL)
        return openssl_fail(err, ERR_UNTRUSTED, "revocation list: its issuer's key is unusable");
    if (x509_check_usage(issuer, KU_CRL_SIGN, "revocation lists", err) < 0 ||
        x509_check_scheme(algorithm, key, schemes, err) < 0)
        return err_wrap(err, "revocation list of '%s'", crl->issuer_common_name);
    if (X509_CRL_verify(crl->handle, key) != 1)
        return openssl_fail(err, ERR_UNTRUSTED, "revocation list of '%s' is not signed by '%s'",
                            crl->issuer_common_name, issuer->common_name);
    return 0;
}

int x509_crl_check_time(const struct x509_crl *crl, int64_t now, struct err *err)
{
    char at[TEXT_TIME_SIZE], limit[TEXT_TIME_SIZE];
    bool early = now < crl->this_update;

    if (!early && now <= crl->next_update)
        return 0;
    text_format_time(now, at);
    text_format_time(early ? crl->this_update : crl->next_update, limit);
    return err_set(err, ERR_UNTRUSTED, "revocation list of '%s' %s %s, the time is %s",
                   crl->issuer_common_name,
                   early ? "is not valid before" : "should have been replaced at", limit, at);
}

/* Not X509_CRL_get0_by_serial(): it sorts the list in place at the first call, and takes an entry
 * with the reason removeFromCRL, which only deltas may have, as no revocation. */
bool x509_crl_revokes(const struct x509_crl *crl, const struct x509 *cert)
{
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl->handle);
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert->handle);

    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
        X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);

        if (ASN1_INTEGER_cmp(X509_REVOKED_get0_serialNumber(entry), serial) == 0)
            return true;
    }
    return false;
}
