/* Manifests for tests: valid ones with fresh keys, to be changed by each test. */
#ifndef COCOS_TESTS_MANIFESTS_H
#define COCOS_TESTS_MANIFESTS_H

#include "tests/unit/unit.h"

#include "lib/computation/manifest.h"

/* Four parties; made once. */
enum party { OWNER, PROVIDER, DATA, CONSUMER, STRANGER, PARTY_COUNT };

static inline const struct key *party_key(enum party party)
{
    static struct key *keys[PARTY_COUNT];
    struct err err;

    if (keys[party] == NULL)
        assert_ok(key_generate(party % 2 == 0 ? KEY_P256 : KEY_ED25519, 0, &keys[party], &err));
    return keys[party];
}

static inline struct json *party_json(enum party party)
{
    OWNED_BUF pem = BUF_OF(4096);
    struct json *json = json_new_object();

    key_write_public_pem(party_key(party), &pem);
    json_set_str(json, "key", buf_str(&pem));
    return json;
}

static inline void pin_of(const char *content, struct json *in, const char *member)
{
    uint8_t digest[32];

    digest_of(DIGEST_SHA3_256, span_of_str(content), digest);
    json_set_hex(in, member, SPAN_OF_ARRAY(digest));
}

static inline void manifest_add_dataset(struct json *datasets, const char *filename,
                                        const char *content)
{
    struct json *dataset = json_new_object();

    json_set_str(dataset, "filename", filename);
    pin_of(content, dataset, "sha3_256");
    json_set(dataset, "provider", party_json(DATA));
    json_add(datasets, dataset);
}

/* A document with an algorithm whose bytes are given, and datasets "a" and "b" of content "x". */
static inline struct json *manifest_document(const char *algorithm_bytes)
{
    struct json *document = json_new_object(), *algorithm = json_new_object();
    struct json *datasets = json_new_array(), *consumers = json_new_array();

    json_set_str(document, "id", "test-1");
    json_set(document, "owner", party_json(OWNER));
    json_set_str(algorithm, "type", "python");
    pin_of(algorithm_bytes, algorithm, "sha3_256");
    json_set(algorithm, "provider", party_json(PROVIDER));
    json_set(document, "algorithm", algorithm);
    manifest_add_dataset(datasets, "a", "x");
    manifest_add_dataset(datasets, "b", "x");
    json_set(document, "datasets", datasets);
    json_add(consumers, party_json(CONSUMER));
    json_set(document, "result_consumers", consumers);
    return document;
}

static inline struct manifest *manifest_of(const struct json *document)
{
    struct manifest *manifest = NULL;
    struct err err;

    assert_ok(manifest_decode(document, &manifest, &err));
    return manifest;
}

static inline void identity_of(enum party party, uint8_t out[static SHA256_SIZE])
{
    key_identity(party_key(party), out);
}

#endif
