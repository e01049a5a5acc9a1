/* Certificates and revocation lists, DER and PEM. What is taken is taken again from its own bytes,
 * and no check of it may crash. The input is read as a file of certificates, as one, and as a list.
 */
#include "lib/attest/endorsement/snp_roots.h"
#include "lib/attest/endorsement/snp_vek.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void use(const struct x509 *cert)
{
    const char *const known[] = {"1.2.3", NULL};
    OWNED_X509 *again = NULL;
    OWNED_KEY *key = NULL;
    struct snp_vek vek;
    struct span content;
    struct err err;

    require(x509_parse(x509_der(cert), &again, &err) == 0);
    require(span_equal(x509_der(again), x509_der(cert)));
    require(strcmp(x509_common_name(cert), x509_common_name(again)) == 0);
    (void)(x509_key(cert, &key, &err) == 0);
    (void)(x509_check_time(cert, 1800000000, &err) == 0);
    (void)(x509_check_critical(cert, known, &err) == 0);
    (void)(x509_check_issuer(cert, cert, 1, &err) == 0);
    (void)(x509_check_signature(cert, cert, ~0U, &err) == 0);
    (void)x509_extension(cert, "2.5.29.19", &content);
    require(!snp_root_is_pinned(cert, SNP_MILAN) || strlen(x509_common_name(cert)) > 0);
    if (snp_vek_read(cert, &vek, &err) == 0)
        snp_vek_done(&vek);
    else
        require(vek.key == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    OWNED_X509_LIST list = {0};
    OWNED_X509_CRL *crl = NULL;
    struct err err;

    if (x509_list_parse(input, 8, &list, &err) < 0)
        require(err.kind == ERR_INPUT || err.kind == ERR_TOO_LARGE);
    for (size_t i = 0; i < list.count; i++)
        use(list.items[i]);
    if (x509_crl_parse(input, &crl, &err) < 0)
        return 0;
    require(x509_crl_this_update(crl) >= 0);
    (void)(x509_crl_check_time(crl, 1800000000, &err) == 0);
    for (size_t i = 0; i < list.count; i++) {
        (void)x509_crl_revokes(crl, list.items[i]);
        (void)(x509_crl_check_signature(crl, list.items[i], ~0U, &err) == 0);
    }
    return 0;
}
