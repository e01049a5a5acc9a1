/* attestation get: evidence of a machine, fresh, for whoever wants to look at it or keep it. */
#include "cli/commands.h"

#include "cli/print.h"
#include "cli/session.h"
#include "cli/trust.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define FILE_MODE 0644

struct get_options {
    struct common_options common;
    const char *out, *nonce;
    struct evidence_options evidence;
    struct agent_options agent;
    struct manager_options manager;
};

static const struct flag get_flags[] = {
    {"out", 'o', FLAG_TEXT, "FILE", NULL, offsetof(struct get_options, out),
     "where to write the bundle (default: standard output)"},
    {"nonce", 0, FLAG_TEXT, "HEX", NULL, offsetof(struct get_options, nonce),
     "challenge of 32 bytes (default: a fresh one, which is told)"},
    {NULL},
};

/* What can be asked for, and which kinds of evidence that is. */
static const struct {
    const char *word;
    const char *const types[3];
} rows[] = {
    {"all", {NULL}},    {"snp", {"snp"}},   {"tdx", {"tdx"}},
    {"vtpm", {"vtpm"}}, {"dice", {"dice"}}, {"snp-vtpm", {"snp", "vtpm"}},
    {"sim", {"sim"}},
};

static int find_types(const char *word, const char *const **ret, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strcmp(rows[i].word, word) != 0)
            continue;
        *ret = rows[i].types[0] != NULL ? rows[i].types : NULL;
        return 0;
    }
    return err_set(err, ERR_USAGE,
                   "'%.40s' is no evidence; there are all, snp, tdx, vtpm, snp-vtpm, dice and sim",
                   word);
}

static int read_nonce(const char *hex, struct buf *nonce, struct err *err)
{
    if (hex == NULL)
        return 0;
    if (text_decode_hex(span_of_str(hex), nonce, err) < 0 || nonce->len != TRANSCRIPT_VALUE_SIZE)
        return err_set(err, ERR_USAGE, "--nonce: %d bytes in hex are needed",
                       TRANSCRIPT_VALUE_SIZE);
    return 0;
}

static int write_bundle(const struct get_options *options, struct span bundle, struct err *err)
{
    if (options->out == NULL) {
        print_span(bundle);
        return 0;
    }
    return file_replace(options->out, bundle, FILE_MODE, err);
}

static void tell(const struct httpc_attested *attested)
{
    char hex[2 * TRANSCRIPT_VALUE_SIZE + 1];

    if (!attested->has_transcript)
        return;
    text_hex(attested->transcript.value[TRANSCRIPT_NONCE], TRANSCRIPT_VALUE_SIZE, hex);
    say("nonce %s", hex);
}

static int judge(const struct agent *agent, const struct httpc_attested *attested, struct err *err)
{
    if (agent->trust == NULL) {
        say_warning("nobody judged this evidence: 'cocos-cli attestation validate' does");
        return 0;
    }
    if (verdict_accepted(&attested->verdict))
        return 0;
    trust_explain(&attested->verdict);
    return err_set(err, ERR_UNTRUSTED, "the evidence is not what the policy accepts");
}

static int run_get(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct get_options *options = ptr;
    const struct agent_access access = {
        .agent = &options->agent, .manager = &options->manager, .evidence = &options->evidence};
    struct httpc_terms terms = {.types = NULL};
    OWNED_HTTPC_ATTESTED attested = {.has_transcript = false};
    OWNED_BUF nonce = BUF_OF(TRANSCRIPT_VALUE_SIZE);
    const char *word = cli_arg(cli, 0) != NULL ? cli_arg(cli, 0) : rows[0].word;
    const char *const *types;
    OWNED_AGENT *agent = NULL;

    if (find_types(word, &types, err) < 0 || read_nonce(options->nonce, &nonce, err) < 0 ||
        session_open_agent(&access, &agent, err) < 0)
        return -1;
    if (agent->trust != NULL)
        terms = *trust_terms(agent->trust);
    terms.types = types;
    terms.given.nonce = buf_span(&nonce);
    if (httpc_attest(agent->http, &terms, &attested, err) < 0 ||
        write_bundle(options, buf_span(&attested.bundle), err) < 0)
        return -1;
    tell(&attested);
    return judge(agent, &attested, err);
}

#define AT(member) offsetof(struct get_options, member)
const struct command attest_commands[] = {
    {
        .path = "attestation get",
        .args = "[WHAT]",
        .args_max = 1,
        .options_size = sizeof(struct get_options),
        .flags = {{get_flags, 0},
                  {evidence_flags, AT(evidence)},
                  {agent_flags, AT(agent)},
                  {manager_flags, AT(manager)}},
        .run = run_get,
        .summary = "Fetches fresh evidence of a machine",
        .help =
            "WHAT is all (default), snp, tdx, vtpm, snp-vtpm, dice or sim. The bundle names the "
            "connection on which it was fetched; in a file it proves what the machine was at "
            "that moment, to whoever chose the nonce. With a policy it is judged at once, on "
            "the connection, and rejected evidence ends with exit code 5.",
        .example = "cocos-cli attestation get vtpm --vm \"$VM\" --out evidence.json",
    },
    {NULL},
};
