/* policy show, sign, verify, diff: what a policy says, who says it, and how two of them differ. */
#include "cli/commands.h"

#include "cli/corim_output.h"
#include "cli/input.h"
#include "cli/policy_file.h"
#include "cli/print.h"
#include "cli/session.h"
#include "lib/attest/policy_diff.h"
#include "lib/attest/reference/corim_policy.h"
#include "lib/attest/reference/corim_show.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

static int read_time(const char *text, int64_t *ret, struct err *err)
{
    *ret = clock_now();
    if (text == NULL || text_parse_time(text, ret, err) == 0)
        return 0;
    err->kind = ERR_USAGE;
    return err_wrap(err, "--time");
}

/* A CoRIM that was to be read and cannot be is refused like any evidence. */
static int parse_corim(const char *path, struct span bytes, struct corim *ret, struct err *err)
{
    if (corim_parse(bytes, ret, err) == 0)
        return 0;
    if (err->kind == ERR_INPUT)
        err->kind = ERR_UNTRUSTED;
    return err_wrap(err, "'%s'", path);
}

/* --- policy show --- */

struct show_options {
    struct common_options common;
    const char *key;
};

static const struct flag show_flags[] = {
    {"policy-key", 0, FLAG_TEXT, "FILE", "COCOS_POLICY_KEY", offsetof(struct show_options, key),
     "public key that must have signed it"},
    {NULL},
};

static int show_corim(const struct cli *cli, const struct show_options *options, struct span bytes,
                      struct err *err)
{
    const struct policy_trust trust = {
        .key = options->key, .now = clock_now(), .only_a_look = true};
    OWNED_JSON *json = NULL, *policy = NULL;
    struct corim corim;

    if (parse_corim(cli_arg(cli, 0), bytes, &corim, err) < 0 ||
        policy_file_check(cli_arg(cli, 0), &corim, &trust, err) < 0)
        return -1;
    json = corim_show(&corim);
    if (corim_profile_is(&corim, CORIM_POLICY_PROFILE)) {
        if (corim_to_policy(&corim, &policy, err) < 0) {
            err->kind = ERR_UNTRUSTED;
            return err_wrap(err, "'%s'", cli_arg(cli, 0));
        }
        json_set(json, "policy", GIVE(policy));
    }
    if (cli->options->json || json_get(json, "policy") == NULL)
        print_json(json);
    else
        print_json(json_get(json, "policy"));
    return 0;
}

static int run_show(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct show_options *options = ptr;
    const struct policy_trust trust = {
        .key = options->key, .now = clock_now(), .only_a_look = true};
    OWNED_BUF bytes = BUF_OF(CORIM_MAX);
    OWNED_JSON *document = NULL, *json = json_new_object();

    if (input_read(cli_arg(cli, 0), &bytes, err) < 0)
        return -1;
    if (corim_is_likely(buf_span(&bytes)))
        return show_corim(cli, options, buf_span(&bytes), err);
    if (policy_file_read(cli_arg(cli, 0), &trust, &document, err) < 0)
        return -1;
    if (!cli->options->json) {
        print_json(document);
        return 0;
    }
    json_set_bool(json, "signed", false);
    json_set(json, "policy", GIVE(document));
    print_json(json);
    return 0;
}

/* --- policy sign --- */

struct sign_options {
    struct common_options common;
    struct corim_output output;
};

static int run_sign(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct sign_options *options = ptr;
    const struct policy_trust trust = {.now = clock_now()};
    OWNED_BUF bytes = BUF_OF(CORIM_MAX);
    OWNED_JSON *document = NULL;

    if (options->output.key == NULL)
        return err_set(err, ERR_USAGE, "whose signature? --key FILE");
    if (input_read(cli_arg(cli, 0), &bytes, err) < 0)
        return -1;
    if (corim_is_likely(buf_span(&bytes)))
        return corim_output_signed(cli, &options->output, buf_span(&bytes), err);
    if (policy_file_read(cli_arg(cli, 0), &trust, &document, err) < 0)
        return -1;
    return corim_output_policy(cli, &options->output, document, err);
}

/* --- policy verify --- */

struct verify_options {
    struct common_options common;
    const char *key;
    const char *time;
};

static const struct flag verify_flags[] = {
    {"key", 'k', FLAG_TEXT, "FILE", NULL, offsetof(struct verify_options, key),
     "public key that must have signed it"},
    {"time", 0, FLAG_TEXT, "RFC3339", NULL, offsetof(struct verify_options, time),
     "when it must be valid (default now)"},
    {NULL},
};

static int run_verify(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct verify_options *options = ptr;
    struct policy_trust trust = {.key = options->key};
    OWNED_BUF bytes = BUF_OF(2 * CORIM_MAX), name = BUF_OF(1024);
    OWNED_JSON *json = NULL;
    struct corim corim;

    if (options->key == NULL)
        return err_set(err, ERR_USAGE, "signed by whom? --key FILE");
    if (read_time(options->time, &trust.now, err) < 0 ||
        input_read(cli_arg(cli, 0), &bytes, err) < 0 ||
        parse_corim(cli_arg(cli, 0), buf_span(&bytes), &corim, err) < 0 ||
        policy_file_check(cli_arg(cli, 0), &corim, &trust, err) < 0)
        return -1;
    if (cli->options->json) {
        json = corim_show(&corim);
        json_set_bool(json, "verified", true);
        print_json(json);
        return 0;
    }
    text_add_printable(&name, corim.signer, 256);
    print_line("signed by '%s' with the key in '%s'", buf_str(&name), options->key);
    return 0;
}

/* --- policy diff --- */

struct diff_options {
    struct common_options common;
    const char *key;
};

static const struct flag diff_flags[] = {
    {"policy-key", 0, FLAG_TEXT, "FILE", NULL, offsetof(struct diff_options, key),
     "public key that must have signed both, CoRIMs"},
    {NULL},
};

static void print_only(const char *path, const struct json *list)
{
    if (json_count(list) > 0)
        print_line("only '%s' accepts", path);
    for (size_t i = 0; i < json_count(list); i++)
        print_line("  %s", json_get_str(json_at(list, i), "accepts"));
}

static int run_diff(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct diff_options *options = ptr;
    const struct policy_trust trust = {
        .key = options->key, .now = clock_now(), .only_a_look = true};
    OWNED_JSON *first = NULL, *second = NULL, *diff = NULL;

    if (policy_file_read(cli_arg(cli, 0), &trust, &first, err) < 0 ||
        policy_file_read(cli_arg(cli, 1), &trust, &second, err) < 0)
        return -1;
    diff = policy_diff(first, second);
    if (cli->options->json) {
        print_json(diff);
        return 0;
    }
    print_only(cli_arg(cli, 0), json_get(diff, "only_first"));
    print_only(cli_arg(cli, 1), json_get(diff, "only_second"));
    if (json_count(json_get(diff, "only_first")) + json_count(json_get(diff, "only_second")) == 0)
        print_line("both accept the same");
    return 0;
}

/* --- policy download --- */

struct download_options {
    struct common_options common;
    struct manager_options manager;
    struct corim_output output;
    bool corim;
};

static const struct flag download_flags[] = {
    {"corim", 0, FLAG_BOOL, NULL, NULL, offsetof(struct download_options, corim),
     "as a CoRIM, not as JSON"},
    {NULL},
};

/* What no verifier would take is no policy, whoever sent it. */
static int fetch_policy(const struct download_options *options, const char *vm, struct json **ret,
                        struct err *err)
{
    OWNED_HTTPC *manager = NULL;
    OWNED_POLICY *policy = NULL;

    if (session_open_manager(&options->manager, &manager, err) < 0 ||
        policy_file_fetch(manager, vm, ret, err) < 0)
        return -1;
    if (policy_decode(*ret, &policy, err) == 0)
        return 0;
    err->kind = ERR_UNTRUSTED;
    return err_wrap(err, "the manager's policy");
}

static int write_policy(const struct cli *cli, const char *path, struct json *policy,
                        const char *sha256, struct err *err)
{
    OWNED_JSON *told = json_new_object();
    OWNED_BUF text = BUF_OF(2 * POLICY_MAX);

    json_set_str(told, "sha256", sha256);
    json_set(told, "policy", json_new_copy(policy));
    json_write_pretty(policy, &text);
    buf_add_str(&text, "\n");
    if (path != NULL && file_replace(path, buf_span(&text), 0644, err) < 0)
        return err_wrap(err, "'%s'", path);
    if (cli->options->json)
        print_json(told);
    else if (path == NULL)
        print_span(buf_span(&text));
    return 0;
}

static int run_download(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct download_options *options = ptr;
    const struct corim_output *output = &options->output;
    OWNED_JSON *policy = NULL;
    char sha256[POLICY_DIGEST_SIZE];

    if (!options->corim && (output->key != NULL || output->name != NULL || output->valid_for_ms))
        return err_set(err, ERR_USAGE, "only a CoRIM is signed and valid for a time: say --corim");
    if (fetch_policy(options, cli_arg(cli, 0), &policy, err) < 0 ||
        policy_file_digest(policy, sha256, err) < 0)
        return -1;
    if ((options->corim ? corim_output_policy(cli, output, policy, err)
                        : write_policy(cli, output->path, policy, sha256, err)) < 0)
        return -1;
    say("sha256 %s; 'measure --image FILE --policy' makes the same of the image's release record",
        sha256);
    return 0;
}

const struct command policy_commands[] = {
    {
        .path = "policy download",
        .args = "VM",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct download_options),
        .flags = {{download_flags, 0},
                  {corim_output_flags, offsetof(struct download_options, output)},
                  {manager_flags, offsetof(struct download_options, manager)}},
        .run = run_download,
        .summary = "Fetches what a VM must show, from the manager that made it",
        .help =
            "VM is an id, or the name of one VM. The policy comes from the release record of the "
            "VM's image and goes to standard output, its digest to standard error: with "
            "--policy-sha256 a party pins the policy and takes it from the manager each time. "
            "The manager is not trusted: whoever has the release record makes the same policy "
            "with 'measure --image FILE --policy', and compares.",
        .example = "cocos-cli policy download \"$VM\" -o policy.json",
    },
    {
        .path = "policy show",
        .args = "FILE",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct show_options),
        .flags = {{show_flags, 0}},
        .run = run_show,
        .summary = "Shows a policy, JSON or CoRIM, as JSON",
        .help = "With --json also who signed it and until when it is valid. Of a CoRIM that is no "
                "policy of this system, its reference values are shown.",
        .example = "cocos-cli policy show policy.corim > policy.json",
    },
    {
        .path = "policy sign",
        .args = "FILE",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct sign_options),
        .flags = {{corim_sign_flags, offsetof(struct sign_options, output)}},
        .run = run_sign,
        .summary = "Signs a policy: a COSE_Sign1 over its CoRIM, ES256 or ES384 by the key",
        .help = "A policy in JSON becomes a CoRIM first; a CoRIM is signed as it is.",
        .example = "cocos-cli policy sign policy.json --key owner-private.pem --valid-for 30d -o "
                   "policy.corim",
    },
    {
        .path = "policy verify",
        .args = "FILE",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct verify_options),
        .flags = {{verify_flags, 0}},
        .run = run_verify,
        .summary = "Checks who signed a CoRIM, and that it is valid now",
        .help = "A signature of another key, none at all, or a time outside of its validity ends "
                "with exit code 5.",
        .example = "cocos-cli policy verify policy.corim --key owner-public.pem",
    },
    {
        .path = "policy diff",
        .args = "FILE FILE",
        .args_min = 2,
        .args_max = 2,
        .options_size = sizeof(struct diff_options),
        .flags = {{diff_flags, 0}},
        .run = run_diff,
        .summary = "Says what one policy accepts that the other refuses",
        .example = "cocos-cli policy diff yesterday.json today.json",
    },
    {NULL},
};
