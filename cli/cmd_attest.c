/* attestation get: evidence of a machine, fresh, for whoever wants to look at it or keep it. */
#include "cli/commands.h"

#include "cli/print.h"
#include "cli/session.h"
#include "cli/trust.h"
#include "lib/attest/evidence/eat.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/crypto/secret.h"

#define FILE_MODE 0644

struct get_options {
    struct common_options common;
    const char *out, *nonce, *format;
    struct evidence_options evidence;
    struct agent_options agent;
    struct manager_options manager;
};

static const char *const formats[] = {"bundle", "eat", NULL};

static const struct flag get_flags[] = {
    {"out", 'o', FLAG_TEXT, "FILE", NULL, offsetof(struct get_options, out),
     "where to write the bundle (default: standard output)"},
    {"nonce", 0, FLAG_TEXT, "HEX", NULL, offsetof(struct get_options, nonce),
     "challenge of 32 bytes (default: a fresh one, which is told)"},
    {"format", 0, FLAG_CHOICE, "FORM", NULL, offsetof(struct get_options, format),
     "bundle (default), or eat: the same as a signed token (RFC 9711) for other tools",
     .choices = formats},
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

#define TYPES_MAX 4 /* of a row with its end, and a chain */

/* Who demands a manifest demands its computation's key, and so the chain comes along. */
static void ask_chain(struct httpc_terms *terms, const char *out[static TYPES_MAX])
{
    const struct policy *policy = terms->given.policy;
    size_t count = 0;

    if (terms->types == NULL || policy == NULL || !policy->manifest_sha256.present)
        return;
    for (const char *const *type = terms->types; *type != NULL; type++)
        if (strcmp(*type, "dice") != 0)
            out[count++] = *type;
    out[count++] = "dice";
    out[count] = NULL;
    terms->types = out;
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

static void tell(struct span nonce)
{
    char hex[2 * TRANSCRIPT_VALUE_SIZE + 1];

    if (nonce.len != TRANSCRIPT_VALUE_SIZE)
        return;
    text_hex(nonce.data, nonce.len, hex);
    say("nonce %s", hex);
}

static int judge(const struct agent *agent, const struct verdict *verdict, struct err *err)
{
    if (agent->trust == NULL) {
        say_warning("nobody judged this evidence: 'cocos-cli attestation validate' does");
        return 0;
    }
    if (verdict_accepted(verdict))
        return 0;
    trust_explain(verdict);
    return err_set(err, ERR_UNTRUSTED, "the evidence is not what the policy accepts");
}

/* --- as a token ------------------------------------------------------------------------------ */

static int take(void *to, struct span bytes, struct err *err)
{
    buf_add_span(to, bytes);
    return buf_check(to, "the token", err);
}

static int get_token(struct agent *agent, const struct httpc_terms *terms, struct buf *out,
                     struct err *err)
{
    static const char *const headers[] = {"Accept: application/eat+cwt", NULL};
    const struct httpc_sink sink = {take, out, out->max};
    OWNED_JSON *body = httpc_question(terms->given.nonce, terms->types);
    const struct httpc_call call = {.op = &agent_ops[AGENT_OP_post_attestation],
                                    .json = body,
                                    .headers = headers,
                                    .sink = &sink};
    OWNED_HTTPC_REPLY reply = {0};

    return httpc_perform(agent->http, &call, &reply, err);
}

/* The connection was attested before, where there is a policy; the token is judged as one from a
 * file is. */
static int run_token(const struct get_options *options, struct agent *agent,
                     const struct httpc_terms *asked, struct err *err)
{
    struct httpc_terms terms = *asked;
    OWNED_BUF token = BUF_OF(EAT_SIZE_MAX);
    OWNED_VERDICT verdict = {.count = 0};
    uint8_t fresh[TRANSCRIPT_VALUE_SIZE];
    struct attest_input *in = &terms.given;

    random_bytes(fresh, sizeof(fresh));
    if (in->nonce.len == 0)
        in->nonce = SPAN_OF_ARRAY(fresh);
    if (get_token(agent, &terms, &token, err) < 0 ||
        write_bundle(options, buf_span(&token), err) < 0)
        return -1;
    tell(in->nonce);
    in->format = ATTEST_EAT;
    in->evidence = buf_span(&token);
    in->now = clock_now();
    if (agent->trust != NULL && attest_validate(in, &verdict, err) < 0)
        return -1;
    return judge(agent, &verdict, err);
}

/* --- the command ----------------------------------------------------------------------------- */

static int run_get(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct get_options *options = ptr;
    const struct agent_access access = {
        .agent = &options->agent, .manager = &options->manager, .evidence = &options->evidence};
    struct httpc_terms terms = {.types = NULL};
    OWNED_HTTPC_ATTESTED attested = {.has_transcript = false};
    OWNED_BUF nonce = BUF_OF(TRANSCRIPT_VALUE_SIZE);
    const char *word = cli_arg(cli, 0) != NULL ? cli_arg(cli, 0) : rows[0].word;
    const char *const *types, *with_chain[TYPES_MAX];
    OWNED_AGENT *agent = NULL;

    if (find_types(word, &types, err) < 0 || read_nonce(options->nonce, &nonce, err) < 0 ||
        session_open_agent(&access, &agent, err) < 0)
        return -1;
    if (agent->trust != NULL)
        terms = *trust_terms(agent->trust);
    terms.types = types;
    ask_chain(&terms, with_chain);
    terms.given.nonce = buf_span(&nonce);
    if (options->format != NULL && strcmp(options->format, "eat") == 0)
        return run_token(options, agent, &terms, err);
    if (httpc_attest(agent->http, &terms, &attested, err) < 0 ||
        write_bundle(options, buf_span(&attested.bundle), err) < 0)
        return -1;
    if (attested.has_transcript)
        tell(transcript_get(&attested.transcript, TRANSCRIPT_NONCE));
    return judge(agent, &attested.verdict, err);
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
            "the connection, and rejected evidence ends with exit code 5. Where a manifest is "
            "demanded, or was seen on the connection, the DICE chain comes along, which says "
            "whose the key is.",
        .example = "cocos-cli attestation get vtpm --vm \"$VM\" --out evidence.json",
    },
    {NULL},
};
