#include "lib/attest/reference/corim_rules.h"

/* clang-format off */
#define PARTS(...) (const struct cbor_rule *const[]){__VA_ARGS__, NULL}
#define MEMBERS(...) (const struct cbor_member[]){__VA_ARGS__, {0}}
#define MUST(key, name, rule) {key, name, &(rule), true}
#define MAY(key, name, rule) {key, name, &(rule), false}
#define TAGGED(words, number, rule) {.what = (words), .kind = RULE_TAG, .tag = (number), .inner = &(rule)}
#define LIST_OF(words, rule) {.what = (words), .kind = RULE_LIST, .min = 1, .inner = &(rule)}
#define CHOICE(words, ...) {.what = (words), .kind = RULE_CHOICE, .parts = PARTS(__VA_ARGS__)}
#define TUPLE(words, ...) {.what = (words), .kind = RULE_TUPLE, .parts = PARTS(__VA_ARGS__)}
#define MAP(words, least, ...) \
    {.what = (words), .kind = RULE_MAP, .min = (least), .members = MEMBERS(__VA_ARGS__)}
#define OPEN_MAP(words, least, ...) \
    {.what = (words), .kind = RULE_MAP, .min = (least), .open = true, .members = MEMBERS(__VA_ARGS__)}

/* --- atoms --- */

static const struct cbor_rule any = {"anything", RULE_ANY};
static const struct cbor_rule whole = {"a number", RULE_INT};
static const struct cbor_rule count = {"a number of zero or more", RULE_UINT};
static const struct cbor_rule text = {"a text", RULE_TEXT, .min = 1};
static const struct cbor_rule bytes = {"a byte string", RULE_BYTES};
static const struct cbor_rule boolean = {"true or false", RULE_BOOL};
static const struct cbor_rule bytes16 = {"a UUID of 16 bytes", RULE_BYTES, .min = 16, .max = 16};
static const struct cbor_rule ueid_bytes = {"a UEID of 7 to 33 bytes", RULE_BYTES, .min = 7, .max = 33};
static const struct cbor_rule oid_bytes = {"an OID", RULE_BYTES, .min = 1, .max = 255};
static const struct cbor_rule mac_bytes = {"a MAC address", RULE_BYTES, .min = 6, .max = 8};
static const struct cbor_rule ip_bytes = {"an IP address", RULE_BYTES, .min = 4, .max = 16};
static const struct cbor_rule list = {"a list of something", RULE_LIST, .min = 1, .inner = &any};
static const struct cbor_rule lists = LIST_OF("triples", list);

static const struct cbor_rule uri = TAGGED("a URI (tag 32)", CORIM_TAG_URI, text);
static const struct cbor_rule uuid = TAGGED("a UUID (tag 37)", CORIM_TAG_UUID, bytes16);
static const struct cbor_rule oid = TAGGED("an OID (tag 111)", CORIM_TAG_OID, oid_bytes);
static const struct cbor_rule ueid = TAGGED("a UEID (tag 550)", CORIM_TAG_UEID, ueid_bytes);
static const struct cbor_rule tagged_bytes = TAGGED("bytes (tag 560)", CORIM_TAG_BYTES, bytes);
static const struct cbor_rule moment = TAGGED("a time (tag 1)", CORIM_TAG_TIME, whole);

static const struct cbor_rule id = CHOICE("an identifier: a text or 16 bytes", &text, &bytes16);
static const struct cbor_rule number_or_text = CHOICE("a number or a text", &whole, &text);
static const struct cbor_rule validity = MAP("a validity", 1,
    MAY(0, "not-before", moment), MUST(1, "not-after", moment));

/* --- digests and keys --- */

static const struct cbor_rule digest_value = {"the bytes of a digest", RULE_BYTES, .min = 1, .max = 64};
static const struct cbor_rule digest = TUPLE("a digest [algorithm, bytes]", &number_or_text, &digest_value);
static const struct cbor_rule digests = LIST_OF("a list of digests", digest);

static const struct cbor_rule pem_key = TAGGED("a key (tag 554)", CORIM_TAG_KEY, text);
static const struct cbor_rule pem_cert = TAGGED("a certificate (tag 555)", CORIM_TAG_CERT, text);
static const struct cbor_rule pem_path = TAGGED("a certificate path (tag 556)", CORIM_TAG_CERT_PATH, text);
static const struct cbor_rule key_print = TAGGED("a thumbprint (tag 557)", CORIM_TAG_KEY_THUMBPRINT, digest);
static const struct cbor_rule cose_key = TAGGED("a COSE key (tag 558)", CORIM_TAG_COSE_KEY, any);
static const struct cbor_rule cert_print = TAGGED("a thumbprint (tag 559)", CORIM_TAG_CERT_THUMBPRINT, digest);
static const struct cbor_rule path_print = TAGGED("a thumbprint (tag 561)", CORIM_TAG_PATH_THUMBPRINT, digest);
static const struct cbor_rule der_cert = TAGGED("a certificate (tag 562)", CORIM_TAG_DER_CERT, bytes);
static const struct cbor_rule key = CHOICE("a key",
    &pem_key, &pem_cert, &pem_path, &key_print, &cose_key, &cert_print, &tagged_bytes, &path_print,
    &der_cert);
static const struct cbor_rule keys = LIST_OF("a list of keys", key);

/* --- measurement-values-map --- */

static const struct cbor_rule version = MAP("a version", 1,
    MUST(0, "version", text), MAY(1, "version-scheme", number_or_text));
static const struct cbor_rule exact_svn = TAGGED("an SVN (tag 552)", CORIM_TAG_SVN, count);
static const struct cbor_rule least_svn = TAGGED("a minimum SVN (tag 553)", CORIM_TAG_MIN_SVN, count);
static const struct cbor_rule svn = CHOICE("an SVN", &count, &exact_svn, &least_svn);
static const struct cbor_rule masked_parts = TUPLE("a value and its mask", &bytes, &bytes);
static const struct cbor_rule masked = TAGGED("a masked value (tag 563)", CORIM_TAG_MASKED, masked_parts);
static const struct cbor_rule raw = CHOICE("a raw value (tag 560 or 563)", &tagged_bytes, &masked);
static const struct cbor_rule register_id = CHOICE("a register: a number or a text", &count, &text);
static const struct cbor_rule registers = {"integrity registers", RULE_TABLE, .min = 1,
    .parts = PARTS(&register_id), .inner = &digests};
static const struct cbor_rule flags = OPEN_MAP("flags", 0,
    MAY(0, "configured", boolean), MAY(1, "secure", boolean), MAY(2, "recovery", boolean),
    MAY(3, "debug", boolean), MAY(4, "replay-protected", boolean),
    MAY(5, "integrity-protected", boolean), MAY(6, "runtime-meas", boolean),
    MAY(7, "immutable", boolean), MAY(8, "tcb", boolean),
    MAY(9, "confidentiality-protected", boolean));
static const struct cbor_rule values = OPEN_MAP("measured values", 1,
    MAY(VALUE_VERSION, "version", version), MAY(VALUE_SVN, "svn", svn),
    MAY(VALUE_DIGESTS, "digests", digests), MAY(VALUE_FLAGS, "flags", flags),
    MAY(VALUE_RAW, "raw-value", raw), MAY(VALUE_RAW_MASK, "raw-value-mask", bytes),
    MAY(6, "mac-addr", mac_bytes), MAY(7, "ip-addr", ip_bytes), MAY(8, "serial-number", text),
    MAY(9, "ueid", ueid_bytes), MAY(10, "uuid", bytes16), MAY(VALUE_NAME, "name", text),
    MAY(VALUE_KEYS, "cryptokeys", keys), MAY(VALUE_REGISTERS, "integrity-registers", registers),
    MAY(15, "int-range", any));

/* --- triples --- */

static const struct cbor_rule class_id = CHOICE("a class id (tag 111, 37 or 560)",
    &oid, &uuid, &tagged_bytes);
static const struct cbor_rule class_map = MAP("a class", 1,
    MAY(CLASS_ID, "class-id", class_id), MAY(CLASS_VENDOR, "vendor", text),
    MAY(CLASS_MODEL, "model", text), MAY(CLASS_LAYER, "layer", count), MAY(CLASS_INDEX, "index", count));
static const struct cbor_rule instance = CHOICE("an instance id", &ueid, &uuid, &key);
static const struct cbor_rule group = CHOICE("a group id", &uuid, &tagged_bytes);
static const struct cbor_rule environment = MAP("an environment", 1,
    MAY(ENVIRONMENT_CLASS, "class", class_map), MAY(ENVIRONMENT_INSTANCE, "instance", instance),
    MAY(ENVIRONMENT_GROUP, "group", group));

static const struct cbor_rule measured = CHOICE("a measurement's key", &oid, &uuid, &count, &text);
static const struct cbor_rule measurement = MAP("a measurement", 1,
    MAY(MEASUREMENT_KEY, "mkey", measured), MUST(MEASUREMENT_VALUES, "mval", values),
    MAY(MEASUREMENT_AUTHORITY, "authorized-by", keys));
static const struct cbor_rule measurements = LIST_OF("a list of measurements", measurement);
static const struct cbor_rule value_triple = TUPLE("a triple [environment, measurements]",
    &environment, &measurements);
static const struct cbor_rule value_triples = LIST_OF("triples of values", value_triple);

static const struct cbor_rule conditions = MAP("conditions", 1,
    MAY(0, "mkey", measured), MAY(1, "authorized-by", keys));
static const struct cbor_rule key_triple = {"a triple [environment, keys, conditions]", RULE_TUPLE,
    .optional = 1, .parts = PARTS(&environment, &keys, &conditions)};
static const struct cbor_rule key_triples = LIST_OF("triples of keys", key_triple);

static const struct cbor_rule triples = OPEN_MAP("triples", 1,
    MAY(TRIPLES_REFERENCE, "reference-triples", value_triples), MAY(1, "endorsed-triples", value_triples),
    MAY(2, "identity-triples", key_triples), MAY(3, "attest-key-triples", key_triples),
    MAY(4, "dependency-triples", lists), MAY(5, "membership-triples", lists),
    MAY(6, "coswid-triples", lists), MAY(8, "conditional-endorsement-series-triples", lists),
    MAY(10, "conditional-endorsement-triples", lists));

/* --- documents --- */

static const struct cbor_rule roles = LIST_OF("a list of roles", whole);
static const struct cbor_rule entity = OPEN_MAP("an entity", 1,
    MUST(0, "entity-name", text), MAY(1, "reg-id", uri), MUST(2, "role", roles));
static const struct cbor_rule entities = LIST_OF("a list of entities", entity);
static const struct cbor_rule identity = MAP("a tag's identity", 1,
    MUST(0, "tag-id", id), MAY(1, "tag-version", count));
static const struct cbor_rule linked_tag = MAP("a linked tag", 1,
    MUST(0, "linked-tag-id", id), MUST(1, "tag-rel", whole));
static const struct cbor_rule linked_tags = LIST_OF("a list of linked tags", linked_tag);
static const struct cbor_rule profile = CHOICE("a profile: a URI or an OID", &uri, &oid);

const struct cbor_rule comid_rule = OPEN_MAP("a CoMID", 1,
    MAY(COMID_LANGUAGE, "language", text), MUST(COMID_IDENTITY, "tag-identity", identity),
    MAY(COMID_ENTITIES, "entities", entities), MAY(COMID_LINKED, "linked-tags", linked_tags),
    MUST(COMID_TRIPLES, "triples", triples), MAY(COMID_PROFILE, "profile", profile));

static const struct cbor_rule comid_bytes = {"a CoMID in a byte string", RULE_EMBEDDED, .inner = &comid_rule};
static const struct cbor_rule other_bytes = {"a tag in a byte string", RULE_EMBEDDED, .inner = &any};
static const struct cbor_rule comid = TAGGED("a CoMID (tag 506)", CORIM_TAG_COMID, comid_bytes);
static const struct cbor_rule coswid = TAGGED("a CoSWID (tag 505)", CORIM_TAG_COSWID, other_bytes);
static const struct cbor_rule cotl = TAGGED("a CoTL (tag 508)", CORIM_TAG_COTL, other_bytes);
static const struct cbor_rule tag = CHOICE("a CoMID, CoSWID or CoTL (tag 506, 505, 508)",
    &comid, &coswid, &cotl);
static const struct cbor_rule tags = LIST_OF("a list of tags", tag);

static const struct cbor_rule uris = LIST_OF("a list of URIs", uri);
static const struct cbor_rule href = CHOICE("one URI or a list", &uri, &uris);
static const struct cbor_rule thumbprint = {"a digest or a list of digests", RULE_LIST, .min = 1, .inner = &any};
static const struct cbor_rule locator = MAP("a locator", 1,
    MUST(0, "href", href), MAY(1, "thumbprint", thumbprint));
static const struct cbor_rule locators = LIST_OF("a list of locators", locator);

static const struct cbor_rule corim_map = OPEN_MAP("a CoRIM", 1,
    MUST(CORIM_ID, "id", id), MUST(CORIM_TAGS, "tags", tags), MAY(CORIM_RIMS, "dependent-rims", locators),
    MAY(CORIM_PROFILE, "profile", profile), MAY(CORIM_VALIDITY, "rim-validity", validity),
    MAY(CORIM_ENTITIES, "entities", entities));
const struct cbor_rule corim_rule = TAGGED("an unsigned CoRIM (tag 501)", CORIM_TAG_CORIM, corim_map);

static const struct cbor_rule signer = OPEN_MAP("a signer", 1,
    MUST(0, "signer-name", text), MAY(1, "signer-uri", uri));
const struct cbor_rule corim_meta_rule = MAP("a corim-meta map", 1,
    MUST(0, "signer", signer), MAY(1, "signature-validity", validity));
/* clang-format on */
