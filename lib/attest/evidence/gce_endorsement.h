/* Google's launch endorsements: what a confidential VM of Compute Engine must measure, signed.
 *
 * A file (*.binarypb) is a VMLaunchEndorsement: the bytes of a VMGoldenMeasurement and a signature
 * over them, RSASSA-PSS with SHA-256. The certificate that is inside says nothing about itself, so
 * the caller brings the signer's key. Source: google/gce-tcb-verifier, proto/endorsement.proto. */
#ifndef COCOS_ATTEST_EVIDENCE_GCE_ENDORSEMENT_H
#define COCOS_ATTEST_EVIDENCE_GCE_ENDORSEMENT_H

#include "lib/crypto/key.h"
#include "lib/json/json.h"

#define GCE_ENDORSEMENT_MAX (1 * MIB)

/* The golden measurement, when the key signed it; borrowed from file. Errors: INPUT, UNTRUSTED. */
MUST_USE int gce_endorsement_open(struct span file, const struct key *key, struct span *ret_golden,
                                  struct err *err);

/* A policy's document with the endorsed values: snp.measurement for that number of vCPUs (0: for
 * all), tdx.mrtd. Errors: INPUT (malformed, or no value for that number). */
MUST_USE int gce_endorsement_policy(struct span golden, uint32_t vcpus, struct json **ret,
                                    struct err *err);

#endif
