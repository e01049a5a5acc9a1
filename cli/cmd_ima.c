/* ima-measurements: what the kernel of a VM measured, and whether its TPM says the same. */
#include "cli/commands.h"

#include "cli/print.h"
#include "cli/session.h"
#include "cli/trust.h"
#include "lib/attest/evidence/ima_log.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define DEFAULT_NAME "ima_measurements"
#define FILE_MODE    0644
#define LIST_MAX     (8 * MIB)

struct ima_options {
    struct common_options common;
    struct evidence_options evidence;
    struct agent_options agent;
    struct manager_options manager;
};

/* Whose word PCR 10 is. */
enum word { WORD_QUOTE, WORD_AGENT, WORD_NOBODY };
static const char *const words[] = {"quote", "agent", "nobody"};

struct expected {
    enum word word;
    uint8_t pcr10[SHA256_SIZE];
};

static int take_register(const char *hex, enum word word, struct expected *ret, struct err *err)
{
    if (hex == NULL)
        return 0;
    if (text_parse_hex(hex, ret->pcr10, SHA256_SIZE, err) < 0)
        return err_wrap(err, "PCR 10");
    ret->word = word;
    return 0;
}

/* PCR 10 of a quote that the policy accepts, when there is a policy and a TPM. */
static int ask_quote(struct agent *agent, struct expected *ret, struct err *err)
{
    OWNED_HTTPC_ATTESTED attested = {.has_transcript = false};
    const struct json *banks;

    if (agent->trust == NULL)
        return 0;
    if (session_attest(agent, &attested, err) < 0)
        return -1;
    if (!verdict_accepted(&attested.verdict)) {
        trust_explain(&attested.verdict);
        return err_set(err, ERR_UNTRUSTED, "the evidence is not what the policy accepts");
    }
    banks = json_get(json_get(attested.verdict.claims, "vtpm"), "pcrs");
    return take_register(json_get_str(json_get(banks, "sha256"), "10"), WORD_QUOTE, ret, err);
}

/* The quote first, so that the list has all that it says, and maybe more. */
static int fetch(struct agent *agent, struct buf *list, struct expected *ret, struct err *err)
{
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_get_ima]};
    OWNED_HTTPC_REPLY reply = {0};
    const char *log;

    if (ask_quote(agent, ret, err) < 0)
        return -1;
    if (httpc_perform(agent->http, &call, &reply, err) < 0)
        return err_wrap(err, "IMA");
    log = json_get_str(reply.json, "log");
    if (log == NULL || text_decode_base64(span_of_str(log), list, err) < 0)
        return err_set(err, ERR_UNREACHABLE, "the agent's answer holds no list");
    if (ret->word == WORD_QUOTE)
        return 0;
    return take_register(json_get_str(reply.json, "pcr10"), WORD_AGENT, ret, err);
}

/* A list that does not lead to the register, or is none, is refused like any evidence. */
static int replay(struct span list, const struct expected *expected, struct ima_replay *ret,
                  struct err *err)
{
    int result = expected->word == WORD_NOBODY
                     ? ima_log_replay(list, DIGEST_SHA256, ret, err)
                     : ima_log_match(list, DIGEST_SHA256, SPAN_OF_ARRAY(expected->pcr10), ret, err);

    if (result < 0)
        err->kind = ERR_UNTRUSTED;
    return result < 0 ? err_wrap(err, "not verified") : 0;
}

static void tell(const struct cli *cli, const char *path, const struct expected *expected,
                 const struct ima_replay *replayed)
{
    static const char *const told[] = {
        [WORD_QUOTE] = "verified: a quote of the TPM that the policy accepts has the same PCR 10",
        [WORD_AGENT] = "the same PCR 10 as the agent says; with --policy a quote proves it",
        [WORD_NOBODY] = "there is no TPM, and nothing proves this list",
    };
    OWNED_JSON *json = json_new_object();

    json_set_str(json, "path", path);
    json_set_int(json, "entries", (int64_t)replayed->entries);
    json_set_int(json, "violations", (int64_t)replayed->violations);
    json_set_hex(json, "pcr10", pcr_bank_get(&replayed->bank, IMA_PCR));
    json_set_str(json, "word", words[expected->word]);
    json_set_bool(json, "verified", expected->word == WORD_QUOTE);
    if (cli->options->json)
        print_json(json);
    else
        print_line("%s", path);
    say("%zu entries, %zu violations, PCR 10 %s", replayed->entries, replayed->violations,
        json_get_str(json, "pcr10"));
    say("%s", told[expected->word]);
}

static int run_ima(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct ima_options *options = ptr;
    const struct agent_access access = {
        .agent = &options->agent, .manager = &options->manager, .evidence = &options->evidence};
    const char *path = cli_arg(cli, 0) != NULL ? cli_arg(cli, 0) : DEFAULT_NAME;
    struct expected expected = {.word = WORD_NOBODY};
    OWNED_BUF list = BUF_OF(LIST_MAX);
    struct ima_replay replayed;
    OWNED_AGENT *agent = NULL;

    if (session_open_agent(&access, &agent, err) < 0 || fetch(agent, &list, &expected, err) < 0)
        return -1;
    if (file_replace(path, buf_span(&list), FILE_MODE, err) < 0)
        return err_wrap(err, "'%s'", path);
    if (replay(buf_span(&list), &expected, &replayed, err) < 0)
        return -1;
    tell(cli, path, &expected, &replayed);
    return 0;
}

#define AT(member) offsetof(struct ima_options, member)
const struct command ima_commands[] = {
    {
        .path = "ima-measurements",
        .args = "[FILE]",
        .args_max = 1,
        .options_size = sizeof(struct ima_options),
        .flags = {{POLICY_FLAGS, AT(evidence)},
                  {agent_flags, AT(agent)},
                  {manager_flags, AT(manager)}},
        .run = run_ima,
        .summary = "Fetches what the kernel of a VM measured, and checks it",
        .help =
            "The list goes to FILE (default " DEFAULT_NAME "), in the kernel's binary form. Some "
            "first part of it has to lead to PCR 10: with a policy to that of a quote which the "
            "policy accepts, without one to what the agent says. Otherwise, or when it is no "
            "list, the exit code is 5. 'ima replay FILE' shows it again.",
        .example = "cocos-cli ima-measurements --vm \"$VM\" --policy policy.json",
    },
    {NULL},
};
