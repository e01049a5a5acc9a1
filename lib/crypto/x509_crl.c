#include "lib/base/text.h"
#include "lib/crypto/x509_parts.h"

#include <stdlib.h>

#define VERSION_2 1 /* as it is written */

struct x509_crl {
    uint8_t *der; /* our copy, which all spans point into */
    size_t der_len;
    struct x509_signed signed_part;
    struct span issuer;
    struct span entries; /* content of the SEQUENCE; empty when nothing is revoked */
    int64_t this_update, next_update;
    char issuer_common_name[X509_NAME_SIZE];
};

void x509_crl_free(struct x509_crl *crl)
{
    if (crl == NULL)
        return;
    free(crl->der);
    free(crl);
}

/* All that is critical narrows or splits a list: a delta, one distribution point, an indirect one.
 * We know none of it. */
static int check_extensions(struct span list, struct err *err)
{
    struct der d = der_of(list);
    struct x509_extension extension;

    if (x509_check_extensions(list, err) < 0)
        return -1;
    while (x509_next_extension(&d, &extension)) {
        OWNED_BUF text = BUF_OF(256);

        if (!extension.critical)
            continue;
        der_oid_text(extension.oid, &text);
        return err_set(err, ERR_INPUT, "has the critical extension %.80s, unknown here",
                       buf_str(&text));
    }
    return 0;
}

/* The next entry: SEQUENCE {serial, date, extensions OPTIONAL}; its serial and extensions. */
static struct span take_entry(struct der *entries, struct span *ret_extensions)
{
    struct der entry = der_of(der_take(entries, DER_SEQUENCE));
    struct span serial = der_integer(&entry);

    x509_take_time(&entry);
    *ret_extensions = der_more(&entry) ? der_take(&entry, DER_SEQUENCE) : span_of(NULL, 0);
    if (!der_end(&entry))
        der_fail(entries);
    return serial;
}

static int check_entries(struct span list, struct err *err)
{
    struct der entries = der_of(list);
    struct span extensions;

    for (size_t i = 0; der_more(&entries); i++) {
        take_entry(&entries, &extensions);
        if (entries.bad)
            return err_set(err, ERR_INPUT, "entry %zu is none", i);
        if (check_extensions(extensions, err) < 0)
            return err_wrap(err, "entry %zu", i);
    }
    return 0;
}

/* [0] EXPLICIT SEQUENCE. */
static struct span take_extensions(struct der *d)
{
    struct der tagged;
    struct span list;

    if (!der_next_is(d, DER_CONTEXT(0)))
        return span_of(NULL, 0);
    tagged = der_of(der_take(d, DER_CONTEXT(0)));
    list = der_take(&tagged, DER_SEQUENCE);
    if (!der_end(&tagged))
        der_fail(d);
    return list;
}

/* RFC 5280, 5.1.2. */
static int read_body(struct x509_crl *crl, struct err *err)
{
    struct der outer = der_of(crl->signed_part.body);
    struct der d = der_of(der_take(&outer, DER_SEQUENCE));
    uint64_t version = der_next_is(&d, DER_INTEGER) ? der_u64(&d) : 0;
    struct span algorithm = der_whole(&d, DER_SEQUENCE), extensions;

    if (!d.bad && version != VERSION_2)
        return err_set(err, ERR_INPUT, "has version %llu, expected 2",
                       (unsigned long long)version + 1);
    crl->issuer = der_whole(&d, DER_SEQUENCE);
    crl->this_update = x509_take_time(&d);
    if (!der_next_is(&d, DER_UTC_TIME) && !der_next_is(&d, DER_GENERALIZED_TIME))
        return err_set(err, ERR_INPUT, "does not say when the next one comes");
    crl->next_update = x509_take_time(&d);
    if (der_next_is(&d, DER_SEQUENCE))
        crl->entries = der_take(&d, DER_SEQUENCE);
    extensions = take_extensions(&d);

    if (!der_end(&d))
        return err_set(err, ERR_INPUT, "is no revocation list in DER");
    if (!span_equal(algorithm, crl->signed_part.algorithm))
        return err_set(err, ERR_INPUT, "names two signature algorithms");
    if (check_extensions(extensions, err) < 0)
        return -1;
    return check_entries(crl->entries, err);
}

int x509_crl_parse(struct span bytes, struct x509_crl **ret, struct err *err)
{
    OWNED_X509_CRL *crl = mem_new(struct x509_crl);
    OWNED_BUF der = BUF_OF(X509_CRL_SIZE_MAX);

    if (x509_unwrap(bytes, "X509 CRL", &der, err) < 0)
        return err_wrap(err, "revocation list");
    crl->der = (uint8_t *)mem_copy(der.data, der.len);
    crl->der_len = der.len;
    if (x509_split(span_of(crl->der, crl->der_len), &crl->signed_part, err) < 0 ||
        read_body(crl, err) < 0 ||
        x509_read_common_name(crl->issuer, crl->issuer_common_name, err) < 0)
        return err_wrap(err, "revocation list");
    *ret = GIVE(crl);
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
    return span_equal(crl->issuer, issuer->subject);
}

int x509_crl_check_signature(const struct x509_crl *crl, const struct x509 *issuer,
                             unsigned schemes, struct err *err)
{
    if (issuer->key == NULL)
        return err_set(err, ERR_UNTRUSTED, "revocation list: its issuer's key is unusable");
    if (x509_check_usage(issuer, X509_CRL_SIGN, "revocation lists", err) < 0 ||
        x509_check_signed(&crl->signed_part, issuer->key, schemes, err) < 0)
        return err_wrap(err, "revocation list of '%s'", crl->issuer_common_name);
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

bool x509_crl_revokes(const struct x509_crl *crl, const struct x509 *cert)
{
    struct der entries = der_of(crl->entries); /* which were checked when they were read */

    while (der_more(&entries)) {
        struct der entry = der_of(der_take(&entries, DER_SEQUENCE));

        if (span_equal(der_integer(&entry), cert->serial))
            return true;
    }
    return false;
}
