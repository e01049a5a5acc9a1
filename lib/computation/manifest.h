/* The manifest: what the parties agreed to compute, and who they are.
 *
 * It is read from JSON by one table, strictly: unknown members, values out of bounds, keys that are
 * no keys and names that cannot be file names are refused with the JSON pointer of the member.
 * Members that this version does not serve yet (sources, network access, wasm and oci
 * algorithms) may stand there with their empty value; used, they are ERR_UNSUPPORTED. What is
 * absent has the default that stands beside its member below.
 *
 * Its identity is the SHA-256 over the RFC 8785 form of the document as it was given: two spellings
 * of one document are one manifest, a document with a default written out is another.
 *
 * A manifest is immutable once it is made, so any thread may read it; it is counted, so that a
 * request that is under way keeps the manifest it was admitted by. */
#ifndef COCOS_COMPUTATION_MANIFEST_H
#define COCOS_COMPUTATION_MANIFEST_H

#include "lib/crypto/key.h"
#include "lib/json/table.h"

#include <stdatomic.h>

#define MANIFEST_SIZE_MAX      (4 * MIB)
#define MANIFEST_ID_MAX        64
#define MANIFEST_DATASETS_MAX  256
#define MANIFEST_CONSUMERS_MAX 64
#define MANIFEST_READERS_MAX   64
#define MANIFEST_ARGS_MAX      256
#define MANIFEST_ARG_MAX       4096
#define MANIFEST_FILENAME_MAX  255
#define MANIFEST_HASH_SIZE     (2 * SHA256_SIZE + 1)

/* A party: {"key": PEM}, and {"seal": bool} for a consumer, whose key is on P-256 then. */
struct manifest_party {
    char *key;
    bool seal;
    struct key *public_key;        /* made from key */
    uint8_t identity[SHA256_SIZE]; /* of that key */
};

enum algorithm_type { ALGORITHM_NATIVE, ALGORITHM_PYTHON, ALGORITHM_WASM, ALGORITHM_OCI };

extern const char *const algorithm_type_names[]; /* "native" ..., NULL-terminated */

struct manifest_algorithm {
    int type; /* enum algorithm_type */
    struct json_bytes sha3_256;
    struct json_strings args;
    struct json_bytes requirements_sha3_256; /* not present: it needs no requirements */
    struct manifest_party provider;
};

struct manifest_dataset {
    char *filename;
    struct json_bytes sha3_256;
    struct manifest_party provider;
    bool decompress;     /* the bytes are a zip archive that is unpacked into a directory */
    struct json *source; /* always NULL or null here */
};

enum run_start { RUN_AUTO, RUN_MANUAL };

struct manifest_run {
    int start;            /* enum run_start; RUN_AUTO */
    uint64_t timeout;     /* in milliseconds; ten minutes */
    uint32_t memory_mib;  /* 512; what it writes counts, since the guest has no disk */
    struct json *network; /* "none" */
};

struct manifest_logs {
    struct json_list to; /* of struct manifest_party: who may read them */
    uint64_t max_bytes;  /* how much of their end is kept; 0: nothing */
};

struct manifest_legacy {
    bool signatures; /* over a role's name count, from the gateway: they can be replayed */
    bool
        attestation; /* over what a caller chose is given, by the gateway: it names no connection */
};

struct manifest {
    char *id;
    char *name;
    char *description;
    struct manifest_party owner;
    struct manifest_algorithm algorithm;
    struct json_list datasets;         /* of struct manifest_dataset */
    struct json_list result_consumers; /* of struct manifest_party */
    struct manifest_run run;
    struct manifest_logs logs;
    struct manifest_legacy legacy;

    atomic_uint references;          /* see manifest_keep() */
    struct json *document;           /* as it was given */
    char sha256[MANIFEST_HASH_SIZE]; /* manifest_sha256, lower-case hex */
};

/* Reads and checks a document, which is copied. Errors: INPUT, UNSUPPORTED, with a pointer. */
MUST_USE int manifest_decode(const struct json *document, struct manifest **ret, struct err *err);

/* The same from text (MALFORMED too). The caller bounds its size: MANIFEST_SIZE_MAX. */
MUST_USE int manifest_parse(struct span text, struct manifest **ret, struct err *err);

/* One more owner; manifest_free() takes one away and releases with the last. */
struct manifest *manifest_keep(struct manifest *manifest);

void manifest_free(struct manifest *manifest);
DEFINE_OWNED(manifest)
#define OWNED_MANIFEST OWNED_OF(manifest)

/* SHA-256 over the RFC 8785 form of any document, in hex; reads nothing into it. */
MUST_USE int manifest_hash(const struct json *document, char out[static MANIFEST_HASH_SIZE],
                           struct err *err);

/* Lists, typed; index is below their count. */
const struct manifest_dataset *manifest_dataset(const struct manifest *manifest, size_t index);
const struct manifest_party *manifest_consumer(const struct manifest *manifest, size_t index);
const struct manifest_party *manifest_reader(const struct manifest *manifest, size_t index);

/* True when the party is this identity. */
bool manifest_party_is(const struct manifest_party *party,
                       const uint8_t identity[static SHA256_SIZE]);

/* The dataset of that name; NULL when none is declared. */
const struct manifest_dataset *manifest_find_dataset(const struct manifest *manifest,
                                                     const char *filename);

/* The key of any party whose identity has this hex text; NULL when nobody has. Borrowed. */
const struct key *manifest_find_key(const struct manifest *manifest, const char *identity_text);

/* True for a name that a dataset may have: 1 to 255 bytes of UTF-8 without '/', control characters
 * or "." and "..". */
bool manifest_is_filename(const char *name);

#endif
