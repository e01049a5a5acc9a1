#include "lib/attest/endorsement/snp_chain.h"

#include "lib/attest/endorsement/snp_link.h"
#include "lib/attest/endorsement/snp_roots.h"

#include <stdio.h>

void snp_chain_free(struct snp_chain *chain)
{
    if (chain == NULL)
        return;
    for (size_t i = 0; i < chain->crl_count; i++)
        x509_crl_free(chain->crls[i]);
    snp_vek_done(&chain->facts);
    x509_list_done(&chain->pool);
    x509_list_done(&chain->roots);
    free(chain);
}

/* --- gathering -----------------------------------------------------------------------------------
 */

/* One source of certificates; a finding calls it by name and, if there are several, number. What is
 * one of several was meant to say something, so it may not be empty: an empty root would else leave
 * the built-in ones in force. */
static bool take(struct span bytes, struct x509_list *list, const char *name, size_t number,
                 struct verdict *verdict)
{
    struct finding *finding;
    struct err err;

    if ((bytes.len == 0 && number == 0) || x509_list_parse(bytes, SNP_CERTS_MAX, list, &err) == 0)
        return true;
    finding = verdict_add(verdict, FINDING_SNP_CERT_FORM);
    if (number > 0)
        finding_subject(finding, "%s %zu", name, number);
    else
        finding_subject(finding, "%s", name);
    finding_got(finding, "%s", err.text);
    return false;
}

/* The caller's certificates come before those of the evidence, which therefore cannot take the
 * place of one. vek_count: how many were given as the VEK's. */
static bool gather(const struct snp_sources *from, struct snp_chain *chain, size_t *vek_count,
                   struct verdict *verdict)
{
    static const char *const kinds[SNP_CERT_COUNT] = {
        [SNP_CERT_VCEK] = "the evidence: VCEK",
        [SNP_CERT_VLEK] = "the evidence: VLEK",
        [SNP_CERT_ASK] = "the evidence: ASK",
        [SNP_CERT_ARK] = "the evidence: ARK",
    };
    bool good = take(from->vek, &chain->pool, "vek", 0, verdict);

    *vek_count = chain->pool.count;
    for (size_t i = 0; i < from->chain.count; i++)
        good = take(from->chain.items[i], &chain->pool, "chain", i + 1, verdict) && good;
    for (int kind = 0; from->certs != NULL && kind < SNP_CERT_COUNT; kind++)
        good = take(from->certs->cert[kind], &chain->pool, kinds[kind], 0, verdict) && good;
    for (size_t i = 0; i < from->trust_roots.count; i++)
        good =
            take(from->trust_roots.items[i], &chain->roots, "trust root", i + 1, verdict) && good;
    return good;
}

/* --- finding -------------------------------------------------------------------------------------
 */

/* Among count certificates, the one of the wanted kind, else one of the other kind. */
static const struct x509 *pick_vek(struct x509 *const *certs, size_t count, bool vlek)
{
    const char *wanted = vlek ? "SEV-VLEK" : "SEV-VCEK";
    const struct x509 *other = NULL;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(x509_common_name(certs[i]), wanted) == 0)
            return certs[i];
        if (other == NULL && snp_vek_is_named(certs[i]))
            other = certs[i];
    }
    return other;
}

/* What was given as the VEK is the VEK, whatever its name: reading it tells what is wrong. */
static const struct x509 *find_vek(const struct snp_chain *chain, size_t vek_count, bool vlek)
{
    const struct x509 *given = pick_vek(chain->pool.items, vek_count, vlek);

    if (given == NULL && vek_count > 0)
        given = chain->pool.items[0];
    return given != NULL ? given : pick_vek(chain->pool.items, chain->pool.count, vlek);
}

/* Certificates that bear the name of an issuer, each key once. */
struct candidates {
    const struct x509 *certs[SNP_CERTS_MAX];
    size_t count;
};

static void add_candidates(struct candidates *to, const struct x509_list *list,
                           const struct x509 *of)
{
    for (size_t i = 0; i < list->count; i++) {
        bool known = to->count == COUNT_OF(to->certs) ||
                     !span_equal(x509_subject(list->items[i]), x509_issuer(of));

        for (size_t j = 0; j < to->count && !known; j++)
            known = span_equal(x509_spki(to->certs[j]), x509_spki(list->items[i]));
        if (!known)
            to->certs[to->count++] = list->items[i];
    }
}

/* Authorities are renewed under one name, and anybody can make one of that name: who really signed
 * goes before who did not, and then who is trusted before who is not. */
static const struct x509 *pick_issuer(const struct snp_chain *chain, const struct candidates *from,
                                      const struct x509 *of)
{
    const struct x509 *best = from->count > 0 ? from->certs[0] : NULL;
    int best_rank = -1;

    for (size_t i = 0; i < from->count && from->count > 1; i++) {
        const struct x509 *cert = from->certs[i];
        struct err err;
        int rank = x509_check_signature(of, cert, SNP_SCHEME, &err) == 0 ? 2 : 0;

        rank += snp_link_trusts(chain, cert, chain->facts.product) ? 1 : 0;
        if (rank > best_rank) {
            best = cert;
            best_rank = rank;
        }
    }
    return best;
}

static const struct x509 *find_ca(const struct snp_chain *chain)
{
    struct candidates candidates = {.count = 0};

    add_candidates(&candidates, &chain->pool, chain->vek);
    return pick_issuer(chain, &candidates, chain->vek);
}

static const struct x509 *find_root(const struct snp_chain *chain)
{
    struct candidates candidates = {.count = 0};

    add_candidates(&candidates, &chain->roots, chain->ca);
    add_candidates(&candidates, &chain->pool, chain->ca);
    return pick_issuer(chain, &candidates, chain->ca);
}

static bool note_absent(struct verdict *verdict, enum finding_id id, const char *expected)
{
    struct finding *finding = verdict_add(verdict, id);

    finding_expect(finding, "%s", expected);
    finding_got(finding, "none");
    return false;
}

static bool find_all(struct snp_chain *chain, size_t vek_count, bool vlek, struct verdict *verdict)
{
    struct err err;

    chain->vek = find_vek(chain, vek_count, vlek);
    if (chain->vek == NULL)
        return note_absent(verdict, FINDING_SNP_VEK_ABSENT, vlek ? "VLEK" : "VCEK");
    if (snp_vek_read(chain->vek, &chain->facts, &err) < 0) {
        verdict_add_err(verdict, FINDING_SNP_VEK_FORM, &err);
        return false;
    }
    chain->ca = find_ca(chain);
    if (chain->ca == NULL)
        return note_absent(verdict, FINDING_SNP_CA_ABSENT, x509_issuer_common_name(chain->vek));
    chain->root = find_root(chain);
    if (chain->root == NULL)
        return note_absent(verdict, FINDING_SNP_ROOT_ABSENT, x509_issuer_common_name(chain->ca));
    return true;
}

/* --- revocation ----------------------------------------------------------------------------------
 */

/* Keeps a list that this root signed. False when it claims to be one and is not. */
static bool take_crl(struct span bytes, struct snp_chain *chain, struct verdict *verdict)
{
    OWNED_X509_CRL *crl = NULL;
    struct finding *finding;
    struct err err;

    if (chain->crl_count == SNP_CRLS_MAX) {
        err_set(&err, ERR_INPUT, "more than %d revocation lists", SNP_CRLS_MAX);
        verdict_add_err(verdict, FINDING_SNP_CRL_FORM, &err);
        return false;
    }
    if (x509_crl_parse(bytes, &crl, &err) < 0) {
        verdict_add_err(verdict, FINDING_SNP_CRL_FORM, &err);
        return false;
    }
    if (!x509_crl_is_by(crl, chain->root)) {
        finding = verdict_add(verdict, FINDING_SNP_CRL_OTHER);
        finding_expect(finding, "%s", x509_common_name(chain->root));
        finding_got(finding, "%s", x509_crl_issuer_common_name(crl));
        return true;
    }
    if (x509_crl_check_signature(crl, chain->root, SNP_SCHEME, &err) < 0) {
        verdict_add_err(verdict, FINDING_SNP_CRL_SIGNATURE, &err);
        return false;
    }
    verdict_pass(verdict, FINDING_SNP_CRL_SIGNATURE);
    chain->crls[chain->crl_count++] = GIVE(crl);
    return true;
}

/* AMD's lists have the serials of authorities, which the root issued. Serials of VCEKs are another
 * authority's, and all zero. */
static bool check_revoked(const struct snp_chain *chain, struct verdict *verdict)
{
    for (size_t i = 0; i < chain->crl_count; i++) {
        struct finding *finding;

        if (!x509_crl_revokes(chain->crls[i], chain->ca)) {
            verdict_pass(verdict, FINDING_SNP_REVOKED);
            continue;
        }
        finding = verdict_add(verdict, FINDING_SNP_REVOKED);
        finding_got(finding, "%s", x509_common_name(chain->ca));
        return false;
    }
    return true;
}

struct snp_chain *snp_chain_load(const struct snp_sources *sources, struct verdict *verdict)
{
    struct snp_chain *chain = mem_new(struct snp_chain);
    size_t vek_count = 0;
    bool good = gather(sources, chain, &vek_count, verdict);

    if (!find_all(chain, vek_count, sources->vlek, verdict))
        return chain;
    good = snp_link_check(chain, verdict) && good;
    for (size_t i = 0; i < sources->crls.count; i++)
        good = take_crl(sources->crls.items[i], chain, verdict) && good;
    chain->sound = check_revoked(chain, verdict) && good;
    return chain;
}

/* --- the time ------------------------------------------------------------------------------------
 */

static bool check_certs(const struct snp_chain *chain, int64_t now, struct verdict *verdict)
{
    const struct x509 *const certs[] = {chain->vek, chain->ca, chain->root};
    bool good = true;

    for (size_t i = 0; i < COUNT_OF(certs); i++) {
        struct err err;

        if (certs[i] == NULL)
            continue;
        if (x509_check_time(certs[i], now, &err) == 0) {
            verdict_pass(verdict, FINDING_SNP_CA_TIME);
            continue;
        }
        verdict_add_err(verdict, FINDING_SNP_CA_TIME, &err);
        good = false;
    }
    return good;
}

/* One list of the time is enough: an older one beside it takes nothing away. */
static bool check_crls(const struct snp_chain *chain, int64_t now, struct verdict *verdict)
{
    struct err err;

    for (size_t i = 0; i < chain->crl_count; i++)
        if (x509_crl_check_time(chain->crls[i], now, &err) == 0) {
            verdict_pass(verdict, FINDING_SNP_CRL_TIME);
            return true;
        }
    if (chain->crl_count > 0) {
        verdict_add_err(verdict, FINDING_SNP_CRL_TIME, &err);
        return false;
    }
    if (chain->root != NULL) {
        struct finding *finding = verdict_add_missing(verdict, FINDING_SNP_CRL_ABSENT, WAIVE_CRL);

        finding_expect(finding, "%s", x509_common_name(chain->root));
        finding_got(finding, "none");
    }
    return true; /* absence is the policy's business */
}

bool snp_chain_check_now(const struct snp_chain *chain, int64_t now, struct verdict *verdict)
{
    bool good = check_certs(chain, now, verdict);

    if (chain->own_root)
        finding_got(verdict_add(verdict, FINDING_SNP_ROOT_GIVEN), "%s",
                    x509_common_name(chain->root));
    return check_crls(chain, now, verdict) && good;
}
