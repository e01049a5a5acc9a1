/* Who vouches for a TPM's endorsement key: its certificate, up to a root that the policy names.
 *
 * That proves that the key lives in a TPM of that maker, and nothing about any other key: see
 * ak_binding.h. */
#ifndef COCOS_ATTEST_EK_CHAIN_H
#define COCOS_ATTEST_EK_CHAIN_H

#include "lib/attest/attest.h"
#include "lib/crypto/key.h"

#define EK_CERTS_MAX 32 /* certificates given for one chain, and roots */
#define EK_DEPTH_MAX 6

struct ek_sources {
    struct span certificate;          /* of the endorsement key, DER or PEM */
    struct attest_spans chain;        /* intermediates; others may be among them */
    const struct json_strings *roots; /* PEM; NULL for none */
    int64_t now;
};

/* UNTRUSTED, with the reason, unless the certificate is for this key, is meant for endorsement keys
 * (where it says what it is for), is valid now, and leads to one of the roots by issuers that may
 * issue and are valid now. INPUT for certificates that cannot be read. */
MUST_USE int ek_chain_check(const struct ek_sources *from, const struct key *ek, struct err *err);

#endif
