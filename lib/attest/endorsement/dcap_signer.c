#include "lib/attest/endorsement/dcap_signer.h"

#define SIGNER_NAME    "Intel SGX TCB Signing"
#define CANDIDATES_MAX 8

/* --- choosing -------------------------------------------------------------------------------- */

static bool is_better(const struct dcap_document *a, const struct dcap_document *b, int64_t now)
{
    bool a_timely = a->issued <= now && now <= a->expires;
    bool b_timely = b->issued <= now && now <= b->expires;

    if (a_timely != b_timely)
        return a_timely;
    if (a->evaluation != b->evaluation)
        return a->evaluation > b->evaluation;
    return a->issued > b->issued;
}

const struct dcap_document *dcap_document_choose(
    const struct dcap_collateral *collateral,
    bool (*wanted)(const struct dcap_document *document, const void *context), const void *context,
    int64_t now)
{
    const struct dcap_document *best = NULL;

    for (size_t i = 0; i < collateral->document_count; i++) {
        const struct dcap_document *document = &collateral->documents[i];

        if (wanted(document, context) && (best == NULL || is_better(document, best, now)))
            best = document;
    }
    return best;
}

/* --- signing --------------------------------------------------------------------------------- */

struct candidates {
    const struct x509 *certs[CANDIDATES_MAX]; /* each key once for each period */
    size_t count;
};

static void find_candidates(const struct dcap_signer *signer, struct candidates *to)
{
    const struct x509_list *certs = &signer->collateral->certs;

    *to = (struct candidates){.count = 0};
    for (size_t i = 0; i < certs->count && to->count < CANDIDATES_MAX; i++) {
        const struct x509 *cert = certs->items[i];
        bool known = strcmp(x509_common_name(cert), SIGNER_NAME) != 0;

        for (size_t j = 0; j < to->count && !known; j++)
            known = span_equal(x509_der(to->certs[j]), x509_der(cert));
        if (!known)
            to->certs[to->count++] = cert;
    }
}

/* Authorities are renewed under one name, and anybody can make one of that name: who really signed
 * goes before who did not, and then who is valid now. */
static const struct x509 *pick(const struct candidates *from, const struct dcap_document *document,
                               int64_t now)
{
    const struct x509 *best = from->count > 0 ? from->certs[0] : NULL;
    int best_rank = -1;

    for (size_t i = 0; i < from->count && from->count > 1; i++) {
        const struct key *key = x509_public_key(from->certs[i]);
        struct err err;
        int rank = 0;

        if (key != NULL && dcap_document_check_signature(document, key, &err) == 0)
            rank += 2;
        if (x509_check_time(from->certs[i], now, &err) == 0)
            rank += 1;
        if (rank > best_rank) {
            best = from->certs[i];
            best_rank = rank;
        }
    }
    return best;
}

static bool check_cert(struct dcap_signer *signer, const struct x509 *cert, struct verdict *verdict)
{
    if (signer->known == cert)
        return signer->known_sound;
    signer->known = cert;
    signer->known_sound = dcap_link_check(cert, signer->root, 0, signer->now, verdict);
    signer->known_sound = dcap_crls_check(signer->root_crls, cert, verdict) && signer->known_sound;
    return signer->known_sound;
}

static bool check_signature(const struct dcap_document *document, const struct x509 *cert,
                            struct verdict *verdict)
{
    const struct key *key = x509_public_key(cert);
    struct err err;
    int result = -1;

    if (key == NULL)
        err_set(&err, ERR_UNTRUSTED, "%s: its signer's key is unusable",
                dcap_document_name(document->kind));
    else
        result = dcap_document_check_signature(document, key, &err);
    return verdict_note(verdict, FINDING_DCAP_COLLATERAL_SIGNATURE, result, &err);
}

static bool check_time(const struct dcap_document *document, int64_t now, struct verdict *verdict)
{
    struct err err;
    int result = dcap_document_check_time(document, now, &err);

    return verdict_note(verdict, FINDING_DCAP_COLLATERAL_TIME, result, &err);
}

bool dcap_signer_check(struct dcap_signer *signer, const struct dcap_document *document,
                       struct verdict *verdict)
{
    bool good = check_time(document, signer->now, verdict);
    struct candidates candidates;
    const struct x509 *cert;
    struct finding *finding;

    find_candidates(signer, &candidates);
    cert = pick(&candidates, document, signer->now);
    finding = verdict_check(verdict, FINDING_DCAP_SIGNER_ABSENT, cert != NULL);
    if (finding != NULL) {
        finding_expect(finding, "%s", SIGNER_NAME);
        finding_got(finding, "none");
        return false;
    }
    good = check_cert(signer, cert, verdict) && good;
    return check_signature(document, cert, verdict) && good;
}
