/* run, stop, state, wait */
#include "cli/computation.h"

#include "cli/interrupt.h"
#include "cli/print.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/computation/state.h"

#include <inttypes.h>

#define POLL_MIN_MS 200
#define POLL_MAX_MS 2000

static const char *state_of(const struct agent *agent)
{
    return json_get_str(agent->state, "state");
}

static bool is_in(const struct agent *agent, enum state state)
{
    return strcmp(state_of(agent), state_names[state]) == 0;
}

/* "dataset iris.csv, the algorithm": what a computation waits for. */
static void write_awaiting(const struct json *awaiting, struct buf *out)
{
    const struct json *datasets = json_get(awaiting, "datasets");

    if (json_get_bool(awaiting, "requirements"))
        buf_add_str(out, "the requirements, ");
    if (json_get_bool(awaiting, "algorithm"))
        buf_add_str(out, "the algorithm, ");
    for (size_t i = 0; i < json_count(datasets); i++)
        buf_printf(out, "dataset %s, ", json_str(json_at(datasets, i)));
    if (json_get_bool(awaiting, "run"))
        buf_add_str(out, "'cocos-cli run', ");
    while (out->len > 0 && strchr(", ", out->data[out->len - 1]) != NULL)
        out->data[--out->len] = '\0';
}

/* ERR_COMPUTATION with what the agent says about the failure. */
static int say_failure(const struct agent *agent, struct err *err)
{
    const struct json *failure = json_get(agent->state, "failure");
    const char *kind = json_get_str(failure, "kind");
    const struct json *code = json_get(failure, "exit_code");
    const struct json *number = json_get(failure, "signal");
    const char *limit = json_get_str(failure, "limit");
    const char *detail = json_get_str(failure, "detail");
    OWNED_BUF text = BUF_OF(1 * KIB);

    buf_add_str(&text, kind ? kind : "no reason is known");
    if (code != NULL && json_kind_of(code) == JSON_KIND_INTEGER)
        buf_printf(&text, ", exit code %" PRId64, json_int(code));
    if (number != NULL && json_kind_of(number) == JSON_KIND_INTEGER)
        buf_printf(&text, ", signal %" PRId64, json_int(number));
    if (limit != NULL)
        buf_printf(&text, ", limit %s", limit);
    if (detail != NULL)
        buf_printf(&text, ": %s", detail);
    return err_set(err, ERR_COMPUTATION, "the computation failed: %s", buf_str(&text));
}

static int index_of_state(const char *name)
{
    for (int i = 0; state_names[i] != NULL; i++)
        if (strcmp(state_names[i], name) == 0)
            return i;
    return -1;
}

/* Tells a new state, once. */
static void tell_state(const struct agent *agent, char last[static 32])
{
    OWNED_BUF awaiting = BUF_OF(16 * KIB);

    if (index_of_state(state_of(agent)) < STATE_RUNNING)
        write_awaiting(json_get(agent->state, "awaiting"), &awaiting);
    if (strcmp(state_of(agent), last) != 0)
        say("%s%s%s", state_of(agent), awaiting.len > 0 ? ", waiting for " : "",
            buf_str(&awaiting));
    snprintf(last, 32, "%s", state_of(agent));
}

/* Waits until the state is wanted or a later one. An agent that is not there for a moment is asked
 * again; one that stays away is an error. */
static int wait_state(struct agent *agent, enum state wanted, uint64_t timeout_ms, struct err *err)
{
    int64_t begun = clock_monotonic_ms();
    unsigned pause_ms = POLL_MIN_MS;
    unsigned missed = 0;
    char last[32] = "";

    for (;;) {
        tell_state(agent, last);
        if (is_in(agent, STATE_FAILED))
            return say_failure(agent, err);
        if (index_of_state(state_of(agent)) >= (int)wanted)
            return 0;
        if (timeout_ms != 0 && clock_monotonic_ms() - begun > (int64_t)timeout_ms)
            return err_set(err, ERR_TIMEOUT, "still '%s' after %" PRIu64 " s", state_of(agent),
                           timeout_ms / 1000);
        if (interrupt_sleep(pause_ms, err) < 0)
            return -1;
        pause_ms = pause_ms * 2 > POLL_MAX_MS ? POLL_MAX_MS : pause_ms * 3 / 2;
        missed = session_read_state(agent, err) < 0 ? missed + 1 : 0;
        if (missed > 0 && (err->kind != ERR_UNREACHABLE || missed > 5))
            return -1;
    }
}

/* --- run --- */

static int say_not_ready(const struct agent *agent, struct err *err)
{
    OWNED_BUF awaiting = BUF_OF(16 * KIB);

    write_awaiting(json_get(agent->state, "awaiting"), &awaiting);
    return err_set(err, ERR_STATE, "it cannot start in %s: it waits for %s", state_of(agent),
                   awaiting.len > 0 ? buf_str(&awaiting) : "something else");
}

/* Starts it, where the manifest leaves that to the parties and none of them was faster. */
static int start(struct agent *agent, struct err *err)
{
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_post_run]};
    OWNED_MANIFEST *manifest = NULL;
    OWNED_HTTPC_REPLY reply = {0};
    struct err refusal;

    if (index_of_state(state_of(agent)) >= STATE_RUNNING)
        return 0;
    if (session_read_manifest(agent, &manifest, err) < 0)
        return -1;
    if (manifest->run.start == RUN_AUTO || agent_call(agent, &call, &reply, err) == 0)
        return 0;

    refusal = *err;
    if (refusal.kind == ERR_STATE && session_read_state(agent, err) == 0) {
        if (index_of_state(state_of(agent)) >= STATE_RUNNING)
            return 0;
        return say_not_ready(agent, err);
    }
    *err = refusal;
    return -1;
}

static void report(const struct cli *cli, const struct agent *agent)
{
    if (cli->options->json)
        print_json(agent->state);
    else
        print_line("%s", state_of(agent));
}

int computation_run(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct run_options *options = ptr;
    struct agent_access access = computation_access(cli, &options->base, 0);
    OWNED_AGENT *agent = NULL;

    if (session_open_agent(&access, &agent, err) < 0 || start(agent, err) < 0 ||
        session_read_state(agent, err) < 0)
        return -1;
    if (!options->no_wait &&
        wait_state(agent, STATE_CONSUMING_RESULTS, options->timeout_ms, err) < 0)
        return -1;
    report(cli, agent);
    return 0;
}

/* --- stop --- */

/* What it is now needs no asking: another process serves, with a key that nobody has shown us. */
static void forget_computation(struct agent *agent)
{
    json_set_str(agent->state, "state", state_names[STATE_RECEIVING_MANIFEST]);
    json_set_str(agent->state, "computation_id", NULL);
    json_set_str(agent->state, "manifest_sha256", NULL);
}

int computation_stop(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct computation_options *options = ptr;
    struct agent_access access = computation_access(cli, options, 0);
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_delete_computation]};
    OWNED_AGENT *agent = NULL;
    OWNED_HTTPC_REPLY reply = {0};

    access.evidence_needed = false; /* it takes data away, it moves none */
    if (session_open_agent(&access, &agent, err) < 0 || agent_call(agent, &call, &reply, err) < 0)
        return -1;
    forget_computation(agent);
    report(cli, agent);
    return 0;
}

/* --- state --- */

static const struct column state_lines[] = {
    {"state", "state", COLUMN_STATE},       {"computation", "computation_id"},
    {"manifest_sha256", "manifest_sha256"}, {"platform", "platform"},
    {"agent's key", "spki_sha256"},         {"failure", "failure/kind"},
    {"because", "failure/detail"},          {"exit code", "failure/exit_code"},
    {"signal", "failure/signal"},           {"limit", "failure/limit"},
};

int computation_state(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct computation_options *options = ptr;
    struct agent_access access = computation_glance(options);
    OWNED_AGENT *agent = NULL;
    OWNED_BUF awaiting = BUF_OF(16 * KIB);

    if (session_open_agent(&access, &agent, err) < 0)
        return -1;
    if (cli->options->json) {
        print_json(agent->state);
        return 0;
    }
    print_object(agent->state, state_lines, COUNT_OF(state_lines));
    write_awaiting(json_get(agent->state, "awaiting"), &awaiting);
    if (awaiting.len > 0)
        print_line("waiting for:      %s", buf_str(&awaiting));
    return 0;
}

/* --- wait --- */

int computation_wait(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct wait_options *options = ptr;
    struct agent_access access = computation_glance(&options->base);
    const char *word = cli_arg(cli, 0) ? cli_arg(cli, 0) : state_names[STATE_CONSUMING_RESULTS];
    int wanted = index_of_state(word);
    OWNED_AGENT *agent = NULL;

    if (wanted < 0 || wanted == STATE_FAILED)
        return err_set(err, ERR_USAGE, "'%.40s' is no state that can be waited for", word);
    if (session_open_agent(&access, &agent, err) < 0 ||
        wait_state(agent, (enum state)wanted, options->timeout_ms, err) < 0)
        return -1;
    report(cli, agent);
    return 0;
}
