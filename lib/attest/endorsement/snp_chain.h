/* Who vouches for the key that signed an SNP report: VCEK <- ASK <- ARK, or VLEK <- ASVK <- ARK.
 *
 * Loading gathers certificates from the caller and from the evidence, finds each one's issuer, and
 * checks what does not depend on the time: names, the right to issue, signatures, revocation, and
 * that the root is one that we trust: AMD's, pinned, or those that the caller names in their place.
 * A loaded chain can be used for any number of reports; snp_chain_check_now() says what depends on
 * the time. */
#ifndef COCOS_ATTEST_SNP_CHAIN_H
#define COCOS_ATTEST_SNP_CHAIN_H

#include "lib/attest/attest.h"
#include "lib/attest/endorsement/snp_vek.h"
#include "lib/attest/evidence/snp_certs.h"

#define SNP_CERTS_MAX 32 /* certificates given for one chain */
#define SNP_CRLS_MAX  16

struct snp_chain {
    struct x509_list pool;               /* owns the certificates */
    struct x509_list roots;              /* those that the caller trusts */
    const struct x509 *vek, *ca, *root;  /* each NULL when it was not found */
    struct snp_vek facts;                /* key NULL when the certificate could not be read */
    bool sound;                          /* every link holds, up to a root that we trust */
    bool own_root;                       /* the caller's, not AMD's */
    struct x509_crl *crls[SNP_CRLS_MAX]; /* by this root and signed by it */
    size_t crl_count;
};

void snp_chain_free(struct snp_chain *chain);
DEFINE_OWNED(snp_chain)
#define OWNED_SNP_CHAIN OWNED_OF(snp_chain)

/* What the chain is made of; all borrowed for the call. */
struct snp_sources {
    struct span vek;
    struct attest_spans chain, crls, trust_roots;
    const struct snp_certs *certs; /* from the evidence; NULL for none */
    bool vlek;                     /* what signed the report, where several keys are offered */
};

/* A fresh chain for the caller, with findings for all that does not hold. Never NULL; see sound. */
struct snp_chain *snp_chain_load(const struct snp_sources *sources, struct verdict *verdict);

/* Checks validity and revocation at the time, and tells again what every verdict should have: that
 * the root is the caller's own, that no revocation list was given. True when nothing is wrong. */
bool snp_chain_check_now(const struct snp_chain *chain, int64_t now, struct verdict *verdict);

#endif
