/* attestation validate, attestation explain: the verifier at the command line. Everything is read
 * from files; nothing asks the network. What is rejected or malformed ends with exit code 5, after
 * the verdict was printed. */
#include "cli/commands.h"

#include "cli/cached.h"
#include "cli/collateral.h"
#include "cli/expect.h"
#include "cli/input.h"
#include "cli/print.h"
#include "cli/show.h"
#include "cli/verdict_print.h"
#include "lib/attest/ear.h"
#include "lib/base/text.h"

#define LOG_MAX   (64 * MIB)
#define FILES_MAX 16
#define NONCE_MAX 64
#define DATA_SIZE 64

/* --- attestation validate and explain --- */

struct validate_options {
    struct common_options common;
    struct expect_options expect;
    const char *format, *nonce, *report_data, *vek, *collateral;
    const char *event_log, *ima_log, *cel_log, *key, *signature, *time, *cache;
    const char *issuer, *audience, *ear_key;
    struct flag_list chain, crls, roots;
};

#define AT(member) offsetof(struct validate_options, member)
static const struct flag validate_flags[] = {
    {"format", 0, FLAG_CHOICE, "WHAT", NULL, AT(format),
     "what the file is (default auto):", .choices = attest_format_names},
    {"nonce", 0, FLAG_TEXT, "HEX", NULL, AT(nonce), "challenge that the evidence must answer"},
    {"report-data", 0, FLAG_TEXT, "HEX", NULL, AT(report_data),
     "64 bytes that the platform must have signed"},
    {"vek", 0, FLAG_TEXT, "FILE", NULL, AT(vek), "VCEK or VLEK certificate"},
    {"chain", 0, FLAG_LIST, "FILE", NULL, AT(chain), "certificates between it and the root"},
    {"crl", 0, FLAG_LIST, "FILE", NULL, AT(crls), "revocation list; once for each"},
    {"trust-root", 0, FLAG_LIST, "FILE", NULL, AT(roots),
     "root that replaces the built-in ones of its family"},
    {"collateral", 0, FLAG_TEXT, "PATH", NULL, AT(collateral),
     "TDX or SGX collateral: a file, or a directory of them"},
    {"event-log", 0, FLAG_TEXT, "FILE", NULL, AT(event_log), "TCG event log, or CCEL"},
    {"ima-log", 0, FLAG_TEXT, "FILE", NULL, AT(ima_log), "IMA measurement list"},
    {"cel-log", 0, FLAG_TEXT, "FILE", NULL, AT(cel_log), "the agent's event log"},
    {"key", 0, FLAG_TEXT, "FILE", NULL, AT(key), "public key of a quote's or token's signer"},
    {"signature", 0, FLAG_TEXT, "FILE", NULL, AT(signature), "signature kept apart from a quote"},
    {"time", 0, FLAG_TEXT, "RFC3339", NULL, AT(time), "when to judge (default now)"},
    {"cache", 0, FLAG_TEXT, "DIR", "COCOS_CACHE", AT(cache),
     "what 'ca-bundle' fetched, used where a file is not given (default ~/.cocos; none: nothing)"},
    {"issuer", 0, FLAG_TEXT, "TEXT", NULL, AT(issuer), "who must have issued a token"},
    {"audience", 0, FLAG_TEXT, "TEXT", NULL, AT(audience),
     "who we are, for tokens that are for somebody"},
    {"ear-key", 0, FLAG_TEXT, "FILE", NULL, AT(ear_key),
     "sign the verdict as a result for others (EAR) with this key"},
    {NULL},
};

/* Every file that was named, kept until the verdict stands. */
struct files {
    struct buf bufs[3 * FILES_MAX + 12];
    size_t count;
    struct span chain[FILES_MAX], crls[FILES_MAX], roots[FILES_MAX];
    struct span collateral; /* from the cache */
};

static void files_done(struct files *files)
{
    while (files->count > 0)
        buf_done(&files->bufs[--files->count]);
}

static struct buf *next_buf(struct files *files, size_t max)
{
    struct buf *buf = &files->bufs[files->count++];

    *buf = BUF_OF(max);
    return buf;
}

static int read_one(struct files *files, const char *path, struct span *ret, struct err *err)
{
    struct buf *buf;

    if (path == NULL)
        return 0;
    buf = next_buf(files, LOG_MAX);
    if (input_read(path, buf, err) < 0)
        return -1;
    *ret = buf_span(buf);
    return 0;
}

static int read_list(struct files *files, const struct flag_list *paths, struct span *items,
                     struct attest_spans *ret, struct err *err)
{
    if (paths->count > FILES_MAX)
        return err_set(err, ERR_USAGE, "at most %d files of a kind", FILES_MAX);
    for (size_t i = 0; i < paths->count; i++)
        if (read_one(files, paths->items[i], &items[i], err) < 0)
            return -1;
    *ret = (struct attest_spans){items, paths->count};
    return 0;
}

/* What is demanded and turns out empty, as of a variable that is not set, must not count as a
 * demand that was never made. */
static int require_bytes(const char *flag, struct span bytes, size_t min, struct err *err)
{
    if (bytes.len >= min)
        return 0;
    if (bytes.len == 0)
        return err_set(err, ERR_USAGE, "%s is given and empty", flag);
    return err_set(err, ERR_USAGE, "%s has %zu bytes, expected %zu", flag, bytes.len, min);
}

static int read_hex(struct files *files, const char *flag, const char *text, size_t min,
                    struct span *ret, struct err *err)
{
    struct buf *buf;

    if (text == NULL)
        return 0;
    buf = next_buf(files, NONCE_MAX);
    if (text_decode_hex(span_of_str(text), buf, err) < 0) {
        err->kind = ERR_USAGE;
        return err_wrap(err, "%s", flag);
    }
    *ret = buf_span(buf);
    return require_bytes(flag, *ret, min, err);
}

static int check_given(const struct validate_options *options, const struct attest_input *in,
                       struct err *err)
{
    const struct {
        const char *flag, *given;
        struct span bytes;
    } rows[] = {
        {"--key", options->key, in->key},
        {"--vek", options->vek, in->vek},
        {"--signature", options->signature, in->signature},
        {"--event-log", options->event_log, in->tcg_log},
        {"--issuer", options->issuer, in->issuer},
        {"--audience", options->audience, in->audience},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].given != NULL && require_bytes(rows[i].flag, rows[i].bytes, 1, err) < 0)
            return -1;
    return 0;
}

static enum attest_format format_of(const char *name)
{
    for (int i = 0; name != NULL && i < ATTEST_FORMAT_COUNT; i++)
        if (strcmp(attest_format_names[i], name) == 0)
            return (enum attest_format)i;
    return ATTEST_AUTO;
}

static int read_input(const struct validate_options *options, const char *path, struct files *files,
                      struct attest_input *in, struct err *err)
{
    const struct {
        const char *path;
        struct span *to;
    } ones[] = {
        {path, &in->evidence},
        {options->vek, &in->vek},
        {options->event_log, &in->tcg_log},
        {options->ima_log, &in->ima_log},
        {options->cel_log, &in->cel_log},
        {options->key, &in->key},
        {options->signature, &in->signature},
    };

    in->format = format_of(options->format);
    in->issuer = span_of_str(options->issuer);
    in->audience = span_of_str(options->audience);
    for (size_t i = 0; i < COUNT_OF(ones); i++)
        if (read_one(files, ones[i].path, ones[i].to, err) < 0)
            return -1;
    if (read_list(files, &options->chain, files->chain, &in->chain, err) < 0 ||
        read_list(files, &options->crls, files->crls, &in->crls, err) < 0 ||
        read_list(files, &options->roots, files->roots, &in->trust_roots, err) < 0 ||
        read_hex(files, "--nonce", options->nonce, 1, &in->nonce, err) < 0 ||
        read_hex(files, "--report-data", options->report_data, DATA_SIZE, &in->report_data, err) <
            0 ||
        check_given(options, in, err) < 0)
        return -1;
    return expect_time(options->time, &in->now, err);
}

/* What was not given is taken from the cache, and checked as if it had been given. */
static int add_cached(const struct validate_options *options, struct cached *cached,
                      struct files *files, struct attest_input *in, struct err *err)
{
    OWNED_VERDICT verdict = {.count = 0};
    OWNED_CACHE cache = {NULL};
    struct err unused;

    if (cache_open(options->cache, &cache, err) < 0)
        return options->cache != NULL ? -1 : 0; /* nobody named one, and there is no home */
    if (!cache_exists(&cache) || attest_validate(in, &verdict, &unused) < 0)
        return 0; /* the same call is made again, and its error told */
    cached_find(&cache, verdict.claims, cached);
    if (in->vek.len == 0)
        in->vek = buf_span(&cached->vek);
    if (cached->chain.len > 0 && in->chain.count < FILES_MAX) {
        files->chain[in->chain.count] = buf_span(&cached->chain);
        in->chain = (struct attest_spans){files->chain, in->chain.count + 1};
    }
    if (cached->crl.len > 0 && in->crls.count == 0) {
        files->crls[0] = buf_span(&cached->crl);
        in->crls = (struct attest_spans){files->crls, 1};
    }
    if (cached->collateral.len > 0 && in->collateral.count == 0) {
        files->collateral = buf_span(&cached->collateral);
        in->collateral = (struct attest_spans){&files->collateral, 1};
    }
    return 0;
}

/* The verdict for others: the token alone on standard output. */
static int show_result(const struct cli *cli, const struct validate_options *options,
                       const struct attest_input *in, const struct verdict *verdict,
                       struct err *err)
{
    OWNED_BUF policy = BUF_OF(POLICY_MAX), token = BUF_OF(1 * MIB);
    struct ear_context context = {.build = COCOS_VERSION, .now = in->now, .nonce = in->nonce};
    OWNED_JSON *json = json_new_object();
    OWNED_KEY *key = NULL;

    if (options->expect.policy != NULL && input_read(options->expect.policy, &policy, err) < 0)
        return -1;
    context.policy = buf_span(&policy);
    if (input_read_private_key(options->ear_key, &key, err) < 0) {
        err->kind = ERR_USAGE;
        return -1;
    }
    if (ear_write(verdict, &context, key, &token, err) < 0) {
        err->kind = ERR_USAGE;
        return err_wrap(err, "--ear-key");
    }
    json_set_str(json, "ear", buf_str(&token));
    if (cli->options->json)
        print_json(json);
    else
        print_line("%s", buf_str(&token));
    return 0;
}

static int show(const struct cli *cli, const struct validate_options *options,
                const struct attest_input *in, const struct verdict *verdict, struct err *err)
{
    if (options->ear_key != NULL)
        return show_result(cli, options, in, verdict, err);
    verdict_print(verdict, cli->options->json,
                  strcmp(cli->command->path, "attestation explain") == 0);
    return 0;
}

static int judge(const struct cli *cli, const struct validate_options *options,
                 const struct attest_input *in, struct err *err)
{
    OWNED_VERDICT verdict = {0};

    if (attest_validate(in, &verdict, err) < 0)
        return err_wrap(err, "'%s'", cli_arg(cli, 0));
    if (show(cli, options, in, &verdict, err) < 0)
        return -1;
    if (!verdict_accepted(&verdict))
        return err_set(err, ERR_UNTRUSTED, "'%s' is rejected", cli_arg(cli, 0));
    return 0;
}

/* Both commands: what explain says more is the verdict's business. */
static int run_validate(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct validate_options *options = ptr;
    __attribute__((cleanup(files_done))) struct files files = {.count = 0};
    OWNED_COLLATERAL collateral = {0};
    OWNED_CACHED cached = {.vek = BUF_OF(0)};
    OWNED_POLICY *policy = NULL;
    struct attest_input in = {.now = 0};

    if (read_input(options, cli_arg(cli, 0), &files, &in, err) < 0 ||
        collateral_read(options->collateral, &collateral, err) < 0 ||
        expect_policy(&options->expect, in.now, &policy, err) < 0)
        return -1;
    in.collateral = (struct attest_spans){collateral.pieces, collateral.count};
    if (add_cached(options, &cached, &files, &in, err) < 0)
        return -1;
    in.policy = policy;
    return judge(cli, options, &in, err);
}

const struct command evidence_commands[] = {
    {
        .path = "attestation validate",
        .args = "FILE",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct validate_options),
        .flags = {{expect_flags, offsetof(struct validate_options, expect)}, {validate_flags, 0}},
        .run = run_validate,
        .summary = "Judges evidence from files: is it genuine, and is it what the policy wants",
        .help = "Prints the verdict, and for each check that did not hold what was expected, what "
                "is there and what would mend it. --igvm, --image and --manifest demand what these "
                "files say, besides what the policy does; without a policy they are it. Rejected "
                "evidence ends with exit code 5. With --ear-key the verdict is printed as a signed "
                "result for other programs instead.",
        .example = "cocos-cli attestation validate report.bin --vek vcek.der --crl milan.crl \\\n"
                   "    --policy policy.json --report-data HEX",
    },
    {
        .path = "attestation explain",
        .args = "FILE",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct validate_options),
        .flags = {{expect_flags, offsetof(struct validate_options, expect)}, {validate_flags, 0}},
        .run = run_validate,
        .summary = "The same, and says of every finding what would make it pass",
    },
    {
        .path = "evidence show",
        .args = "FILE",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct show_options),
        .flags = {{show_flags, 0}},
        .run = show_run,
        .summary = "Prints what evidence of any kind says, judged by nobody",
        .help =
            "Anybody can write such bytes: nothing of it is proven. Malformed bytes end with exit "
            "code 5, after what could be read.",
        .example = "cocos-cli evidence show report.bin",
    },
    {NULL},
};
