/* CoRIM: reference values as other tools write and read them (draft-ietf-rats-corim).
 *
 * A CoRIM is CBOR: a map with tag 501, or the same signed, a COSE_Sign1 with tag 18 whose content
 * type is application/rim+cbor and whose header 8 says who signed. In it are CoMIDs (tag 506), each
 * in a byte string, and in these the triples: an environment and what is measured there.
 *
 * Reading is strict (corim_rules.h) and in place: nothing is allocated, everything borrows from the
 * bytes. Extensions, whose keys are negative, are let through and counted; whoever uses values
 * decides whether he may ignore what he does not understand (corim_policy.c may not).
 *
 * Reading does not verify: what a signed CoRIM says counts after corim_verify() only. */
#ifndef COCOS_ATTEST_REFERENCE_CORIM_H
#define COCOS_ATTEST_REFERENCE_CORIM_H

#include "lib/attest/reference/corim_rules.h"
#include "lib/cbor/cose.h"

#define CORIM_MAX          (8 * MIB) /* bytes that callers should read at most */
#define CORIM_CONTENT_TYPE "application/rim+cbor"
#define CORIM_HEADER_META  8
#define CORIM_HEADER_CWT   15 /* RFC 9597: who signed, in the claims of a CWT */

/* "Hash algorithms" of the IANA registry "Named Information". */
enum corim_digest_alg { CORIM_SHA256 = 1, CORIM_SHA384 = 7, CORIM_SHA512 = 8 };

/* From when until when, in seconds since 1970; without bounds INT64_MIN and INT64_MAX. */
struct corim_period {
    int64_t from, until;
};

struct corim {
    struct cbor map;     /* corim-map */
    struct cbor id;      /* text, or 16 bytes */
    struct cbor profile; /* a tagged URI or OID; CBOR_NONE when there is none */
    struct corim_period validity;
    size_t extensions; /* keys that were let through unread */
    bool is_signed;
    struct cose_sign1 message; /* when signed, as the next two */
    struct span signer;        /* the name he gives himself; empty when a CWT says it */
    struct corim_period signature_validity;
};

/* Reads a CoRIM, signed or not. Errors: INPUT with the offset. */
MUST_USE int corim_parse(struct span in, struct corim *ret, struct err *err);

/* 0 when the key signed it. Errors: UNTRUSTED, also when it is not signed. */
MUST_USE int corim_verify(const struct corim *corim, const struct key *key, struct err *err);

/* 0 when it, and its signature, are valid at that time. Errors: UNTRUSTED. */
MUST_USE int corim_check_time(const struct corim *corim, int64_t now, struct err *err);

/* True when the profile is this URI. */
bool corim_profile_is(const struct corim *corim, const char *uri);

/* One measurement of a reference triple. */
struct corim_reference {
    struct cbor environment;
    struct cbor key; /* CBOR_NONE when the environment has one measurement only */
    struct cbor values;
    bool restricted; /* it counts only when certain keys said it (authorized-by) */
    size_t offset;   /* of the measurement in what corim_parse() read */
};

/* Calls visit for every measurement of every reference triple, in document order, until it fails.
 */
MUST_USE int corim_each_reference(const struct corim *corim,
                                  int (*visit)(void *to, const struct corim_reference *reference,
                                               struct err *err),
                                  void *to, struct err *err);

#endif
