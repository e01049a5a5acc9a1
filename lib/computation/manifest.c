#include "lib/computation/manifest.h"

#include "lib/base/text.h"

#include <stdio.h>

#define PEM_MAX      4096
#define TIMEOUT_MIN  1000ULL
#define TIMEOUT_MAX  (30ULL * 24 * 3600 * 1000)
#define LOGS_MAX     (64 * MIB)
#define SHA3_SIZE    32
#define DEFAULT_TIME (10ULL * 60 * 1000)
#define DEFAULT_MEM  512

/* --- the tables --- */

const char *const algorithm_type_names[] = {"native", "python", "wasm", "oci", NULL};
static const char *const run_start_names[] = {"auto", "manual", NULL};

static const struct json_field party_fields[] = {
    JSON_FIELD_TEXT(manifest_party, key, 1, PEM_MAX, JSON_REQUIRED),
};
static const struct json_table party_table = JSON_TABLE("party", manifest_party, party_fields);

static const struct json_field consumer_fields[] = {
    JSON_FIELD_TEXT(manifest_party, key, 1, PEM_MAX, JSON_REQUIRED),
    JSON_FIELD_BOOL(manifest_party, seal, JSON_NULLABLE),
};
static const struct json_table consumer_table =
    JSON_TABLE("result consumer", manifest_party, consumer_fields);

static const struct json_field algorithm_fields[] = {
    JSON_FIELD_ENUM(manifest_algorithm, type, algorithm_type_names, JSON_REQUIRED),
    JSON_FIELD_HEX(manifest_algorithm, sha3_256, SHA3_SIZE, JSON_REQUIRED),
    JSON_FIELD_STR_LIST(manifest_algorithm, args, MANIFEST_ARGS_MAX, MANIFEST_ARG_MAX, 0),
    JSON_FIELD_HEX(manifest_algorithm, requirements_sha3_256, SHA3_SIZE, JSON_NULLABLE),
    JSON_FIELD_OBJECT(manifest_algorithm, provider, &party_table, JSON_REQUIRED),
};
static const struct json_table algorithm_table =
    JSON_TABLE("algorithm", manifest_algorithm, algorithm_fields);

static const struct json_field dataset_fields[] = {
    JSON_FIELD_STR(manifest_dataset, filename, 1, MANIFEST_FILENAME_MAX, JSON_REQUIRED),
    JSON_FIELD_HEX(manifest_dataset, sha3_256, SHA3_SIZE, JSON_REQUIRED),
    JSON_FIELD_OBJECT(manifest_dataset, provider, &party_table, JSON_REQUIRED),
    JSON_FIELD_BOOL(manifest_dataset, decompress, JSON_NULLABLE),
    JSON_FIELD_ANY(manifest_dataset, source, JSON_NULLABLE),
};
static const struct json_table dataset_table =
    JSON_TABLE("dataset", manifest_dataset, dataset_fields);

static const struct json_field run_fields[] = {
    JSON_FIELD_ENUM(manifest_run, start, run_start_names, 0),
    JSON_FIELD_DURATION(manifest_run, timeout, TIMEOUT_MIN, TIMEOUT_MAX, 0),
    JSON_FIELD_U32(manifest_run, memory_mib, 16, 16 * 1024 * 1024, 0),
    JSON_FIELD_ANY(manifest_run, network, 0),
};
static const struct json_table run_table = JSON_TABLE("run", manifest_run, run_fields);

static const struct json_field logs_fields[] = {
    JSON_FIELD_LIST(manifest_logs, to, &party_table, 0, MANIFEST_READERS_MAX, 0),
    JSON_FIELD_U64(manifest_logs, max_bytes, 0, LOGS_MAX, 0),
};
static const struct json_table logs_table = JSON_TABLE("logs", manifest_logs, logs_fields);

static const struct json_field legacy_fields[] = {
    JSON_FIELD_BOOL(manifest_legacy, signatures, 0),
    JSON_FIELD_BOOL(manifest_legacy, attestation, 0),
};
static const struct json_table legacy_table = JSON_TABLE("legacy", manifest_legacy, legacy_fields);

static const struct json_field manifest_fields[] = {
    JSON_FIELD_STR(manifest, id, 1, MANIFEST_ID_MAX, JSON_REQUIRED),
    JSON_FIELD_STR(manifest, name, 0, 256, JSON_NULLABLE),
    JSON_FIELD_TEXT(manifest, description, 0, 64 * KIB, JSON_NULLABLE),
    JSON_FIELD_OBJECT(manifest, owner, &party_table, JSON_REQUIRED),
    JSON_FIELD_OBJECT(manifest, algorithm, &algorithm_table, JSON_REQUIRED),
    JSON_FIELD_LIST(manifest, datasets, &dataset_table, 0, MANIFEST_DATASETS_MAX, 0),
    JSON_FIELD_LIST(manifest, result_consumers, &consumer_table, 1, MANIFEST_CONSUMERS_MAX,
                    JSON_REQUIRED),
    JSON_FIELD_OBJECT(manifest, run, &run_table, 0),
    JSON_FIELD_OBJECT(manifest, logs, &logs_table, 0),
    JSON_FIELD_OBJECT(manifest, legacy, &legacy_table, 0),
};
static const struct json_table manifest_table = JSON_TABLE("manifest", manifest, manifest_fields);

/* --- lists --- */

static struct manifest_dataset *dataset_at(const struct manifest *manifest, size_t index)
{
    return (struct manifest_dataset *)manifest->datasets.items + index;
}

static struct manifest_party *party_at(const struct json_list *list, size_t index)
{
    return (struct manifest_party *)list->items + index;
}

bool manifest_party_is(const struct manifest_party *party,
                       const uint8_t identity[static SHA256_SIZE])
{
    return span_equal(SPAN_OF_ARRAY(party->identity), span_of(identity, SHA256_SIZE));
}

const struct manifest_dataset *manifest_dataset(const struct manifest *manifest, size_t index)
{
    return dataset_at(manifest, index);
}

const struct manifest_party *manifest_consumer(const struct manifest *manifest, size_t index)
{
    return party_at(&manifest->result_consumers, index);
}

const struct manifest_party *manifest_reader(const struct manifest *manifest, size_t index)
{
    return party_at(&manifest->logs.to, index);
}

const struct manifest_dataset *manifest_find_dataset(const struct manifest *manifest,
                                                     const char *filename)
{
    for (size_t i = 0; i < manifest->datasets.count; i++)
        if (strcmp(dataset_at(manifest, i)->filename, filename) == 0)
            return dataset_at(manifest, i);
    return NULL;
}

/* --- every party, with its pointer in the document --- */

/* The index-th party in document order, NULL after the last; its JSON pointer goes to pointer. */
static struct manifest_party *any_party(const struct manifest *manifest, size_t index,
                                        char *pointer, size_t size)
{
    struct manifest *of = (struct manifest *)manifest;

    if (index == 0) {
        snprintf(pointer, size, "/owner");
        return &of->owner;
    }
    if (index == 1) {
        snprintf(pointer, size, "/algorithm/provider");
        return &of->algorithm.provider;
    }
    index -= 2;
    if (index < of->datasets.count) {
        snprintf(pointer, size, "/datasets/%zu/provider", index);
        return &dataset_at(of, index)->provider;
    }
    index -= of->datasets.count;
    if (index < of->result_consumers.count) {
        snprintf(pointer, size, "/result_consumers/%zu", index);
        return party_at(&of->result_consumers, index);
    }
    index -= of->result_consumers.count;
    if (index < of->logs.to.count) {
        snprintf(pointer, size, "/logs/to/%zu", index);
        return party_at(&of->logs.to, index);
    }
    return NULL;
}

const struct key *manifest_find_key(const struct manifest *manifest, const char *identity_text)
{
    const struct manifest_party *party;
    char pointer[64];

    for (size_t i = 0; (party = any_party(manifest, i, pointer, sizeof(pointer))) != NULL; i++) {
        char text[KEY_IDENTITY_TEXT_SIZE];

        text_hex(party->identity, SHA256_SIZE, text);
        if (strcmp(text, identity_text) == 0)
            return party->public_key;
    }
    return NULL;
}

static int load_keys(struct manifest *manifest, struct err *err)
{
    struct manifest_party *party;
    char pointer[64];

    for (size_t i = 0; (party = any_party(manifest, i, pointer, sizeof(pointer))) != NULL; i++) {
        if (key_load_public_pem(span_of_str(party->key), &party->public_key, err) < 0) {
            err->kind = ERR_INPUT;
            err_wrap_pointer(err, "/key");
            return err_wrap_pointer(err, pointer);
        }
        key_identity(party->public_key, party->identity);
    }
    return 0;
}

/* --- what tables cannot say --- */

bool manifest_is_filename(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > MANIFEST_FILENAME_MAX || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if (name[i] == '/' || (unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    return text_is_utf8(span_of_str(name));
}

static int check_names(const struct manifest *manifest, struct err *err)
{
    char pointer[64];

    if (!text_is_name(manifest->id, MANIFEST_ID_MAX))
        return err_set_at(err, ERR_INPUT, "/id",
                          "expected letters, digits, '.', '_' and '-', beginning with none of the "
                          "last two");
    for (size_t i = 0; i < manifest->datasets.count; i++) {
        const char *name = dataset_at(manifest, i)->filename;

        snprintf(pointer, sizeof(pointer), "/datasets/%zu/filename", i);
        if (!manifest_is_filename(name))
            return err_set_at(err, ERR_INPUT, pointer, "'%s' cannot be a file's name", name);
        if (manifest_find_dataset(manifest, name) != dataset_at(manifest, i))
            return err_set_at(err, ERR_INPUT, pointer, "'%s' is declared twice", name);
    }
    return 0;
}

static int check_consumers(const struct manifest *manifest, struct err *err)
{
    char pointer[64];

    for (size_t i = 0; i < manifest->result_consumers.count; i++)
        for (size_t k = 0; k < i; k++) {
            snprintf(pointer, sizeof(pointer), "/result_consumers/%zu/key", i);
            if (manifest_party_is(manifest_consumer(manifest, i),
                                  manifest_consumer(manifest, k)->identity))
                return err_set_at(err, ERR_INPUT, pointer, "the same key as consumer %zu", k);
        }
    return 0;
}

static int not_yet(const char *pointer, const char *what, struct err *err)
{
    return err_set_at(err, ERR_UNSUPPORTED, pointer, "%s: not available yet", what);
}

static bool is_used(const struct json *value)
{
    return value != NULL && json_kind_of(value) != JSON_KIND_NULL;
}

static int check_network(const struct json *network, struct err *err)
{
    const char *word = json_str(network);

    if (network == NULL || (word != NULL && strcmp(word, "none") == 0))
        return 0;
    if (json_kind_of(network) == JSON_KIND_OBJECT && json_count(network) == 1 &&
        json_get(network, "allow") != NULL)
        return not_yet("/run/network", "access to the network", err);
    return err_set_at(err, ERR_INPUT, "/run/network",
                      "expected \"none\" or {\"allow\": [\"host:port\"]}");
}

/* What the contract names and no part of this version serves: refused, never ignored. */
static int check_available(const struct manifest *manifest, struct err *err)
{
    char pointer[64];

    if (manifest->algorithm.type == ALGORITHM_WASM || manifest->algorithm.type == ALGORITHM_OCI)
        return not_yet("/algorithm/type", algorithm_type_names[manifest->algorithm.type], err);
    for (size_t i = 0; i < manifest->datasets.count; i++) {
        snprintf(pointer, sizeof(pointer), "/datasets/%zu/source", i);
        if (is_used(dataset_at(manifest, i)->source))
            return not_yet(pointer, "fetching a dataset from a source", err);
    }
    for (size_t i = 0; i < manifest->result_consumers.count; i++) {
        const struct manifest_party *consumer = manifest_consumer(manifest, i);

        snprintf(pointer, sizeof(pointer), "/result_consumers/%zu/key", i);
        if (consumer->seal && key_type_of(consumer->public_key) != KEY_P256)
            return err_set_at(err, ERR_INPUT, pointer,
                              "a result is sealed to a key of type p256, and this one is %s",
                              key_type_names[key_type_of(consumer->public_key)]);
    }
    return check_network(manifest->run.network, err);
}

/* --- making one --- */

int manifest_hash(const struct json *document, char out[static MANIFEST_HASH_SIZE], struct err *err)
{
    OWNED_BUF canonical = BUF_OF(2 * MANIFEST_SIZE_MAX);
    uint8_t digest[SHA256_SIZE];

    if (json_canonical(document, &canonical, err) < 0 || buf_check(&canonical, "manifest", err) < 0)
        return -1;
    digest_of(DIGEST_SHA256, buf_span(&canonical), digest);
    text_hex(digest, sizeof(digest), out);
    return 0;
}

int manifest_decode(const struct json *document, struct manifest **ret, struct err *err)
{
    OWNED_MANIFEST *manifest = mem_new(struct manifest);

    atomic_init(&manifest->references, 1);
    manifest->run.timeout = DEFAULT_TIME;
    manifest->run.memory_mib = DEFAULT_MEM;
    if (json_decode(document, &manifest_table, manifest, err) < 0)
        return -1;
    if (check_names(manifest, err) < 0 || load_keys(manifest, err) < 0 ||
        check_consumers(manifest, err) < 0 || check_available(manifest, err) < 0)
        return -1;
    if (manifest_hash(document, manifest->sha256, err) < 0)
        return -1;
    manifest->document = json_new_copy(document);

    *ret = GIVE(manifest);
    return 0;
}

int manifest_parse(struct span text, struct manifest **ret, struct err *err)
{
    OWNED_JSON *document = NULL;

    if (json_parse(text, &document, err) < 0)
        return -1;
    return manifest_decode(document, ret, err);
}

struct manifest *manifest_keep(struct manifest *manifest)
{
    atomic_fetch_add(&manifest->references, 1);
    return manifest;
}

void manifest_free(struct manifest *manifest)
{
    struct manifest_party *party;
    char pointer[64];

    if (manifest == NULL || atomic_fetch_sub(&manifest->references, 1) > 1)
        return;
    for (size_t i = 0; (party = any_party(manifest, i, pointer, sizeof(pointer))) != NULL; i++)
        key_free(party->public_key);
    json_free(manifest->document);
    json_release(&manifest_table, manifest);
    free(manifest);
}
