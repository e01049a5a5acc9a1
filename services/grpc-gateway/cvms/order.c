#include "services/grpc-gateway/cvms/order.h"

#include "lib/base/text.h"
#include "lib/computation/go_manifest.h"
#include "lib/computation/manifest.h"

#include <stdio.h>
#include <string.h>

#define PEM_MAX       (16 * KIB)
#define CANONICAL_MAX (64 * MIB)
#define POINTER_MAX   64

static struct span span_of_data(ProtobufCBinaryData data)
{
    return span_of(data.data, data.len);
}

/* More than any manifest may have: nothing is made of them. */
static int check_counts(const Cvms__ComputationRunReq *order, struct err *err)
{
    if (order->n_datasets > MANIFEST_DATASETS_MAX)
        return err_set_at(err, ERR_INPUT, "/datasets", "%zu datasets, at most %d",
                          order->n_datasets, MANIFEST_DATASETS_MAX);
    if (order->n_result_consumers > MANIFEST_CONSUMERS_MAX)
        return err_set_at(err, ERR_INPUT, "/result_consumers", "%zu result consumers, at most %d",
                          order->n_result_consumers, MANIFEST_CONSUMERS_MAX);
    if (order->algorithm == NULL)
        return err_set_at(err, ERR_INPUT, "/algorithm", "the order names no algorithm");
    if (order->algorithm->n_algo_args > MANIFEST_ARGS_MAX)
        return err_set_at(err, ERR_INPUT, "/algorithm/algo_args", "%zu arguments, at most %d",
                          order->algorithm->n_algo_args, MANIFEST_ARGS_MAX);
    return 0;
}

/* --- to our manifest --- */

static const struct {
    const char *theirs, *ours;
} algorithm_types[] = {
    {"", "native"}, {"bin", "native"}, {"python", "python"}, {"wasm", "wasm"}, {"docker", "oci"},
};

static int check_text(const char *text, const char *pointer, struct err *err)
{
    if (text_is_utf8(span_of_str(text)))
        return 0;
    return err_set_at(err, ERR_INPUT, pointer, "%s is not UTF-8", pointer + 1);
}

static int set_text(struct json *to, const char *name, const char *text, const char *pointer,
                    struct err *err)
{
    if (check_text(text, pointer, err) < 0)
        return -1;
    json_set_str(to, name, text);
    return 0;
}

static struct json *party_of(const struct key *key)
{
    OWNED_BUF pem = BUF_OF(PEM_MAX);
    struct json *party = json_new_object();

    key_write_public_pem(key, &pem);
    json_set_str(party, "key", buf_str(&pem));
    return party;
}

/* A key of theirs is DER. */
static int add_party(struct json *to, const char *name, ProtobufCBinaryData der,
                     const char *pointer, struct err *err)
{
    OWNED_KEY *key = NULL;

    if (key_load_public_der(span_of_data(der), &key, err) < 0) {
        err_wrap(err, "user_key");
        return err_wrap_pointer(err, pointer);
    }
    if (name != NULL)
        json_set(to, name, party_of(key));
    else
        json_add(to, party_of(key));
    return 0;
}

static int set_hash(struct json *to, ProtobufCBinaryData hash, const char *pointer, struct err *err)
{
    if (hash.len != ORDER_DIGEST_SIZE)
        return err_set_at(err, ERR_INPUT, pointer, "hash: expected %d bytes of SHA3-256, got %zu",
                          ORDER_DIGEST_SIZE, hash.len);
    json_set_hex(to, "sha3_256", span_of_data(hash));
    return 0;
}

/* The older programs fetch a source only where a key broker is enabled, and so do not these. */
static int check_source(const Cvms__KBSConfig *kbs, const char *pointer, struct err *err)
{
    if (kbs == NULL || !kbs->enabled)
        return 0;
    return err_set_at(
        err, ERR_UNSUPPORTED, pointer,
        "kbs: assets are uploaded here, and not fetched by a key broker's key; leave it out");
}

static int set_type(struct json *to, const char *type, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(algorithm_types); i++)
        if (strcmp(type, algorithm_types[i].theirs) == 0) {
            json_set_str(to, "type", algorithm_types[i].ours);
            return 0;
        }
    return err_set_at(err, ERR_INPUT, "/algorithm/algo_type",
                      "algo_type '%.40s' is none of bin, python, wasm, docker", type);
}

static int add_algorithm(struct json *to, const Cvms__Algorithm *algorithm, struct err *err)
{
    OWNED_JSON *json = json_new_object();
    struct json *args = json_new_array();

    json_set(json, "args", args);
    for (size_t i = 0; i < algorithm->n_algo_args; i++) {
        if (check_text(algorithm->algo_args[i], "/algorithm/algo_args", err) < 0)
            return -1;
        json_add(args, json_new_str(algorithm->algo_args[i]));
    }
    if (set_type(json, algorithm->algo_type, err) < 0 ||
        set_hash(json, algorithm->hash, "/algorithm/hash", err) < 0 ||
        add_party(json, "provider", algorithm->userkey, "/algorithm/user_key", err) < 0 ||
        check_source(algorithm->kbs, "/algorithm/kbs", err) < 0)
        return -1;
    json_set(to, "algorithm", GIVE(json));
    return 0;
}

static int add_dataset(struct json *to, const Cvms__Dataset *dataset, struct err *err)
{
    OWNED_JSON *json = json_new_object();

    json_set_bool(json, "decompress", dataset->decompress);
    if (set_text(json, "filename", dataset->filename, "/filename", err) < 0 ||
        set_hash(json, dataset->hash, "/hash", err) < 0 ||
        add_party(json, "provider", dataset->userkey, "/user_key", err) < 0 ||
        check_source(dataset->kbs, "/kbs", err) < 0)
        return -1;
    json_add(to, GIVE(json));
    return 0;
}

static int add_datasets(struct json *to, const Cvms__ComputationRunReq *order, struct err *err)
{
    struct json *datasets = json_new_array();
    char pointer[POINTER_MAX];

    json_set(to, "datasets", datasets);
    for (size_t i = 0; i < order->n_datasets; i++)
        if (add_dataset(datasets, order->datasets[i], err) < 0) {
            snprintf(pointer, sizeof(pointer), "/datasets/%zu", i);
            return err_wrap_pointer(err, pointer);
        }
    return 0;
}

static int add_consumers(struct json *to, const Cvms__ComputationRunReq *order, struct err *err)
{
    struct json *consumers = json_new_array();
    char pointer[POINTER_MAX];

    json_set(to, "result_consumers", consumers);
    for (size_t i = 0; i < order->n_result_consumers; i++) {
        snprintf(pointer, sizeof(pointer), "/result_consumers/%zu/user_key", i);
        if (add_party(consumers, NULL, order->result_consumers[i]->userkey, pointer, err) < 0)
            return -1;
    }
    return 0;
}

/* Attested TLS is by evidence over what is not of our making. */
static bool wants_attested_tls(const Cvms__ComputationRunReq *order)
{
    return order->agent_config != NULL && order->agent_config->attested_tls;
}

static void add_terms(const Cvms__ComputationRunReq *order, const struct order_terms *terms,
                      struct json *to)
{
    struct json *run = json_new_object(), *logs = json_new_object(), *legacy = json_new_object();
    struct json *readers = json_new_array();
    char timeout[TEXT_DURATION_SIZE];

    text_format_duration(terms->timeout_ms, timeout);
    json_set_str(run, "timeout", timeout);
    json_set_int(run, "memory_mib", terms->memory_mib);
    if (terms->log_bytes > 0)
        json_add(readers, party_of(terms->owner));
    json_set(logs, "to", readers);
    json_set_int(logs, "max_bytes", (int64_t)terms->log_bytes);
    json_set_bool(legacy, "signatures", terms->signatures);
    json_set_bool(legacy, "attestation", wants_attested_tls(order));
    json_set(to, "owner", party_of(terms->owner));
    json_set(to, "run", run);
    json_set(to, "logs", logs);
    json_set(to, "legacy", legacy);
}

int order_to_manifest(const Cvms__ComputationRunReq *order, const struct order_terms *terms,
                      struct json **ret, struct err *err)
{
    OWNED_JSON *json = json_new_object();

    if (check_counts(order, err) < 0 || set_text(json, "id", order->id, "/id", err) < 0 ||
        set_text(json, "name", order->name, "/name", err) < 0 ||
        set_text(json, "description", order->description, "/description", err) < 0)
        return -1;
    add_terms(order, terms, json);
    if (add_algorithm(json, order->algorithm, err) < 0 || add_datasets(json, order, err) < 0 ||
        add_consumers(json, order, err) < 0)
        return -1;
    *ret = GIVE(json);
    return 0;
}

/* --- their own form; members in any order, go_manifest.h has theirs --- */

static void set_their_hash(struct json *to, ProtobufCBinaryData hash)
{
    struct json *numbers = json_new_array();

    for (size_t i = 0; i < hash.len && i < ORDER_DIGEST_SIZE; i++)
        json_add(numbers, json_new_int(hash.data[i]));
    json_set(to, "hash", numbers);
}

static void set_their_source(struct json *to, const Cvms__Source *source)
{
    struct json *json = json_new_object();

    if (source == NULL) {
        json_free(json);
        return;
    }
    /* The older agent copies all of a source but its type. */
    json_set_str(json, "url", source->url);
    json_set_str(json, "kbs_resource_path", source->kbs_resource_path);
    json_set_bool(json, "encrypted", source->encrypted);
    json_set(to, "source", json);
}

static void set_their_kbs(struct json *to, const Cvms__KBSConfig *kbs)
{
    struct json *json = json_new_object();

    if (kbs == NULL) {
        json_free(json);
        return;
    }
    json_set_str(json, "url", kbs->url);
    json_set_bool(json, "enabled", kbs->enabled);
    json_set(to, "kbs", json);
}

static struct json *their_algorithm(const Cvms__Algorithm *algorithm)
{
    struct json *json = json_new_object(), *args = json_new_array();

    set_their_hash(json, algorithm->hash);
    json_set_base64(json, "user_key", span_of_data(algorithm->userkey));
    set_their_source(json, algorithm->source);
    json_set_str(json, "algo_type", algorithm->algo_type);
    for (size_t i = 0; i < algorithm->n_algo_args; i++)
        json_add(args, json_new_str(algorithm->algo_args[i]));
    json_set(json, "algo_args", args);
    set_their_kbs(json, algorithm->kbs);
    return json;
}

static struct json *their_dataset(const Cvms__Dataset *dataset)
{
    struct json *json = json_new_object();

    set_their_hash(json, dataset->hash);
    json_set_base64(json, "user_key", span_of_data(dataset->userkey));
    json_set_str(json, "filename", dataset->filename);
    set_their_source(json, dataset->source);
    json_set_bool(json, "decompress", dataset->decompress);
    set_their_kbs(json, dataset->kbs);
    return json;
}

static struct json *their_manifest(const Cvms__ComputationRunReq *order)
{
    struct json *json = json_new_object();
    struct json *datasets = json_new_array(), *consumers = json_new_array();

    json_set_str(json, "id", order->id);
    json_set_str(json, "name", order->name);
    json_set_str(json, "description", order->description);
    json_set(json, "algorithm", their_algorithm(order->algorithm));
    for (size_t i = 0; i < order->n_datasets; i++)
        json_add(datasets, their_dataset(order->datasets[i]));
    for (size_t i = 0; i < order->n_result_consumers; i++) {
        struct json *consumer = json_new_object();

        json_set_base64(consumer, "user_key", span_of_data(order->result_consumers[i]->userkey));
        json_add(consumers, consumer);
    }
    json_set(json, "datasets", datasets);
    json_set(json, "result_consumers", consumers);
    return json;
}

int order_digest(const Cvms__ComputationRunReq *order, uint8_t out[static ORDER_DIGEST_SIZE],
                 struct err *err)
{
    OWNED_BUF text = BUF_OF(CANONICAL_MAX);
    OWNED_JSON *json = NULL;

    if (check_counts(order, err) < 0)
        return -1;
    json = their_manifest(order);
    if (go_manifest_write(json, &text, err) < 0)
        return -1;
    digest_of(DIGEST_SHA3_256, buf_span(&text), out);
    return 0;
}
