/* manifest create, show, hash, send */
#include "cli/commands.h"

#include "cli/input.h"
#include "cli/manifest_make.h"
#include "cli/print.h"
#include "cli/session.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

/* --- create --- */

static const char *const starts[] = {"auto", "manual", NULL};

#define AT(member) offsetof(struct manifest_options, member)
static const struct flag create_flags[] = {
    {"owner", 0, FLAG_TEXT, "KEY", NULL, AT(owner), "key that may set and stop the computation"},
    {"algorithm", 'a', FLAG_TEXT, "FILE", NULL, AT(algorithm), "what is run"},
    {"type", 't', FLAG_CHOICE, "TYPE", NULL, AT(type),
     "bin or native, python, wasm, docker or oci (default: python for .py, wasm for .wasm, else "
     "native)",
     .choices = algorithm_words},
    {"args", 0, FLAG_LIST, "ARG", NULL, AT(args), "argument of the algorithm; once for each"},
    {"requirements", 'r', FLAG_TEXT, "FILE", NULL, AT(requirements), "requirements.txt of it"},
    {"provider", 0, FLAG_TEXT, "KEY", NULL, AT(provider),
     "key that uploads the algorithm (default: the owner's)"},
    {"dataset", 'd', FLAG_LIST, "PATH:KEY", NULL, AT(datasets),
     "a file or directory, and the key that uploads it; once for each"},
    {"decompress", 0, FLAG_LIST, "NAME", NULL, AT(unpack),
     "unpack this dataset, a zip, before the run; directories always are"},
    {"consumer", 'c', FLAG_LIST, "KEY", NULL, AT(consumers),
     "key that gets the result; once for each"},
    {"seal", 0, FLAG_BOOL, NULL, NULL, AT(seal),
     "seal the result to its consumers, whose keys must be on P-256 then"},
    {"start", 0, FLAG_CHOICE, "WHEN", NULL, AT(start),
     "auto (default): as soon as everything is there; manual: when 'run' says so",
     .choices = starts},
    {"timeout", 0, FLAG_DURATION, "DURATION", NULL, AT(timeout_ms),
     "how long it may run (default 10m)", .min = 1000, .max = INT64_MAX},
    {"memory", 0, FLAG_U64, "MIB", NULL, AT(memory_mib),
     "how much memory it gets, files it writes included (default 512)", .min = 1,
     .max = 16 * 1024 * 1024},
    {"logs-to", 0, FLAG_LIST, "KEY", NULL, AT(readers),
     "key that may read what the algorithm prints; once for each"},
    {"logs-bytes", 0, FLAG_U64, "BYTES", NULL, AT(logs_bytes),
     "how much of its end is kept (default 65536 when somebody may read it)", .min = 1,
     .max = 16 * MIB},
    {"id", 0, FLAG_TEXT, "ID", NULL, AT(id), "name of the computation (default: a random UUID)"},
    {"name", 0, FLAG_TEXT, "TEXT", NULL, AT(name), "title for people"},
    {"description", 0, FLAG_TEXT, "TEXT", NULL, AT(description), "what it is for"},
    {"output", 'o', FLAG_TEXT, "FILE", NULL, AT(output),
     "write it there (default: standard output)"},
    {NULL},
};

static int run_create(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct manifest_options *options = ptr;
    OWNED_JSON *json = NULL;
    OWNED_JSON *result = json_new_object();
    OWNED_BUF text = BUF_OF(MANIFEST_SIZE_MAX);
    char digest[MANIFEST_HASH_SIZE];

    if (manifest_make(options, &json, err) < 0 || manifest_hash(json, digest, err) < 0)
        return -1;
    if (options->output == NULL) {
        print_json(json);
        say("manifest_sha256 %s", digest);
        return 0;
    }

    json_write_pretty(json, &text);
    buf_add_u8(&text, '\n');
    if (buf_check(&text, "the manifest", err) < 0 ||
        file_replace(options->output, buf_span(&text), 0644, err) < 0)
        return -1;
    json_set_str(result, "path", options->output);
    json_set_str(result, "manifest_sha256", digest);
    if (cli->options->json)
        print_json(result);
    else
        print_line("%s", digest);
    return 0;
}

/* --- hash and show --- */

static int run_hash(const struct cli *cli, const void *options, struct err *err)
{
    OWNED_JSON *json = NULL;
    OWNED_JSON *result = json_new_object();
    char digest[MANIFEST_HASH_SIZE];

    (void)options;
    if (input_read_json(cli_arg(cli, 0), MANIFEST_SIZE_MAX, &json, err) < 0 ||
        manifest_hash(json, digest, err) < 0)
        return -1;
    json_set_str(result, "manifest_sha256", digest);
    if (cli->options->json)
        print_json(result);
    else
        print_line("%s", digest);
    return 0;
}

static void show_party(const char *role, const char *what, const struct manifest_party *party)
{
    char identity[2 * SHA256_SIZE + 1];

    text_hex(party->identity, SHA256_SIZE, identity);
    print_line("%-20s %-8s %s  %s", role, key_type_names[key_type_of(party->public_key)], identity,
               what);
}

static void show_digest(const char *name, const struct json_bytes *digest, const char *note)
{
    char hex[2 * JSON_BYTES_MAX + 1];

    text_hex(digest->data, digest->len, hex);
    print_line("  %-24s %s%s", name, hex, note);
}

static void show_manifest(const struct manifest *manifest)
{
    const struct manifest_algorithm *algorithm = &manifest->algorithm;
    char timeout[TEXT_DURATION_SIZE];

    print_line("%s  %s", manifest->id, manifest->name ? manifest->name : "");
    print_line("manifest_sha256 %s", manifest->sha256);
    print_line("%s", "");
    show_party("owner", "", &manifest->owner);
    show_party("algorithm provider", "", &algorithm->provider);
    for (size_t i = 0; i < manifest->datasets.count; i++)
        show_party("data provider", manifest_dataset(manifest, i)->filename,
                   &manifest_dataset(manifest, i)->provider);
    for (size_t i = 0; i < manifest->result_consumers.count; i++)
        show_party("result consumer", "", manifest_consumer(manifest, i));
    for (size_t i = 0; i < manifest->logs.to.count; i++)
        show_party("reader of the logs", "", manifest_reader(manifest, i));

    print_line("%s", "");
    print_line("SHA3-256 of");
    show_digest("the algorithm", &algorithm->sha3_256, "");
    if (algorithm->requirements_sha3_256.present)
        show_digest("its requirements", &algorithm->requirements_sha3_256, "");
    for (size_t i = 0; i < manifest->datasets.count; i++)
        show_digest(manifest_dataset(manifest, i)->filename,
                    &manifest_dataset(manifest, i)->sha3_256,
                    manifest_dataset(manifest, i)->decompress ? "  (unpacked)" : "");

    text_format_duration(manifest->run.timeout, timeout);
    print_line("%s", "");
    print_line("%s, start %s, at most %s and %u MiB", algorithm_type_names[algorithm->type],
               manifest->run.start == RUN_AUTO ? "auto" : "manual", timeout,
               manifest->run.memory_mib);
    for (size_t i = 0; i < algorithm->args.count; i++)
        print_line("  argument %zu: %s", i + 1, algorithm->args.items[i]);
}

struct show_options {
    struct common_options common;
    struct agent_options agent;
    struct manager_options manager;
    struct evidence_options evidence;
};

/* From a file, or from the agent when none is given. */
static int load_manifest(const struct cli *cli, const struct show_options *options,
                         struct manifest **ret, struct err *err)
{
    struct agent_access access = {.agent = &options->agent,
                                  .manager = &options->manager,
                                  .evidence = &options->evidence,
                                  .key_needed = true,
                                  .computation_needed = true};
    OWNED_JSON *json = NULL;
    OWNED_AGENT *agent = NULL;

    if (cli_arg(cli, 0) != NULL) {
        if (input_read_json(cli_arg(cli, 0), MANIFEST_SIZE_MAX, &json, err) < 0)
            return -1;
        return manifest_decode(json, ret, err) < 0 ? err_wrap(err, "'%s'", cli_arg(cli, 0)) : 0;
    }
    if (session_open_agent(&access, &agent, err) < 0)
        return -1;
    return session_read_manifest(agent, ret, err);
}

static int run_show(const struct cli *cli, const void *ptr, struct err *err)
{
    OWNED_MANIFEST *manifest = NULL;

    if (load_manifest(cli, ptr, &manifest, err) < 0)
        return -1;
    if (cli->options->json)
        print_json(manifest->document);
    else
        show_manifest(manifest);
    return 0;
}

/* --- send --- */

struct send_options {
    struct common_options common;
    struct agent_options agent;
    struct manager_options manager;
    struct evidence_options evidence;
};

static int run_send(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct send_options *options = ptr;
    struct agent_access access = {.agent = &options->agent,
                                  .manager = &options->manager,
                                  .evidence = &options->evidence,
                                  .evidence_needed = true,
                                  .key = cli_arg(cli, 1),
                                  .key_needed = true};
    OWNED_JSON *json = NULL;
    OWNED_MANIFEST *manifest = NULL;
    OWNED_AGENT *agent = NULL;
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_JSON *result = json_new_object();
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_put_computation]};

    if (input_read_json(cli_arg(cli, 0), MANIFEST_SIZE_MAX, &json, err) < 0)
        return -1;
    if (manifest_decode(json, &manifest, err) < 0)
        return err_wrap(err, "'%s'", cli_arg(cli, 0));
    if (session_open_agent(&access, &agent, err) < 0)
        return -1;
    call.json = json;
    memcpy(agent->computation, manifest->sha256, sizeof(agent->computation));
    if (agent_call(agent, &call, &reply, err) < 0)
        return -1;

    json_set_str(result, "manifest_sha256", manifest->sha256);
    if (cli->options->json)
        print_json(result);
    else
        print_line("%s", manifest->sha256);
    return 0;
}

const struct command manifest_commands[] = {
    {
        .path = "manifest create",
        .args = "",
        .options_size = sizeof(struct manifest_options),
        .flags = {{create_flags, 0}},
        .run = run_create,
        .summary = "Writes the manifest: who brings what, what is run, who gets the result",
        .help = "Reads the files, computes their SHA3-256 and writes a manifest with every member "
                "spelled out; its digest goes along. Keys are files with a public key, a private "
                "key (its public part is taken) or a certificate.",
        .example = "cocos-cli manifest create --owner owner-public.pem --algorithm fit.py \\\n"
                   "    --provider coder-public.pem --dataset iris.csv:data-public.pem \\\n"
                   "    --consumer reader-public.pem --start manual -o manifest.json",
    },
    {
        .path = "manifest show",
        .args = "[FILE]",
        .args_max = 1,
        .options_size = sizeof(struct show_options),
        .flags = {{evidence_flags, offsetof(struct show_options, evidence)},
                  {agent_flags, offsetof(struct show_options, agent)},
                  {manager_flags, offsetof(struct show_options, manager)}},
        .run = run_show,
        .summary = "Shows a manifest in words, from a file or from the agent",
        .help = "Without FILE the agent is asked, which tells it to participants only.",
    },
    {
        .path = "manifest hash",
        .args = "FILE",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct common_options),
        .run = run_hash,
        .summary = "Prints the SHA-256 that names a manifest, as --manifest takes it",
        .help = "It is taken over the RFC 8785 form, so spelling does not matter. Parties compare "
                "it before they send anything.",
    },
    {
        .path = "manifest send",
        .args = "FILE [KEY]",
        .args_min = 1,
        .args_max = 2,
        .options_size = sizeof(struct send_options),
        .flags = {{evidence_flags, offsetof(struct send_options, evidence)},
                  {agent_flags, offsetof(struct send_options, agent)},
                  {manager_flags, offsetof(struct send_options, manager)}},
        .run = run_send,
        .summary = "Sets the manifest of an agent that has none yet; KEY is the owner's",
        .example = "cocos-cli manifest send manifest.json owner-private.pem --vm \"$VM\"",
    },
    {NULL},
};
