/* policy show, sign, verify, diff: what a policy says, who says it, and how two of them differ. */
#include "cli/commands.h"

#include "cli/corim_output.h"
#include "cli/input.h"
#include "cli/policy_file.h"
#include "cli/print.h"
#include "lib/attest/policy_diff.h"
#include "lib/attest/reference/corim_policy.h"
#include "lib/attest/reference/corim_show.h"
#include "lib/base/clock.h"
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

const struct command policy_commands[] = {
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
