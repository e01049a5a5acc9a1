#include "lib/attest/endorsement/snp_link.h"

#include "lib/attest/endorsement/snp_roots.h"
#include "lib/base/text.h"

#include <stdio.h>

bool snp_link_trusts(const struct snp_chain *chain, const struct x509 *root,
                     enum snp_product product)
{
    bool own = false;

    for (size_t i = 0; i < chain->roots.count; i++) {
        const struct x509 *given = chain->roots.items[i];

        if (!text_starts_with(x509_common_name(given), SNP_ROOT_PREFIX))
            continue; /* the root of another PKI */
        if (span_equal(x509_spki(given), x509_spki(root)))
            return true;
        own = true;
    }
    return !own && snp_root_is_pinned(root, product);
}

static bool check_name(const struct x509 *cert, const char *prefix, enum snp_product product,
                       struct verdict *verdict)
{
    char expected[X509_NAME_SIZE];
    struct finding *finding;

    snprintf(expected, sizeof(expected), "%s%s", prefix, snp_product_name(product));
    finding =
        verdict_check(verdict, FINDING_SNP_CA_NAME, strcmp(x509_common_name(cert), expected) == 0);
    if (finding == NULL)
        return true;
    finding_expect(finding, "%s", expected);
    finding_got(finding, "%s", x509_common_name(cert));
    return false;
}

static bool check_root(struct snp_chain *chain, struct verdict *verdict)
{
    bool trusted = snp_link_trusts(chain, chain->root, chain->facts.product);
    struct finding *finding = verdict_check(verdict, FINDING_SNP_ROOT_UNKNOWN, trusted);
    uint8_t digest[SHA256_SIZE];

    if (finding == NULL) {
        chain->own_root = !snp_root_is_pinned(chain->root, chain->facts.product);
        return true;
    }
    x509_key_digest(chain->root, digest);
    finding_expect(finding, "the root of AMD, or one that you trust");
    finding_got_hex(finding, SPAN_OF_ARRAY(digest));
    return false;
}

/* issuer may issue, and did issue, cert. below: authorities that follow the issuer in the chain. */
static bool check_link(const struct x509 *cert, const struct x509 *issuer, unsigned below,
                       struct verdict *verdict)
{
    struct err err;
    bool good = true;

    if (x509_check_issuer(cert, issuer, below, &err) < 0 ||
        x509_check_critical(cert, NULL, &err) < 0) {
        verdict_add_err(verdict, FINDING_SNP_CA_ISSUER, &err);
        good = false;
    } else {
        verdict_pass(verdict, FINDING_SNP_CA_ISSUER);
    }
    if (x509_check_signature(cert, issuer, SNP_SCHEME, &err) < 0) {
        verdict_add_err(verdict, FINDING_SNP_CA_SIGNATURE, &err);
        good = false;
    } else {
        verdict_pass(verdict, FINDING_SNP_CA_SIGNATURE);
    }
    return good;
}

bool snp_link_check(struct snp_chain *chain, struct verdict *verdict)
{
    enum snp_product product = chain->facts.product;
    const char *ca_prefix = chain->facts.vlek ? "SEV-VLEK-" : "SEV-";
    bool good = check_name(chain->ca, ca_prefix, product, verdict);

    good = check_name(chain->root, SNP_ROOT_PREFIX, product, verdict) && good;
    good = check_root(chain, verdict) && good;
    good = check_link(chain->root, chain->root, 1, verdict) && good;
    good = check_link(chain->ca, chain->root, 1, verdict) && good;
    return check_link(chain->vek, chain->ca, 0, verdict) && good;
}
