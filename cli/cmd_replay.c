/* eventlog replay, ima replay: what logs lead to. A malformed log ends with exit code 5. */
#include "cli/commands.h"

#include "cli/input.h"
#include "cli/print.h"
#include "lib/attest/replay.h"

#define LOG_MAX (64 * MIB)

struct replay_options {
    struct common_options common;
    const char *alg;
    bool ccel;
};

static const char *const replay_algs[] = {"sha256", "sha384", "sha1", NULL};
static const enum digest_alg replay_digests[] = {DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA1};

static const struct flag replay_flags[] = {
    {"alg", 0, FLAG_CHOICE, "NAME", NULL, offsetof(struct replay_options, alg),
     "bank of registers (default sha256):", .choices = replay_algs},
    {"ccel", 0, FLAG_BOOL, NULL, NULL, offsetof(struct replay_options, ccel),
     "the log is a CCEL: replay TDX's RTMRs"},
    {NULL},
};

static int show_replay(const struct cli *cli, const char *path, int result, struct json *json,
                       struct err *err)
{
    OWNED_BUF text = BUF_OF(1 * MIB);

    if (result < 0) {
        err->kind = ERR_UNTRUSTED;
        return err_wrap(err, "'%s'", path);
    }
    if (cli->options->json) {
        print_json(json);
        return 0;
    }
    json_write_pretty(json, &text);
    buf_add_str(&text, "\n");
    print_span(buf_span(&text));
    return 0;
}

static int run_eventlog_replay(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct replay_options *options = ptr;
    enum digest_alg alg = DIGEST_SHA256;
    OWNED_BUF log = BUF_OF(LOG_MAX);
    OWNED_JSON *json = NULL;
    int result;

    if (options->ccel && options->alg != NULL)
        return err_set(err, ERR_USAGE, "--alg does not go with --ccel: RTMRs are of SHA-384");
    for (size_t i = 0; options->alg != NULL && replay_algs[i] != NULL; i++)
        if (strcmp(replay_algs[i], options->alg) == 0)
            alg = replay_digests[i];
    if (input_read(cli_arg(cli, 0), &log, err) < 0)
        return -1;
    result = options->ccel ? replay_ccel(buf_span(&log), &json, err)
                           : replay_event_log(buf_span(&log), alg, &json, err);
    return show_replay(cli, cli_arg(cli, 0), result, json, err);
}

static int run_ima_replay(const struct cli *cli, const void *options, struct err *err)
{
    OWNED_BUF log = BUF_OF(LOG_MAX);
    OWNED_JSON *json = NULL;
    int result;

    (void)options;
    if (input_read(cli_arg(cli, 0), &log, err) < 0)
        return -1;
    result = replay_ima(buf_span(&log), &json, err);
    return show_replay(cli, cli_arg(cli, 0), result, json, err);
}

const struct command replay_commands[] = {
    {
        .path = "eventlog replay",
        .args = "FILE",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct replay_options),
        .flags = {{replay_flags, 0}},
        .run = run_eventlog_replay,
        .summary = "Prints the registers that an event log leads to",
        .help = "A replay alone proves nothing: compare it with registers that a quote signed.",
        .example = "cocos-cli eventlog replay binary_bios_measurements --json",
    },
    {
        .path = "ima replay",
        .args = "FILE",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct common_options),
        .run = run_ima_replay,
        .summary = "Prints PCR 10 as an IMA measurement list leads to it",
    },
    {NULL},
};
