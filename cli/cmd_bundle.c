/* ca-bundle: the command. What is fetched and how it is verified: bundle.h. */
#include "cli/commands.h"

#include "cli/bundle.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

#define CA_MAX     (1 * MIB)
#define ROOT_MAX   (64 * KIB)
#define SECOND_MS  1000ULL
#define HOUR_MS    (3600 * SECOND_MS)
#define USER_AGENT "cocos-cli/" COCOS_VERSION

#define AT(member) offsetof(struct bundle_options, member)
static const struct flag bundle_flags[] = {
    {"report", 0, FLAG_TEXT, "FILE", NULL, AT(evidence),
     "evidence whose signer's certificate is wanted, too"},
    {"cache", 0, FLAG_TEXT, "DIR", "COCOS_CACHE", AT(cache),
     "where files are kept (default ~/.cocos)"},
    {"offline", 0, FLAG_BOOL, NULL, NULL, AT(offline), "ask nobody: verify what is in the cache"},
    {"max-age", 0, FLAG_DURATION, "TIME", NULL, AT(max_age_ms),
     "how old a revocation list may be before it is fetched again (default 24h)", NULL, SECOND_MS,
     366 * 24 * HOUR_MS},
    {"patience", 0, FLAG_DURATION, "TIME", "COCOS_PATIENCE", AT(patience_ms),
     "how long to wait in all when a service limits its rate (default 1m)", NULL, 1, HOUR_MS},
    {"timeout", 0, FLAG_DURATION, "TIME", NULL, AT(timeout_ms),
     "how long one document may take (default 30s)", NULL, SECOND_MS, HOUR_MS},
    {"kds-url", 0, FLAG_TEXT, "URL", "COCOS_KDS_URL", AT(kds_url),
     "AMD's key distribution service, or a mirror (default https://kdsintf.amd.com)"},
    {"pcs-url", 0, FLAG_TEXT, "URL", "COCOS_PCS_URL", AT(pcs_url),
     "Intel's certification service, or a mirror (default https://api.trustedservices.intel.com)"},
    {"pcs-crl-url", 0, FLAG_TEXT, "URL", "COCOS_PCS_CRL_URL", AT(pcs_crl_url),
     "revocation list of Intel's root (default "
     "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der)"},
    {"mirror-ca", 0, FLAG_TEXT, "FILE", "COCOS_MIRROR_CA", AT(mirror_ca),
     "who vouches for a mirror; without it the machine's own roots decide"},
    {"proxy", 0, FLAG_TEXT, "URL", "COCOS_PROXY", AT(proxy), "proxy to ask through"},
    {"trust-root", 0, FLAG_LIST, "FILE", NULL, AT(roots),
     "root that replaces the built-in one of its family"},
    {"time", 0, FLAG_TEXT, "RFC3339", NULL, AT(time), "when to judge (default now)"},
    {NULL},
};

static void bundle_done(struct bundle *bundle)
{
    cache_done(&bundle->cache);
    fetcher_free(bundle->fetcher);
    buf_done(&bundle->evidence);
    for (size_t i = 0; i < BUNDLE_ROOTS_MAX; i++)
        buf_done(&bundle->root_files[i]);
    json_free(bundle->claims);
    json_free(bundle->files);
}
#define OWNED_BUNDLE __attribute__((cleanup(bundle_done))) struct bundle

static void on_trace(void *ctx, const char *line)
{
    (void)ctx;
    say("%s", line);
}

static int open_fetcher(struct bundle *bundle, struct err *err)
{
    const struct bundle_options *options = bundle->options;
    OWNED_BUF ca = BUF_OF(CA_MAX);
    struct fetch_config config = {.proxy = options->proxy,
                                  .user_agent = USER_AGENT,
                                  .timeout_ms = (unsigned)options->timeout_ms,
                                  .stopped = interrupt_came,
                                  .trace = say_is_verbose() ? on_trace : NULL};

    if (options->mirror_ca != NULL && input_read(options->mirror_ca, &ca, err) < 0)
        return -1;
    config.ca_pem = buf_span(&ca);
    return fetcher_new(&config, &bundle->fetcher, err);
}

static int read_roots(struct bundle *bundle, struct err *err)
{
    const struct flag_list *paths = &bundle->options->roots;

    if (paths->count > BUNDLE_ROOTS_MAX)
        return err_set(err, ERR_USAGE, "at most %d roots", BUNDLE_ROOTS_MAX);
    for (size_t i = 0; i < paths->count; i++) {
        bundle->root_files[i] = BUF_OF(ROOT_MAX);
        if (input_read(paths->items[i], &bundle->root_files[i], err) < 0)
            return -1;
        bundle->root_items[i] = buf_span(&bundle->root_files[i]);
    }
    bundle->roots = (struct attest_spans){bundle->root_items, paths->count};
    return 0;
}

/* What the evidence says of its signer; it is proven when the certificate is there. */
static int read_evidence(struct bundle *bundle, struct err *err)
{
    struct attest_input in = {.now = bundle->now};
    OWNED_VERDICT verdict = {.count = 0};

    if (bundle->options->evidence == NULL)
        return 0;
    bundle->evidence = BUF_OF(ATTEST_EVIDENCE_MAX);
    if (input_read(bundle->options->evidence, &bundle->evidence, err) < 0)
        return -1;
    in.evidence = buf_span(&bundle->evidence);
    if (attest_validate(&in, &verdict, err) < 0)
        return -1;
    bundle->claims = json_new_copy(verdict.claims);
    return 0;
}

static int bundle_open(struct bundle *bundle, struct err *err)
{
    const char *time = bundle->options->time;

    bundle->files = json_new_array();
    bundle->now = clock_now();
    if (time != NULL && text_parse_time(time, &bundle->now, err) < 0) {
        err->kind = ERR_USAGE;
        return err_wrap(err, "--time");
    }
    if (cache_open(bundle->options->cache, &bundle->cache, err) < 0)
        return -1;
    if (bundle->cache.folder == NULL)
        return err_set(err, ERR_USAGE, "--cache none leaves nowhere to keep what is fetched");
    if (read_roots(bundle, err) < 0 || read_evidence(bundle, err) < 0)
        return -1;
    return open_fetcher(bundle, err);
}

static void show(const struct cli *cli, const struct bundle *bundle, const char *product)
{
    OWNED_JSON *json = json_new_object();

    if (!cli->options->json) {
        static const struct column columns[] = {{"FILE", "path", COLUMN_TEXT},
                                                {"WHAT", "what", COLUMN_TEXT},
                                                {"FROM", "source", COLUMN_TEXT},
                                                {"HOLDS UNTIL", "valid_until", COLUMN_TEXT}};

        print_table(bundle->files, columns, COUNT_OF(columns), bundle->now);
        return;
    }
    json_set_str(json, "product", product);
    json_set_str(json, "cache", bundle->cache.folder);
    json_set(json, "files", json_new_copy(bundle->files));
    print_json(json);
}

/* Whose products there are. */
static int (*const vendors[])(struct bundle *bundle, const char *product, struct err *err) = {
    bundle_fetch_amd,
    bundle_fetch_intel,
};

static int run_bundle(const struct cli *cli, const void *options, struct err *err)
{
    OWNED_BUNDLE bundle = {.options = options};
    const char *product = cli_arg(cli, 0);

    if (bundle_open(&bundle, err) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(vendors); i++) {
        if (vendors[i](&bundle, product, err) == 0) {
            show(cli, &bundle, product);
            return 0;
        }
        if (err->kind != ERR_UNSUPPORTED)
            return -1;
    }
    return err_set(err, ERR_USAGE,
                   "'%.40s' is no product whose keys are published; there are Milan, Genoa "
                   "(Bergamo, Siena), Turin, TDX and SGX",
                   product);
}

const struct command bundle_commands[] = {
    {
        .path = "ca-bundle",
        .args = "PRODUCT",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct bundle_options),
        .flags = {{bundle_flags, 0}},
        .run = run_bundle,
        .summary = "Fetches the certificates and revocation lists of a processor's maker",
        .help =
            "PRODUCT is Milan, Genoa (also Bergamo, Siena), Turin, TDX or SGX. What is served is "
            "verified before it is kept: up to the maker's root, whose key is built in, or "
            "--trust-root. For AMD's products --report also brings the certificate of the key that "
            "signed it, and the report is verified with it. TDX and SGX are served for one "
            "platform, that of the quote in --report: its collateral, as one file.\n\n"
            "Files that hold are not fetched again; lists and collateral are after a day. A "
            "service "
            "that limits its rate is obeyed. 'attestation validate' finds the cache by itself, and "
            "checks everything in it again.",
        .example = "cocos-cli ca-bundle Genoa --report report.bin",
    },
    {NULL},
};
