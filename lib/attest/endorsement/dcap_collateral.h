/* What a verifier needs beside a quote: revocation lists, TCB infos, QE identities, and the
 * certificates of those who signed them. All of it may come in any order, mixed and from several
 * platforms: each piece is recognised by what it is, and found by what it says it is about.
 *
 * Nothing here is believed for being there; see dcap_proof.h. */
#ifndef COCOS_ATTEST_DCAP_COLLATERAL_H
#define COCOS_ATTEST_DCAP_COLLATERAL_H

#include "lib/attest/endorsement/dcap_document.h"
#include "lib/attest/verdict.h"
#include "lib/crypto/x509.h"

#define DCAP_CERTS_MAX     64
#define DCAP_CRLS_MAX      16
#define DCAP_DOCUMENTS_MAX 32
#define DCAP_ITEMS_MAX     256       /* pieces given */
#define DCAP_ITEM_MAX      (8 * MIB) /* of one piece */

struct attest_input;

struct dcap_collateral {
    bool any;          /* something was given */
    struct span known; /* PEM of certificates that are there anyway, and left out here */
    struct x509_list certs;
    struct x509_list roots; /* those that the caller trusts */
    struct x509_crl *crls[DCAP_CRLS_MAX];
    size_t crl_count;
    struct dcap_document documents[DCAP_DOCUMENTS_MAX];
    size_t document_count;

    /* What the documents and certificates were read from, kept for what is borrowed of it. */
    struct json *bundles[DCAP_ITEMS_MAX];
    size_t bundle_count;
    struct span texts[DCAP_CERTS_MAX]; /* of certificates, each taken once */
    size_t text_count;
};

void dcap_collateral_free(struct dcap_collateral *collateral);
DEFINE_OWNED(dcap_collateral)
#define OWNED_DCAP_COLLATERAL OWNED_OF(dcap_collateral)

/* Takes collateral, chain, crls and trust_roots of in. known: the certificates of the quote. Adds
 * findings for what is none of it; ret_good is false then. Never NULL. The result borrows from in.
 */
struct dcap_collateral *dcap_collateral_load(const struct attest_input *in, struct span known,
                                             struct verdict *verdict, bool *ret_good);

#endif
