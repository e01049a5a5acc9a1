/* The grammar of CoRIM, as tables: draft-ietf-rats-corim, its CDDL. Reference, endorsed and key
 * triples are known to the last byte; of the kinds of triples that nothing here reads, the outer
 * form. */
#ifndef COCOS_ATTEST_REFERENCE_CORIM_RULES_H
#define COCOS_ATTEST_REFERENCE_CORIM_RULES_H

#include "lib/cbor/grammar.h"

enum corim_tag {
    CORIM_TAG_TIME = 1,
    CORIM_TAG_URI = 32,
    CORIM_TAG_UUID = 37,
    CORIM_TAG_OID = 111,
    CORIM_TAG_CORIM = 501,
    CORIM_TAG_COSWID = 505,
    CORIM_TAG_COMID = 506,
    CORIM_TAG_COTL = 508,
    CORIM_TAG_UEID = 550,
    CORIM_TAG_SVN = 552,
    CORIM_TAG_MIN_SVN = 553,
    CORIM_TAG_KEY = 554,
    CORIM_TAG_CERT = 555,
    CORIM_TAG_CERT_PATH = 556,
    CORIM_TAG_KEY_THUMBPRINT = 557,
    CORIM_TAG_COSE_KEY = 558,
    CORIM_TAG_CERT_THUMBPRINT = 559,
    CORIM_TAG_BYTES = 560,
    CORIM_TAG_PATH_THUMBPRINT = 561,
    CORIM_TAG_DER_CERT = 562,
    CORIM_TAG_MASKED = 563,
};

/* Keys of corim-map. */
enum corim_key {
    CORIM_ID = 0,
    CORIM_TAGS = 1,
    CORIM_RIMS = 2,
    CORIM_PROFILE = 3,
    CORIM_VALIDITY = 4,
    CORIM_ENTITIES = 5,
};

/* Keys of concise-mid-tag, and of what is inside it. */
enum comid_key {
    COMID_LANGUAGE,
    COMID_IDENTITY,
    COMID_ENTITIES,
    COMID_LINKED,
    COMID_TRIPLES,
    COMID_PROFILE
};
enum comid_triples { TRIPLES_REFERENCE = 0 };
enum comid_measurement { MEASUREMENT_KEY, MEASUREMENT_VALUES, MEASUREMENT_AUTHORITY };
enum comid_environment { ENVIRONMENT_CLASS, ENVIRONMENT_INSTANCE, ENVIRONMENT_GROUP };
enum comid_class { CLASS_ID, CLASS_VENDOR, CLASS_MODEL, CLASS_LAYER, CLASS_INDEX };

/* Keys of measurement-values-map. */
enum comid_value {
    VALUE_VERSION = 0,
    VALUE_SVN = 1,
    VALUE_DIGESTS = 2,
    VALUE_FLAGS = 3,
    VALUE_RAW = 4,
    VALUE_RAW_MASK = 5,
    VALUE_NAME = 11,
    VALUE_KEYS = 13,
    VALUE_REGISTERS = 14,
};

extern const struct cbor_rule corim_rule;      /* 501(corim-map) */
extern const struct cbor_rule comid_rule;      /* concise-mid-tag, without its tag */
extern const struct cbor_rule corim_meta_rule; /* corim-meta-map */

#endif
