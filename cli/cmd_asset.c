/* algo, data: asking first, then uploading. */
#include "cli/computation.h"

#include "cli/input.h"
#include "cli/manifest_make.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/sealed.h"
#include "lib/base/text.h"

#include <inttypes.h>

/* One thing to upload. */
struct upload {
    const struct input *input;
    const char *what; /* "dataset 'iris.csv'" */
    const char *name; /* path parameter, or NULL */
    enum agent_op head;
    enum agent_op put;
    const struct key *seal; /* to which it is sealed; NULL: it goes as it is */
};

/* HEAD has no body that could say why, so its status is put into words here. */
static int say_refusal(struct agent *agent, const struct upload *upload, struct err *err)
{
    struct err ignored;

    switch (err->kind) {
    case ERR_NOT_FOUND:
        return err_set(err, err->kind, "%s: the manifest declares nothing of that name",
                       upload->what);
    case ERR_FORBIDDEN:
        return err_set(err, err->kind, "%s: this key is not that of its provider", upload->what);
    case ERR_STATE:
        if (session_read_state(agent, &ignored) < 0)
            return err_wrap(err, "%s", upload->what);
        return err_set(err, err->kind,
                       "%s: not awaited in %s; it is there already, or something else comes first",
                       upload->what, json_get_str(agent->state, "state"));
    default: return err_wrap(err, "%s", upload->what);
    }
}

static int send_body(struct agent *agent, const struct upload *upload,
                     const struct httpc_upload *body, struct err *err)
{
    static const char *const sealed_headers[] = {"Content-Encoding: " SEAL_CODING, NULL};
    struct progress progress = progress_begin(upload->input->name);
    struct httpc_call send = {.op = &agent_ops[upload->put],
                              .params = {upload->name},
                              .headers = upload->seal != NULL ? sealed_headers : NULL,
                              .upload = body,
                              .progress = progress_update,
                              .progress_ctx = &progress};
    OWNED_HTTPC_REPLY reply = {0};
    int result = agent_call(agent, &send, &reply, err);

    progress_end(&progress);
    return result < 0 ? err_wrap(err, "%s", upload->what) : 0;
}

/* A signature is over the body's digest, so that it must be known before: then it is sealed into a
 * temporary file first. */
static int send_sealed(struct agent *agent, const struct upload *upload, struct err *err)
{
    OWNED_OF(sealed) *sealed = NULL;
    OWNED_INPUT whole = INPUT_NONE;
    struct httpc_upload body;

    if (sealed_new(upload->input, upload->seal, agent->computation, &sealed, err) < 0)
        return -1;
    body = sealed_upload(sealed);
    if (agent->signs) {
        if (sealed_write(sealed, &whole, err) < 0)
            return -1;
        body = (struct httpc_upload){.fd = whole.fd, .size = whole.size};
    }
    return send_body(agent, upload, &body, err);
}

static int upload_one(struct agent *agent, const struct upload *upload, struct err *err)
{
    const struct httpc_upload body = {.fd = upload->input->fd, .size = upload->input->size};
    struct httpc_call ask = {.op = &agent_ops[upload->head], .params = {upload->name}};
    uint64_t max = agent_ops[upload->put].body_max;
    OWNED_HTTPC_REPLY reply = {0};

    if (upload->input->size > max)
        return err_set(err, ERR_TOO_LARGE, "%s: %" PRIu64 " bytes are over the limit of %" PRIu64,
                       upload->what, upload->input->size, max);
    if (agent_call(agent, &ask, &reply, err) < 0)
        return say_refusal(agent, upload, err);
    return upload->seal != NULL ? send_sealed(agent, upload, err)
                                : send_body(agent, upload, &body, err);
}

static void add_upload(struct json *sent, const struct upload *upload)
{
    struct json *entry = json_new_object();

    json_set_str(entry, "name", upload->name ? upload->name : upload->input->name);
    json_set_int(entry, "bytes", (int64_t)upload->input->size);
    json_add(sent, entry);
}

static void report(const struct cli *cli, const struct agent *agent, struct json *sent)
{
    OWNED_JSON *result = json_new_object();

    json_set_str(result, "manifest_sha256", agent->computation);
    json_set(result, "sent", sent);
    if (cli->options->json) {
        print_json(result);
        return;
    }
    for (size_t i = 0; i < json_count(sent); i++)
        say("sent %s (%" PRId64 " bytes)", json_get_str(json_at(sent, i), "name"),
            json_get_int(json_at(sent, i), "bytes"));
}

/* --- algo --- */

static int check_args(const struct algo_options *options, const struct manifest *manifest,
                      struct err *err)
{
    const struct json_strings *args = &manifest->algorithm.args;
    bool same = options->args.count == args->count;

    for (size_t i = 0; same && i < args->count; i++)
        same = strcmp(options->args.items[i], args->items[i]) == 0;
    if (same)
        return 0;
    return err_set(err, ERR_USAGE,
                   "--args: the manifest has %zu other arguments; 'manifest show' lists them",
                   args->count);
}

/* The manifest decides about type and arguments; flags for them must agree with it. */
static int check_flags(const struct algo_options *options, struct agent *agent, struct err *err)
{
    OWNED_MANIFEST *manifest = NULL;
    const char *type;

    if (options->type == NULL && options->args.count == 0)
        return 0;
    if (session_read_manifest(agent, &manifest, err) < 0)
        return -1;
    type = algorithm_type_names[manifest->algorithm.type];
    if (options->type != NULL && strcmp(algorithm_type_of_word(options->type), type) != 0)
        return err_set(err, ERR_USAGE, "--algorithm: the manifest says %s, not %s", type,
                       options->type);
    return options->args.count > 0 ? check_args(options, manifest, err) : 0;
}

int computation_algo(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct algo_options *options = ptr;
    struct agent_access access = computation_access(cli, &options->base, 1);
    OWNED_INPUT requirements = INPUT_NONE;
    OWNED_INPUT algorithm = INPUT_NONE;
    struct upload first = {&requirements, "requirements", NULL, AGENT_OP_head_requirements,
                           AGENT_OP_put_requirements};
    struct upload second = {&algorithm, "algorithm", NULL, AGENT_OP_head_algorithm,
                            AGENT_OP_put_algorithm};
    OWNED_KEY *seal = NULL;
    OWNED_AGENT *agent = NULL;
    OWNED_JSON *sent = json_new_array();

    if (options->python != NULL && strcmp(options->python, "python3") != 0)
        return err_set(err, ERR_UNSUPPORTED,
                       "--python-runtime: the image has python3 and nothing else");
    if (input_open(cli_arg(cli, 0), &algorithm, err) < 0)
        return err_wrap(err, "algorithm");
    if (options->requirements != NULL && input_open(options->requirements, &requirements, err) < 0)
        return err_wrap(err, "requirements");
    if (session_open_agent(&access, &agent, err) < 0 || check_flags(options, agent, err) < 0 ||
        (options->seal && sealed_key(agent, &seal, err) < 0))
        return -1;
    first.seal = second.seal = seal;

    if (options->requirements != NULL) {
        if (upload_one(agent, &first, err) < 0)
            return -1;
        add_upload(sent, &first);
    }
    if (upload_one(agent, &second, err) < 0)
        return -1;
    add_upload(sent, &second);
    report(cli, agent, GIVE(sent));
    return 0;
}

/* --- data --- */

static int check_decompress(struct agent *agent, const char *name, struct err *err)
{
    OWNED_MANIFEST *manifest = NULL;
    const struct manifest_dataset *dataset;

    if (session_read_manifest(agent, &manifest, err) < 0)
        return -1;
    dataset = manifest_find_dataset(manifest, name);
    if (dataset != NULL && !dataset->decompress)
        return err_set(err, ERR_USAGE, "--decompress: the manifest has '%s' as it is, not unpacked",
                       name);
    return 0;
}

int computation_data(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct data_options *options = ptr;
    struct agent_access access = computation_access(cli, &options->base, 1);
    OWNED_INPUT input = INPUT_NONE;
    OWNED(free_str) char *what = NULL;
    OWNED_KEY *seal = NULL;
    OWNED_AGENT *agent = NULL;
    OWNED_JSON *sent = json_new_array();
    struct upload upload = {&input, NULL, NULL, AGENT_OP_head_dataset, AGENT_OP_put_dataset};

    if (input_open(cli_arg(cli, 0), &input, err) < 0)
        return err_wrap(err, "dataset");
    if (!manifest_is_filename(input.name))
        return err_set(err, ERR_USAGE, "'%s' names no dataset; say its file or directory",
                       cli_arg(cli, 0));
    what = mem_printf("dataset '%s'", input.name);
    upload.what = what;
    upload.name = input.name;
    if (session_open_agent(&access, &agent, err) < 0)
        return -1;
    if ((options->decompress && check_decompress(agent, input.name, err) < 0) ||
        (options->seal && sealed_key(agent, &seal, err) < 0))
        return -1;
    upload.seal = seal;
    if (upload_one(agent, &upload, err) < 0)
        return -1;
    add_upload(sent, &upload);
    report(cli, agent, GIVE(sent));
    return 0;
}
