/* A policy as a CoRIM, and back.
 *
 * The profile urn:cocos:corim:policy:1 says how a policy stands in reference triples:
 * an environment has a class id (tag 37) for each part of the policy, and one for what is outside
 * the parts; each triple has one measurement, whose key is the name of the member ("measurement",
 * "min_tcb.bl") and which has one value. Several triples with the same key are alternatives; keys
 * are independent of each other. Digests stand in `digests` with the algorithm ids of the Named
 * Information registry, numbers and minimums in `svn` (tags 552 and 553), registers (PCRs and
 * RTMRs, key "pcrs" and "rtmrs") in `integrity-registers`, other bytes in `raw-value`, texts in
 * `name`, keys and certificates in `cryptokeys`. docs/policy.md has the table.
 *
 * What was made by another profile, or says more than these tables know, is refused: a constraint
 * that is not understood must not be dropped. */
#ifndef COCOS_ATTEST_REFERENCE_CORIM_POLICY_H
#define COCOS_ATTEST_REFERENCE_CORIM_POLICY_H

#include "lib/attest/policy.h"
#include "lib/attest/reference/corim_write.h"

#define CORIM_POLICY_PROFILE "urn:cocos:corim:policy:1"

/* Writes a policy's document as an unsigned CoRIM. The document is checked as policy_decode() does.
 * Errors: those, UNSUPPORTED (a digest that the registry has no number for), TOO_LARGE. */
MUST_USE int corim_from_policy(const struct json *document, struct corim_period validity,
                               struct buf *out, struct err *err);

/* The document of the policy that a CoRIM says. Neither signature nor time is looked at. Errors:
 * UNSUPPORTED (another profile), INPUT with the offset. */
MUST_USE int corim_to_policy(const struct corim *corim, struct json **ret, struct err *err);

/* True when bytes are a CoRIM rather than a text: they begin with tag 501 or 18. */
bool corim_is_likely(struct span bytes);

#endif
