#include "lib/base/text.h"
#include "lib/crypto/x509_parts.h"

int x509_check_signature(const struct x509 *cert, const struct x509 *issuer, unsigned schemes,
                         struct err *err)
{
    if (issuer->key == NULL)
        return err_set(err, ERR_UNTRUSTED, "certificate '%s': its issuer's key is unusable",
                       cert->common_name);
    if (x509_check_signed(&cert->signed_part, issuer->key, schemes, err) < 0)
        return err_wrap(err, "certificate '%s', issued by '%s'", cert->common_name,
                        issuer->common_name);
    return 0;
}

int x509_check_signature_by(const struct x509 *cert, const struct key *issuer, unsigned schemes,
                            struct err *err)
{
    if (x509_check_signed(&cert->signed_part, issuer, schemes, err) < 0)
        return err_wrap(err, "certificate '%s'", cert->common_name);
    return 0;
}

/* Bit n of the BIT STRING that keyUsage is. */
static bool has_bit(struct span usage, unsigned bit)
{
    struct der d = der_of(usage);
    struct span bits = der_take(&d, DER_BIT_STRING); /* the first byte counts unused bits */

    return der_end(&d) && bits.len > 1 + bit / 8 &&
           (bits.data[1 + bit / 8] & 0x80U >> bit % 8) != 0;
}

bool x509_allows_usage(const struct x509 *cert, enum x509_usage usage)
{
    struct span bits;

    return !x509_extension(cert, OID_KEY_USAGE, &bits) || has_bit(bits, usage);
}

int x509_check_usage(const struct x509 *issuer, enum x509_usage usage, const char *what,
                     struct err *err)
{
    if (!x509_allows_usage(issuer, usage))
        return err_set(err, ERR_UNTRUSTED, "'%s' may not sign %s", issuer->common_name, what);
    return 0;
}

/* RFC 5280, 4.2.1.9: SEQUENCE {BOOLEAN DEFAULT FALSE, INTEGER OPTIONAL}. */
static bool read_constraints(struct span content, bool *ret_ca, uint64_t *ret_path)
{
    struct der outer = der_of(content);
    struct der d = der_of(der_take(&outer, DER_SEQUENCE));

    *ret_ca = der_next_is(&d, DER_BOOLEAN) && der_boolean(&d);
    *ret_path = der_more(&d) ? der_u64(&d) : UINT64_MAX;
    return der_end(&outer) && der_end(&d);
}

static int check_room(const struct x509 *issuer, unsigned below, struct err *err)
{
    struct span constraints;
    uint64_t path = 0;
    bool ca = false;

    if (!x509_extension(issuer, OID_BASIC_CONSTRAINTS, &constraints) ||
        !read_constraints(constraints, &ca, &path) || !ca)
        return err_set(err, ERR_UNTRUSTED, "'%s' is no CA", issuer->common_name);
    if (path < below)
        return err_set(err, ERR_UNTRUSTED, "'%s' has more CAs under it than it may have",
                       issuer->common_name);
    return x509_check_usage(issuer, X509_CERT_SIGN, "certificates", err);
}

int x509_check_ca(const struct x509 *cert, struct err *err)
{
    return check_room(cert, 0, err);
}

int x509_check_issuer(const struct x509 *cert, const struct x509 *issuer, unsigned below,
                      struct err *err)
{
    if (!span_equal(cert->issuer, issuer->subject))
        return err_set(err, ERR_UNTRUSTED, "certificate '%s' names '%s' as its issuer, not '%s'",
                       cert->common_name, cert->issuer_common_name, issuer->common_name);
    return check_room(issuer, below, err);
}

static bool is_known(struct span oid, const char *const known[])
{
    if (der_oid_is(oid, OID_BASIC_CONSTRAINTS) || der_oid_is(oid, OID_KEY_USAGE))
        return true;
    for (size_t i = 0; known != NULL && known[i] != NULL; i++)
        if (der_oid_is(oid, known[i]))
            return true;
    return false;
}

int x509_check_critical(const struct x509 *cert, const char *const known[], struct err *err)
{
    struct der list = der_of(cert->extensions);
    struct x509_extension extension;

    while (x509_next_extension(&list, &extension)) {
        OWNED_BUF text = BUF_OF(256);

        if (!extension.critical || is_known(extension.oid, known))
            continue;
        der_oid_text(extension.oid, &text);
        return err_set(err, ERR_UNTRUSTED,
                       "certificate '%s' has the critical extension %.80s, unknown here",
                       cert->common_name, buf_str(&text));
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
