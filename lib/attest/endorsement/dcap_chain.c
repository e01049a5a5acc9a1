#include "lib/attest/endorsement/dcap_chain.h"

#include "lib/attest/endorsement/intel_root.h"

#define CHAIN_LENGTH 3

/* Names that a certificate may have at each place of the chain. */
static const struct {
    const char *names[3];
    const char *expected;
} places[CHAIN_LENGTH] = {
    {{"Intel SGX PCK Certificate"}, "Intel SGX PCK Certificate"},
    {{"Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"},
     "Intel SGX PCK Platform CA or Intel SGX PCK Processor CA"},
    {{INTEL_ROOT_NAME}, INTEL_ROOT_NAME},
};

void dcap_chain_done(struct dcap_chain *chain)
{
    x509_list_done(&chain->certs);
    *chain = (struct dcap_chain){0};
}

static bool check_names(const struct dcap_chain *chain, struct verdict *verdict)
{
    bool good = true;

    for (size_t i = 0; i < CHAIN_LENGTH; i++) {
        const char *name = x509_common_name(chain->certs.items[i]);
        struct finding *finding;
        bool known = false;

        for (size_t j = 0; places[i].names[j] != NULL; j++)
            known = known || strcmp(name, places[i].names[j]) == 0;
        finding = verdict_check(verdict, FINDING_DCAP_CHAIN_NAME, known);
        if (finding == NULL)
            continue;
        finding_expect(finding, "%s", places[i].expected);
        finding_got(finding, "%s", name);
        good = false;
    }
    return good;
}

/* The caller's roots of this PKI take the place of Intel's. */
static bool check_root(const struct dcap_chain *chain, const struct x509_list *roots,
                       struct verdict *verdict)
{
    bool pinned = intel_root_is_pinned(chain->root), own = false, trusted = false;
    uint8_t digest[SHA256_SIZE];
    struct finding *finding;

    for (size_t i = 0; i < roots->count; i++) {
        if (strcmp(x509_common_name(roots->items[i]), INTEL_ROOT_NAME) != 0)
            continue;
        own = true;
        trusted = trusted || span_equal(x509_spki(roots->items[i]), x509_spki(chain->root));
    }
    finding = verdict_check(verdict, FINDING_DCAP_ROOT_UNKNOWN, own ? trusted : pinned);
    if (finding != NULL) {
        x509_key_digest(chain->root, digest);
        finding_expect(finding, "the root of Intel, or one that you trust");
        finding_got_hex(finding, SPAN_OF_ARRAY(digest));
        return false;
    }
    if (own && !pinned)
        finding_got(verdict_add(verdict, FINDING_DCAP_ROOT_GIVEN), "%s",
                    x509_common_name(chain->root));
    return true;
}

bool dcap_link_check(const struct x509 *cert, const struct x509 *issuer, unsigned below,
                     int64_t now, struct verdict *verdict)
{
    struct err err;
    int result = x509_check_issuer(cert, issuer, below, &err);
    bool good;

    if (result == 0)
        result = x509_check_critical(cert, NULL, &err);
    good = verdict_note(verdict, FINDING_DCAP_CHAIN_ISSUER, result, &err);
    result = x509_check_signature(cert, issuer, DCAP_SCHEME, &err);
    good = verdict_note(verdict, FINDING_DCAP_CHAIN_SIGNATURE, result, &err) && good;
    result = x509_check_time(cert, now, &err);
    return verdict_note(verdict, FINDING_DCAP_CHAIN_TIME, result, &err) && good;
}

static bool split(struct span pem, struct dcap_chain *chain, struct verdict *verdict)
{
    struct err err;
    int result = x509_list_parse(pem, CHAIN_LENGTH, &chain->certs, &err);

    if (result == 0 && chain->certs.count != CHAIN_LENGTH)
        result = err_set(&err, ERR_INPUT, "%zu certificates, expected %d", chain->certs.count,
                         CHAIN_LENGTH);
    if (!verdict_note(verdict, FINDING_DCAP_CHAIN_FORM, result, &err))
        return false;
    chain->pck = chain->certs.items[0];
    chain->ca = chain->certs.items[1];
    chain->root = chain->certs.items[2];
    return true;
}

void dcap_chain_load(struct span pem, const struct dcap_collateral *collateral, int64_t now,
                     struct verdict *verdict, struct dcap_chain *ret)
{
    struct err err;
    int result;
    bool good;

    *ret = (struct dcap_chain){0};
    if (!split(pem, ret, verdict))
        return;
    good = check_names(ret, verdict);
    good = check_root(ret, &collateral->roots, verdict) && good;
    good = dcap_link_check(ret->root, ret->root, 1, now, verdict) && good;
    good = dcap_link_check(ret->ca, ret->root, 1, now, verdict) && good;
    good = dcap_link_check(ret->pck, ret->ca, 0, now, verdict) && good;
    result = pck_cert_read(ret->pck, &ret->facts, &err);
    if (result < 0)
        ret->facts.key = NULL;
    ret->sound = verdict_note(verdict, FINDING_DCAP_PCK_FORM, result, &err) && good;
}

/* --- revocation ------------------------------------------------------------------------------ */

static void add_absent(const struct dcap_collateral *collateral, const struct x509 *issuer,
                       struct verdict *verdict)
{
    bool by_collateral = !collateral->any && !verdict->waives[WAIVE_CRL];
    struct finding *finding = verdict_add_missing(verdict, FINDING_DCAP_CRL_ABSENT,
                                                  by_collateral ? WAIVE_COLLATERAL : WAIVE_CRL);

    finding_expect(finding, "%s", x509_common_name(issuer));
    finding_got(finding, "none");
}

/* One list of the time is enough: an older one beside it takes nothing away. */
static bool check_time(const struct dcap_crls *crls, int64_t now, struct verdict *verdict)
{
    struct err err;
    int result = -1;

    for (size_t i = 0; i < crls->count && result < 0; i++)
        result = x509_crl_check_time(crls->items[i], now, &err);
    return verdict_note(verdict, FINDING_DCAP_CRL_TIME, result, &err);
}

bool dcap_crls_load(const struct dcap_collateral *collateral, const struct x509 *issuer,
                    int64_t now, struct verdict *verdict, struct dcap_crls *ret)
{
    bool good = true;

    *ret = (struct dcap_crls){.count = 0};
    for (size_t i = 0; i < collateral->crl_count; i++) {
        const struct x509_crl *crl = collateral->crls[i];
        struct err err;
        int result;

        if (!x509_crl_is_by(crl, issuer))
            continue;
        result = x509_crl_check_signature(crl, issuer, DCAP_SCHEME, &err);
        if (verdict_note(verdict, FINDING_DCAP_CRL_SIGNATURE, result, &err))
            ret->items[ret->count++] = crl;
        else
            good = false;
    }
    if (ret->count > 0)
        return check_time(ret, now, verdict) && good;
    if (good)
        add_absent(collateral, issuer, verdict);
    return good;
}

bool dcap_crls_check(const struct dcap_crls *crls, const struct x509 *cert, struct verdict *verdict)
{
    for (size_t i = 0; i < crls->count; i++) {
        struct finding *finding =
            verdict_check(verdict, FINDING_DCAP_REVOKED, !x509_crl_revokes(crls->items[i], cert));

        if (finding == NULL)
            continue;
        finding_got(finding, "%s", x509_common_name(cert));
        return false;
    }
    return true;
}
