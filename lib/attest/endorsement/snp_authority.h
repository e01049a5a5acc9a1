/* An authority of AMD's SEV PKI by itself, before there is a key that it certified: for whoever
 * keeps certificates and revocation lists for reports that have not come yet. What it certified is
 * checked by snp_chain.h, from the root down and again, whatever was found here. */
#ifndef COCOS_ATTEST_SNP_AUTHORITY_H
#define COCOS_ATTEST_SNP_AUTHORITY_H

#include "lib/attest/attest.h"
#include "lib/attest/snp.h"

struct snp_authority {
    enum snp_product product;
    bool vlek;                       /* the ASVK instead of the ASK */
    struct span certs;               /* it and its root, PEM, in any order */
    struct span crl;                 /* a revocation list of the root; empty for none */
    struct attest_spans trust_roots; /* in place of AMD's; none: AMD's, pinned */
};

/* 0 when the authority is AMD's for the product (or of a root that is trusted in AMD's place), is
 * of the time, and is not on the list, which is the root's and of the time. ret_until: when the
 * first of what was given ends. Errors: INPUT (malformed), UNTRUSTED. */
MUST_USE int snp_authority_check(const struct snp_authority *of, int64_t now, int64_t *ret_until,
                                 struct err *err);

#endif
