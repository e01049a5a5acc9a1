/* Conceptual message wrappers (draft-ietf-rats-msg-wrap): evidence with its media type around it.
 *
 *   a record      [type, value, indicator]; in JSON the value is base64url
 *   a tag         CBOR: the type is the tag's number (RFC 9277), the value a byte string
 *   a collection  a map of wrappers, which may be collections again
 *   a certificate X.509 with one of them as an extension
 *
 * Form only: what the type means is cmw_case.c's business. */
#ifndef COCOS_ATTEST_EVIDENCE_CMW_H
#define COCOS_ATTEST_EVIDENCE_CMW_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/span.h"

#define CMW_SIZE_MAX    (16 * MIB)
#define CMW_DEPTH_MAX   4  /* collections within collections */
#define CMW_RECORDS_MAX 32 /* in all of them */
#define CMW_TYPE_SIZE   128

enum cmw_indicator {
    CMW_REFERENCE_VALUES = 1 << 0,
    CMW_ENDORSEMENTS = 1 << 1,
    CMW_EVIDENCE = 1 << 2,
    CMW_RESULTS = 1 << 3,
};

struct cmw_record {
    char type[CMW_TYPE_SIZE]; /* a media type; "" when the type is a number */
    uint64_t format;          /* a CoAP content format, when type is "" */
    struct span value;        /* borrowed for the visit */
    uint64_t indicator;       /* CMW_EVIDENCE where none is given */
};

typedef void cmw_visit(const struct cmw_record *record, void *with);

/* Visits each record in order; visit may be NULL. The whole wrapper is checked before the first
 * visit. Errors: INPUT, MALFORMED. */
MUST_USE int cmw_walk(struct span in, cmw_visit *visit, void *with, struct err *err);

#endif
