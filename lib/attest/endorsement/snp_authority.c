#include "lib/attest/endorsement/snp_authority.h"

#include "lib/attest/endorsement/snp_link.h"
#include "lib/attest/endorsement/snp_roots.h"

#include <stdio.h>

#define CERTS_MAX 4

static const struct x509 *find_named(const struct x509_list *certs, const char *prefix,
                                     enum snp_product product, struct err *err)
{
    char name[X509_NAME_SIZE];

    snprintf(name, sizeof(name), "%s%s", prefix, snp_product_name(product));
    for (size_t i = 0; i < certs->count; i++)
        if (strcmp(x509_common_name(certs->items[i]), name) == 0)
            return certs->items[i];
    (void)err_set(err, ERR_UNTRUSTED, "there is no certificate of '%s'", name);
    return NULL;
}

static int check_root(const struct snp_authority *of, const struct x509 *root, struct err *err)
{
    OWNED_X509_LIST own = {.count = 0};

    for (size_t i = 0; i < of->trust_roots.count; i++)
        if (x509_list_parse(of->trust_roots.items[i], CERTS_MAX, &own, err) < 0)
            return err_wrap(err, "trusted root");
    for (size_t i = 0; i < own.count; i++)
        if (span_equal(x509_spki(own.items[i]), x509_spki(root)))
            return 0;
    if (own.count == 0 && snp_root_is_pinned(root, of->product))
        return 0;
    return err_set(err, ERR_UNTRUSTED, "the root '%s' is neither AMD's nor one that you trust",
                   x509_common_name(root));
}

static int check_link(const struct x509 *cert, const struct x509 *issuer, int64_t now,
                      struct err *err)
{
    if (x509_check_issuer(cert, issuer, 1, err) < 0 || x509_check_critical(cert, NULL, err) < 0 ||
        x509_check_signature(cert, issuer, SNP_SCHEME, err) < 0)
        return -1;
    return x509_check_time(cert, now, err);
}

static int check_list(const struct snp_authority *of, const struct x509 *ca,
                      const struct x509 *root, int64_t now, int64_t *ret_until, struct err *err)
{
    OWNED_X509_CRL *crl = NULL;

    if (x509_crl_parse(of->crl, &crl, err) < 0)
        return err_wrap(err, "revocation list");
    if (!x509_crl_is_by(crl, root))
        return err_set(err, ERR_UNTRUSTED, "revocation list: it is by '%s', expected '%s'",
                       x509_crl_issuer_common_name(crl), x509_common_name(root));
    if (x509_crl_check_signature(crl, root, SNP_SCHEME, err) < 0 ||
        x509_crl_check_time(crl, now, err) < 0)
        return err_wrap(err, "revocation list");
    if (x509_crl_revokes(crl, ca))
        return err_set(err, ERR_UNTRUSTED, "'%s' was revoked by its root", x509_common_name(ca));
    if (x509_crl_next_update(crl) < *ret_until)
        *ret_until = x509_crl_next_update(crl);
    return 0;
}

int snp_authority_check(const struct snp_authority *of, int64_t now, int64_t *ret_until,
                        struct err *err)
{
    OWNED_X509_LIST certs = {.count = 0};
    const struct x509 *ca, *root;
    int64_t until;

    if (x509_list_parse(of->certs, CERTS_MAX, &certs, err) < 0)
        return -1;
    ca = find_named(&certs, of->vlek ? "SEV-VLEK-" : "SEV-", of->product, err);
    root = ca != NULL ? find_named(&certs, SNP_ROOT_PREFIX, of->product, err) : NULL;
    if (root == NULL)
        return -1;
    if (check_root(of, root, err) < 0 || check_link(root, root, now, err) < 0 ||
        check_link(ca, root, now, err) < 0)
        return -1;
    until = x509_not_after(ca) < x509_not_after(root) ? x509_not_after(ca) : x509_not_after(root);
    if (of->crl.len > 0 && check_list(of, ca, root, now, &until, err) < 0)
        return -1;
    *ret_until = until;
    return 0;
}
