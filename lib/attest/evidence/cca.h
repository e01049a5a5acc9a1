/* The token of Arm's CCA: what the platform says of itself, and what its realm manager says of one
 * realm, each an entity attestation token by its own key. They are one by a hash: the platform's
 * challenge is the hash of the key that signs for the realm. Form only.
 *
 * Realm Management Monitor specification, "Attestation"; draft-ffm-rats-cca-token. */
#ifndef COCOS_ATTEST_EVIDENCE_CCA_H
#define COCOS_ATTEST_EVIDENCE_CCA_H

#include "lib/attest/evidence/eat.h"

#define CCA_CHALLENGE_SIZE 64

struct cca {
    struct eat platform, realm; /* borrowed from the input */
    struct span challenge;      /* of the realm: what its owner asked */
    struct span bound;          /* what the platform was asked: a hash of the realm's key */
    uint8_t
        hash[DIGEST_SIZE_MAX]; /* of the realm's key, as it is written, with its own algorithm */
    size_t hash_len;
    struct key *realm_key; /* owned */
};

void cca_done(struct cca *cca);
#define OWNED_CCA __attribute__((cleanup(cca_done))) struct cca

/* What begins like one. */
bool cca_detect(struct span in);

/* Errors: INPUT. On failure ret is empty. */
MUST_USE int cca_parse(struct span in, struct cca *ret, struct err *err);

#endif
