/* The token of CocosAI's first agents, as we answer their clients with it.
 *
 * Those clients choose what the evidence is over (64 bytes for a platform, 32 for a TPM), and get
 * the platform's evidence in an EAT (eat.h) by a key that is published nowhere. We keep their
 * claims and add one, "x-cocos-legacy", from which everything else follows: the transcript, of kind
 * "legacy", whose nonce is the hash of the caller's bytes and whose hash is what the platform
 * signed; and what goes with it. So such evidence answers its caller and can pass for nothing else:
 * nobody gets the platform to sign bytes of his choice. What signs is the server's key, which the
 * transcript names and which stands in `cnf`.
 *
 *   "x-cocos-legacy": [transcript, cel, ek, ek_certificate, svsm_manifest], byte strings
 *
 * The firmware's log (up to 512 KiB) is in a TPM's message, whose quote proves it, and not in the
 * transcript; the kernel's list is not here. Form only. docs/gateway.md, docs/attestation.md. */
#ifndef COCOS_ATTEST_EVIDENCE_LEGACY_EAT_H
#define COCOS_ATTEST_EVIDENCE_LEGACY_EAT_H

#include "lib/attest/evidence/eat.h"

#define LEGACY_REPORT_DATA_SIZE 64
#define LEGACY_NONCE_SIZE       32

/* What a caller chose. */
struct legacy_demand {
    uint8_t report_data[LEGACY_REPORT_DATA_SIZE], nonce[LEGACY_NONCE_SIZE];
};

/* Both may be shorter; zeros follow, as those clients have it. Errors: INPUT (longer). */
MUST_USE int legacy_demand_set(struct span report_data, struct span nonce,
                               struct legacy_demand *ret, struct err *err);

/* The transcript's nonce for it: SHA-256 over report data and nonce. */
void legacy_nonce(const struct legacy_demand *demand, uint8_t out[static TRANSCRIPT_VALUE_SIZE]);

/* Writes a bundle whose transcript is of kind "legacy", signed with the server's pair; issued:
 * seconds since 1970, 0 when the agent does not know. The platform is that of the items: SNP with a
 * TPM's quote, SNP, TDX, a TPM; what else is in the bundle is left out. Appended. Errors:
 * UNSUPPORTED (none of these), INPUT, TOO_LARGE. */
struct legacy_answer {
    const struct bundle *bundle;
    struct legacy_demand demand;
    int64_t issued;
};
MUST_USE int legacy_eat_write(const struct legacy_answer *answer, const struct key *key,
                              struct buf *out, struct err *err);

/* True for a token of the first agents' form that is ours. */
bool legacy_eat_is(const struct eat *eat);

/* The bundle that was written. Errors: INPUT. */
MUST_USE int legacy_eat_read(const struct eat *eat, struct bundle *ret, struct err *err);

/* The firmware's log, where it is not too large. */
struct span legacy_log(const struct bundle *bundle);

/* The claims that say in their words what the evidence says, for legacy_eat_write(). */
MUST_USE int legacy_claims_add(const struct bundle *bundle, struct cbor_map *claims,
                               struct err *err);

#endif
