#include "cli/manifest_make.h"

#include "cli/input.h"
#include "lib/base/text.h"
#include "lib/computation/manifest.h"
#include "lib/crypto/secret.h"

#define TIMEOUT_DEFAULT_MS (10 * 60 * 1000)
#define MEMORY_DEFAULT_MIB 512
#define LOGS_DEFAULT_BYTES (64 * 1024)

const char *const algorithm_words[] = {"bin", "native", "python", "wasm", "docker", "oci", NULL};
static const char *const algorithm_types[] = {"native", "native", "python", "wasm", "oci", "oci"};

const char *algorithm_type_of_word(const char *word)
{
    for (size_t i = 0; algorithm_words[i] != NULL; i++)
        if (strcmp(algorithm_words[i], word) == 0)
            return algorithm_types[i];
    return NULL;
}

static const char *type_of(const struct manifest_options *options)
{
    if (options->type != NULL)
        return algorithm_type_of_word(options->type);
    return text_ends_with(options->algorithm, ".py")     ? "python"
           : text_ends_with(options->algorithm, ".wasm") ? "wasm"
                                                         : "native";
}

/* {"key": PEM} */
static int make_party(const char *path, struct json **ret, struct err *err)
{
    OWNED_KEY *key = NULL;
    OWNED_BUF pem = BUF_OF(64 * KIB);

    if (input_read_public_key(path, &key, err) < 0)
        return -1;
    key_write_public_pem(key, &pem);
    *ret = json_new_object();
    json_set_str(*ret, "key", buf_str(&pem));
    return 0;
}

static int set_party(struct json *object, const char *member, const char *path, struct err *err)
{
    struct json *party = NULL;

    if (make_party(path, &party, err) < 0)
        return err_wrap(err, "%s", member);
    json_set(object, member, party);
    return 0;
}

static int set_digest(struct json *object, const char *member, const struct input *input,
                      struct err *err)
{
    uint8_t digest[SHA3_SIZE];

    if (input_digest(input, DIGEST_SHA3_256, digest, err) < 0)
        return -1;
    json_set_hex(object, member, SPAN_OF_ARRAY(digest));
    return 0;
}

static int set_file_digest(struct json *object, const char *member, const char *path,
                           struct err *err)
{
    OWNED_INPUT input = INPUT_NONE;

    return input_open(path, &input, err) < 0 ? -1 : set_digest(object, member, &input, err);
}

static int add_algorithm(const struct manifest_options *options, struct json *manifest,
                         struct err *err)
{
    struct json *algorithm = json_new_object();
    struct json *args = json_new_array();

    json_set(manifest, "algorithm", algorithm);
    json_set_str(algorithm, "type", type_of(options));
    if (set_file_digest(algorithm, "sha3_256", options->algorithm, err) < 0)
        return err_wrap(err, "algorithm");
    json_set(algorithm, "args", args);
    for (size_t i = 0; i < options->args.count; i++)
        json_add(args, json_new_str(options->args.items[i]));
    json_set(algorithm, "requirements_sha3_256", NULL);
    if (options->requirements != NULL &&
        set_file_digest(algorithm, "requirements_sha3_256", options->requirements, err) < 0)
        return err_wrap(err, "requirements");
    return set_party(algorithm, "provider", options->provider ? options->provider : options->owner,
                     err);
}

static bool is_listed(const struct flag_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

/* "PATH:KEY", where PATH may have colons of its own. */
static int add_dataset(const struct manifest_options *options, const char *text,
                       struct json *datasets, struct err *err)
{
    const char *colon = strrchr(text, ':');
    OWNED(free_str) char *path = NULL;
    OWNED_INPUT input = INPUT_NONE;
    OWNED_JSON *dataset = json_new_object();

    if (colon == NULL || colon == text || colon[1] == '\0')
        return err_set(err, ERR_USAGE, "--dataset: expected PATH:KEY, got '%.80s'", text);
    path = mem_copy(text, (size_t)(colon - text));
    if (input_open(path, &input, err) < 0)
        return err_wrap(err, "dataset");
    json_set_str(dataset, "filename", input.name);
    if (set_digest(dataset, "sha3_256", &input, err) < 0 ||
        set_party(dataset, "provider", colon + 1, err) < 0)
        return err_wrap(err, "dataset '%s'", input.name);
    json_set_bool(dataset, "decompress", input.packed || is_listed(&options->unpack, input.name));
    json_set(dataset, "source", NULL);
    json_add(datasets, GIVE(dataset));
    return 0;
}

static int add_datasets(const struct manifest_options *options, struct json *manifest,
                        struct err *err)
{
    struct json *datasets = json_new_array();

    json_set(manifest, "datasets", datasets);
    for (size_t i = 0; i < options->datasets.count; i++)
        if (add_dataset(options, options->datasets.items[i], datasets, err) < 0)
            return -1;
    return 0;
}

static int add_consumers(const struct manifest_options *options, struct json *manifest,
                         struct err *err)
{
    struct json *consumers = json_new_array();

    json_set(manifest, "result_consumers", consumers);
    for (size_t i = 0; i < options->consumers.count; i++) {
        struct json *party = NULL;

        if (make_party(options->consumers.items[i], &party, err) < 0)
            return err_wrap(err, "consumer");
        json_set_bool(party, "seal", options->seal);
        json_add(consumers, party);
    }
    return 0;
}

static void add_run(const struct manifest_options *options, struct json *manifest)
{
    struct json *run = json_new_object();
    char timeout[TEXT_DURATION_SIZE];

    text_format_duration(options->timeout_ms ? options->timeout_ms : TIMEOUT_DEFAULT_MS, timeout);
    json_set_str(run, "start", options->start ? options->start : "auto");
    json_set_str(run, "timeout", timeout);
    json_set_int(run, "memory_mib",
                 options->memory_mib ? (int64_t)options->memory_mib : MEMORY_DEFAULT_MIB);
    json_set_str(run, "network", "none");
    json_set(manifest, "run", run);
}

static int add_logs(const struct manifest_options *options, struct json *manifest, struct err *err)
{
    struct json *logs = json_new_object();
    struct json *to = json_new_array();
    uint64_t bytes = options->logs_bytes;

    json_set(manifest, "logs", logs);
    json_set(logs, "to", to);
    for (size_t i = 0; i < options->readers.count; i++) {
        struct json *party = NULL;

        if (make_party(options->readers.items[i], &party, err) < 0)
            return err_wrap(err, "reader of the logs");
        json_add(to, party);
    }
    if (bytes == 0 && options->readers.count > 0)
        bytes = LOGS_DEFAULT_BYTES;
    json_set_int(logs, "max_bytes", (int64_t)bytes);
    return 0;
}

static void add_legacy(struct json *manifest)
{
    struct json *legacy = json_new_object();

    json_set_bool(legacy, "signatures", false);
    json_set_bool(legacy, "attestation", false);
    json_set(manifest, "legacy", legacy);
}

static int check_parts(const struct manifest_options *options, struct err *err)
{
    if (options->owner == NULL)
        return err_set(err, ERR_USAGE, "--owner is missing: the key that may set and stop it");
    if (options->algorithm == NULL)
        return err_set(err, ERR_USAGE, "--algorithm is missing: the file that is run");
    if (options->consumers.count == 0)
        return err_set(err, ERR_USAGE, "--consumer is missing: the key that gets the result");
    return 0;
}

int manifest_make(const struct manifest_options *options, struct json **ret, struct err *err)
{
    OWNED_JSON *json = json_new_object();
    OWNED_MANIFEST *checked = NULL;
    char uuid[UUID_TEXT_SIZE];

    if (check_parts(options, err) < 0)
        return -1;
    random_uuid(uuid);
    json_set_str(json, "id", options->id ? options->id : uuid);
    json_set_str(json, "name", options->name ? options->name : "");
    json_set_str(json, "description", options->description ? options->description : "");
    if (set_party(json, "owner", options->owner, err) < 0 ||
        add_algorithm(options, json, err) < 0 || add_datasets(options, json, err) < 0 ||
        add_consumers(options, json, err) < 0)
        return -1;
    add_run(options, json);
    if (add_logs(options, json, err) < 0)
        return -1;
    add_legacy(json);

    if (manifest_decode(json, &checked, err) < 0)
        return err_wrap(err, "manifest");
    *ret = GIVE(json);
    return 0;
}
