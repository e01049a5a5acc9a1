/* events, logs */
#include "cli/computation.h"

#include "cli/print.h"
#include "lib/httpc/events.h"

#include <inttypes.h>

#define LOGS_MAX (64 * MIB)

/* --- events --- */

struct listing {
    bool json;
    bool heard; /* at least one event */
};

static void show_event(const struct json *event)
{
    const char *time = json_get_str(event, "time");
    const char *subject = json_get_str(event, "subject");
    const char *type = json_get_str(event, "type");
    const struct json *data = json_get(event, "data");
    OWNED_BUF text = BUF_OF(64 * KIB);

    if (data != NULL && json_count(data) > 0)
        json_write(data, &text);
    print_line("%-20s  %-36s  %-16s %s", time ? time : "-", subject && subject[0] ? subject : "-",
               type ? type : "-", buf_str(&text));
}

static int on_event(void *ctx, const struct sse_event *event, struct err *err)
{
    struct listing *listing = ctx;
    OWNED_JSON *json = NULL;
    OWNED_BUF line = BUF_OF(2 * SSE_EVENT_MAX);

    if (json_parse(event->data, &json, err) < 0)
        return err_wrap(err, "event '%.40s'", event->id);
    listing->heard = true;
    if (listing->json) {
        json_write(json, &line);
        buf_add_u8(&line, '\n');
        print_span(buf_span(&line));
    } else {
        show_event(json);
    }
    return print_finish(err);
}

static void on_break(void *ctx, const struct err *why, unsigned pause_ms)
{
    (void)ctx;
    say("%s; trying again in %u.%u s", why->text, pause_ms / 1000, pause_ms % 1000 / 100);
}

static int listen_to(struct httpc *client, struct httpc_call *call, const struct cli *cli,
                     const struct events_options *options, struct err *err)
{
    struct listing listing = {.json = cli->options->json};
    struct httpc_events events = {
        .after = options->after,
        .follow = options->follow,
        .listener = on_event,
        .broke = on_break,
        .ctx = &listing,
    };

    if (httpc_listen(client, call, &events, err) == 0)
        return 0;
    if (!options->follow || !listing.heard || err->kind != ERR_NOT_FOUND)
        return -1;
    say("it is gone, and its events with it");
    return 0;
}

static int agent_events(const struct cli *cli, const struct events_options *options,
                        struct err *err)
{
    struct agent_access access = computation_glance(&options->base);
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_list_events]};
    OWNED_AGENT *agent = NULL;

    if (cli_arg(cli, 0) != NULL)
        return err_set(err, ERR_USAGE, "with --agent the VM is named by --vm");
    access.key_needed = true;
    if (session_open_agent(&access, &agent, err) < 0)
        return -1;
    call.computation = agent->computation;
    return listen_to(agent->http, &call, cli, options, err);
}

int computation_events(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct events_options *options = ptr;
    const char *name = cli_arg(cli, 0) ? cli_arg(cli, 0) : options->base.agent.vm;
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_list_events]};
    OWNED_HTTPC *manager = NULL;
    OWNED_JSON *vm = NULL;

    if (options->from_agent)
        return agent_events(cli, options, err);
    if (session_open_manager(&options->base.manager, &manager, err) < 0)
        return -1;
    if (name != NULL) {
        if (session_find_vm(manager, name, &vm, err) < 0)
            return -1;
        call.op = &manager_ops[MANAGER_OP_list_vm_events];
        call.params[0] = json_get_str(vm, "id");
    }
    return listen_to(manager, &call, cli, options, err);
}

/* --- logs --- */

static int print_piece(void *to, struct span bytes, struct err *err)
{
    (void)to;
    print_foreign(bytes);
    return print_finish(err);
}

static const struct httpc_sink to_stdout = {.write = print_piece, .max = LOGS_MAX};

static int show_console(const struct cli *cli, const struct logs_options *options, struct err *err)
{
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_get_vm_console], .sink = &to_stdout};
    OWNED_HTTPC *manager = NULL;
    OWNED_JSON *vm = NULL;
    OWNED_HTTPC_REPLY reply = {0};

    if (cli->arg_count > 0 || options->base.agent.vm == NULL)
        return err_set(err, ERR_USAGE, "'logs --console' needs --vm ID and no key");
    if (session_open_manager(&options->base.manager, &manager, err) < 0 ||
        session_find_vm(manager, options->base.agent.vm, &vm, err) < 0)
        return -1;
    call.params[0] = json_get_str(vm, "id");
    return httpc_perform(manager, &call, &reply, err);
}

static int gather_piece(void *to, struct span bytes, struct err *err)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] != '\0')
            buf_add_u8(to, bytes.data[i]);
        else
            buf_add_str(to, "\\x00"); /* a text ends at a NUL */
    return buf_check(to, "the logs", err);
}

/* Logs are bytes; as JSON they are one text, in which bytes that are none are written \xNN. */
static int logs_as_json(struct agent *agent, struct httpc_call *call, struct err *err)
{
    OWNED_BUF text = BUF_OF(LOGS_MAX);
    struct httpc_sink sink = {.write = gather_piece, .to = &text, .max = LOGS_MAX};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_JSON *result = json_new_object();

    call->sink = &sink;
    if (agent_call(agent, call, &reply, err) < 0)
        return -1;
    json_set_str(result, "logs", buf_str(&text));
    print_json(result);
    return 0;
}

int computation_logs(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct logs_options *options = ptr;
    struct agent_access access = computation_access(cli, &options->base, 0);
    struct httpc_call call = {.op = &agent_ops[AGENT_OP_get_logs], .sink = &to_stdout};
    OWNED_AGENT *agent = NULL;
    OWNED_HTTPC_REPLY reply = {0};

    if (options->console)
        return show_console(cli, options, err);
    if (session_open_agent(&access, &agent, err) < 0)
        return -1;
    if (cli->options->json)
        return logs_as_json(agent, &call, err);
    return agent_call(agent, &call, &reply, err);
}
