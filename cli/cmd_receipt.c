/* receipt get, receipt verify: what the agent signs about a computation, and whether to believe it.
 */
#include "cli/commands.h"

#include "cli/collateral.h"
#include "cli/computation.h"
#include "cli/expect.h"
#include "cli/input.h"
#include "cli/print.h"
#include "cli/trust.h"
#include "cli/verdict_print.h"
#include "lib/attest/evidence/bundle.h"
#include "lib/attest/receipt_judge.h"
#include "lib/base/file.h"

#define FILE_MODE 0644

/* --- get ------------------------------------------------------------------------------------- */

struct get_options {
    struct computation_options base;
    const char *out, *evidence;
};

static const struct flag get_flags[] = {
    {"out", 'o', FLAG_TEXT, "FILE", NULL, offsetof(struct get_options, out),
     "where to write the receipt (default: standard output)"},
    {"evidence", 0, FLAG_TEXT, "FILE", NULL, offsetof(struct get_options, evidence),
     "where to write the evidence that the agent made for it"},
    {NULL},
};

static int take(void *to, struct span bytes, struct err *err)
{
    buf_add_span(to, bytes);
    return buf_check(to, "the answer", err);
}

static int fetch(struct agent *agent, enum agent_op op, struct buf *out, struct err *err)
{
    const struct httpc_sink sink = {take, out, out->max};
    struct httpc_call call = {.op = &agent_ops[op], .sink = &sink};
    OWNED_HTTPC_REPLY reply = {0};

    return agent_call(agent, &call, &reply, err);
}

static int run_get(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct get_options *options = ptr;
    struct agent_access access = computation_access(cli, &options->base, 0);
    OWNED_BUF receipt = BUF_OF(RECEIPT_TEXT_MAX), evidence = BUF_OF(BUNDLE_TEXT_MAX);
    OWNED_AGENT *agent = NULL;

    if (session_open_agent(&access, &agent, err) < 0 ||
        fetch(agent, AGENT_OP_get_receipt, &receipt, err) < 0)
        return -1;
    if (options->evidence != NULL &&
        (fetch(agent, AGENT_OP_get_receipt_evidence, &evidence, err) < 0 ||
         file_replace(options->evidence, buf_span(&evidence), FILE_MODE, err) < 0))
        return -1;
    if (options->out != NULL)
        return file_replace(options->out, buf_span(&receipt), FILE_MODE, err);
    print_span(buf_span(&receipt));
    return 0;
}

/* --- verify ---------------------------------------------------------------------------------- */

struct verify_options {
    struct common_options common;
    struct evidence_options trust;
    const char *evidence, *result, *collateral, *key, *time;
};

static const struct flag verify_flags[] = {
    {"evidence", 0, FLAG_TEXT, "FILE", NULL, offsetof(struct verify_options, evidence),
     "the bundle that the agent made for this receipt ('receipt get --evidence')"},
    {"result", 0, FLAG_TEXT, "FILE", NULL, offsetof(struct verify_options, result),
     "the result that one has: whether it is that of the receipt"},
    {"collateral", 0, FLAG_TEXT, "PATH", NULL, offsetof(struct verify_options, collateral),
     "TDX collateral of the time at which it is judged: a file, or a directory of them"},
    {"root-key", 0, FLAG_TEXT, "FILE", NULL, offsetof(struct verify_options, key),
     "key of a device, where a DICE chain begins with one that no platform vouches for"},
    {"time", 0, FLAG_TEXT, "RFC3339", NULL, offsetof(struct verify_options, time),
     "when to judge (default now)"},
    {NULL},
};

/* What the verifier of a receipt reads, kept until the verdict stands. */
struct verifying {
    struct buf receipt, evidence, key;
    struct trust *trust;
    struct collateral collateral;
    struct receipt_result_file file;
    struct receipt_question question;
};

static void verifying_done(struct verifying *v)
{
    buf_done(&v->receipt);
    buf_done(&v->evidence);
    buf_done(&v->key);
    trust_free(v->trust);
    collateral_done(&v->collateral);
}
#define OWNED_VERIFYING __attribute__((cleanup(verifying_done))) struct verifying

static int read_result(const char *path, struct verifying *v, struct err *err)
{
    OWNED_INPUT input = INPUT_NONE;

    if (path == NULL)
        return 0;
    if (input_open(path, &input, err) < 0 ||
        input_digest(&input, DIGEST_SHA256, v->file.sha256, err) < 0)
        return err_wrap(err, "result");
    v->file.bytes = input.size;
    v->question.result = &v->file;
    return 0;
}

static int read_all(const char *path, const struct verify_options *options, struct verifying *v,
                    struct err *err)
{
    const struct agent_access access = {.evidence = &options->trust};
    struct attest_input *given = &v->question.given;

    if (options->evidence == NULL || options->trust.policy == NULL)
        return err_set(err, ERR_USAGE,
                       "a receipt is worth what its evidence is: say --evidence FILE and --policy "
                       "FILE");
    if (input_read(path, &v->receipt, err) < 0 ||
        input_read(options->evidence, &v->evidence, err) < 0 ||
        trust_load(&access, "", &v->trust, err) < 0 ||
        collateral_read(options->collateral, &v->collateral, err) < 0)
        return -1;
    *given = trust_terms(v->trust)->given;
    if (options->key != NULL && input_read(options->key, &v->key, err) < 0)
        return -1;
    given->key = buf_span(&v->key);
    given->evidence = buf_span(&v->evidence);
    given->collateral = (struct attest_spans){v->collateral.pieces, v->collateral.count};
    v->question.receipt = buf_span(&v->receipt);
    return expect_time(options->time, &given->now, err) < 0 ? -1
                                                            : read_result(options->result, v, err);
}

static const struct column said_lines[] = {
    {"manifest", "manifest_sha256", COLUMN_TEXT}, {"algorithm", "algorithm/sha3_256", COLUMN_TEXT},
    {"type", "algorithm/type", COLUMN_TEXT},      {"runtime", "runtime/name", COLUMN_TEXT},
    {"version", "runtime/version", COLUMN_TEXT},  {"sandbox", "sandbox/profile", COLUMN_TEXT},
    {"outcome", "exit/kind", COLUMN_TEXT},        {"result", "result/sha256", COLUMN_TEXT},
    {"started", "started_at", COLUMN_TEXT},       {"ended", "ended_at", COLUMN_TEXT},
};

static int run_verify(const struct cli *cli, const void *ptr, struct err *err)
{
    OWNED_VERIFYING v = {.receipt = BUF_OF(RECEIPT_TEXT_MAX),
                         .evidence = BUF_OF(BUNDLE_TEXT_MAX),
                         .key = BUF_OF(64 * KIB)};
    OWNED_VERDICT verdict = {0};
    OWNED_RECEIPT said = {0};

    if (read_all(cli_arg(cli, 0), ptr, &v, err) < 0 ||
        receipt_judge(&v.question, &said, &verdict, err) < 0)
        return -1;
    verdict_print(&verdict, cli->options->json, false);
    if (!verdict_accepted(&verdict))
        return err_set(err, ERR_UNTRUSTED, "'%s' is rejected", cli_arg(cli, 0));
    if (!cli->options->json)
        print_object(json_get(verdict.claims, "receipt"), said_lines, COUNT_OF(said_lines));
    return 0;
}

#define AT(member) offsetof(struct get_options, base.member)
const struct command receipt_commands[] = {
    {
        .path = "receipt get",
        .args = "[KEY]",
        .args_max = 1,
        .options_size = sizeof(struct get_options),
        .flags = {{get_flags, 0},
                  {agreed_flags, AT(evidence)},
                  {evidence_flags, AT(evidence)},
                  {agent_flags, AT(agent)},
                  {manager_flags, AT(manager)}},
        .run = run_get,
        .summary = "Fetches the receipt of the computation",
        .help = "KEY is the private key of any participant. There is a receipt once the run ended, "
                "also when it failed, until the computation is ended. Keep the evidence with it: "
                "the receipt names it, and 'receipt verify' wants both.",
        .example = "cocos-cli receipt get reader-private.pem --vm \"$VM\" -o receipt.json \\\n"
                   "    --evidence receipt-evidence.json",
    },
    {
        .path = "receipt verify",
        .args = "RECEIPT",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct verify_options),
        .flags = {{verify_flags, 0}, {POLICY_FLAGS, offsetof(struct verify_options, trust)}},
        .run = run_verify,
        .summary = "Judges a receipt: did a machine that the policy accepts sign it",
        .help = "Works offline, whenever: nothing is asked of anybody. The evidence is judged by "
                "the policy, the receipt must be the one it was made for, and the key that signed "
                "one of that machine's. docs/receipt.md says all of it, enough to write another "
                "verifier. A receipt that does not hold ends with exit code 5.",
        .example = "cocos-cli receipt verify receipt.json --evidence receipt-evidence.json \\\n"
                   "    --policy policy.json --result out/results.zip",
    },
    {NULL},
};
