#include "cli/create_vm.h"

#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/crypto/secret.h"

#include <inttypes.h>
#include <stdio.h>

#define AUTHORITIES_MAX (16 * KIB)
#define POLL_MS         500
#define WAIT_LIMIT_MS   (10 * 60 * 1000) /* a VM that is not up by then never will be */

static const char *const platforms[] = {"auto", "snp", "tdx", "vm", NULL};
static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};

#define CREATE(member) offsetof(struct create_vm_options, member)
const struct flag create_vm_flags[] = {
    {"name", 0, FLAG_TEXT, "NAME", NULL, CREATE(name), "a name for people"},
    {"image", 0, FLAG_TEXT, "NAME", NULL, CREATE(image), "image to boot (see 'images')"},
    {"platform", 0, FLAG_CHOICE, "WHAT", NULL, CREATE(platform),
     "auto (default), snp, tdx or vm (no memory encryption, virtual TPM)", .choices = platforms},
    {"cpus", 0, FLAG_U64, "N", NULL, CREATE(cpus), "virtual CPUs (default 1)", .min = 1,
     .max = 1024},
    {"memory", 0, FLAG_U64, "MIB", NULL, CREATE(memory_mib),
     "memory in MiB (default: what the image wants)", .min = 64, .max = 16 * 1024 * 1024},
    {"ttl", 0, FLAG_DURATION, "DURATION", NULL, CREATE(ttl_ms),
     "remove the VM after this time, like 90s or 1h30m", .min = 1000, .max = INT64_MAX},
    {"manifest", 0, FLAG_TEXT, "FILE", NULL, CREATE(manifest),
     "give it this manifest through the share, before it boots"},
    {"owner-key", 0, FLAG_TEXT, "FILE", NULL, CREATE(owner_key),
     "only this key may set a manifest (public or private key, or certificate)"},
    {"wait", 'w', FLAG_BOOL, NULL, NULL, CREATE(wait), "come back when the agent answers"},
    {"timeout", 0, FLAG_DURATION, "DURATION", NULL, CREATE(timeout_ms),
     "how long --wait waits (default 10m)", .min = 1000, .max = INT64_MAX},
    {"secure-boot", 0, FLAG_BOOL, NULL, NULL, CREATE(secure_boot), "boot signed code only"},
    {"gpu", 0, FLAG_LIST, "ADDRESS", NULL, CREATE(gpus),
     "GPU of the host that the VM gets, like 0000:41:00.0 (see GET /v1/host); may be repeated"},
    {"server-url", 0, FLAG_TEXT, "URL", NULL, CREATE(server_url),
     "computation server that the gateway dials out to (with --grpc)"},
    {"server-ca", 0, FLAG_TEXT, "FILE", NULL, CREATE(server_ca),
     "the authorities of that server's certificate, PEM"},
    {"log-level", 0, FLAG_CHOICE, "LEVEL", NULL, CREATE(log_level),
     "of the agent: debug, info, warn or error", .choices = log_levels},
    {"grpc", 0, FLAG_BOOL, NULL, NULL, CREATE(grpc),
     "with the gateway beside the agent, for clients that speak gRPC"},
    {"client-key", 0, FLAG_LATER, "FILE", NULL, 0, ""},
    {"client-crt", 0, FLAG_LATER, "FILE", NULL, 0, ""},
    {"ca-url", 0, FLAG_LATER, "URL", NULL, 0, ""},
    {"aws-access-key-id", 0, FLAG_LATER, "ID", NULL, 0, ""},
    {"aws-secret-access-key", 0, FLAG_LATER, "KEY", NULL, 0, ""},
    {"aws-endpoint-url", 0, FLAG_LATER, "URL", NULL, 0, ""},
    {"aws-region", 0, FLAG_LATER, "REGION", NULL, 0, ""},
    {"aa-kbs-params", 0, FLAG_LATER, "TEXT", NULL, 0, ""},
    {NULL},
};

static int add_files(const struct create_vm_options *options, struct json *body, struct err *err)
{
    OWNED_JSON *manifest = NULL;
    OWNED_KEY *key = NULL;
    OWNED_BUF pem = BUF_OF(64 * KIB);

    if (options->manifest != NULL) {
        if (input_read_json(options->manifest, MANIFEST_SIZE_MAX, &manifest, err) < 0)
            return err_wrap(err, "manifest");
        json_set(body, "manifest", GIVE(manifest));
    }
    if (options->owner_key != NULL) {
        if (input_read_public_key(options->owner_key, &key, err) < 0)
            return -1;
        key_write_public_pem(key, &pem);
        json_set_str(body, "owner_key", buf_str(&pem));
    }
    return 0;
}

static int add_server(const struct create_vm_options *options, struct json *body, struct err *err)
{
    OWNED_BUF ca = BUF_OF(AUTHORITIES_MAX);

    if (options->server_url != NULL)
        json_set_str(body, "cvms_url", options->server_url);
    if (options->server_ca == NULL)
        return 0;
    if (input_read(options->server_ca, &ca, err) < 0)
        return err_wrap(err, "server-ca");
    json_set_str(body, "cvms_ca", buf_str(&ca));
    return 0;
}

/* The request; what was not said is left to the manager. */
static int make_request(const struct create_vm_options *options, struct json **ret, struct err *err)
{
    OWNED_JSON *body = json_new_object();
    char ttl[TEXT_DURATION_SIZE];

    json_set_str(body, "platform", options->platform != NULL ? options->platform : "auto");
    json_set_int(body, "cpus", options->cpus != 0 ? (int64_t)options->cpus : 1);
    if (options->memory_mib != 0)
        json_set_int(body, "memory_mib", (int64_t)options->memory_mib);
    if (options->name != NULL)
        json_set_str(body, "name", options->name);
    if (options->image != NULL)
        json_set_str(body, "image", options->image);
    if (add_server(options, body, err) < 0)
        return -1;
    if (options->log_level != NULL)
        json_set_str(body, "log_level", options->log_level);
    if (options->secure_boot)
        json_set_bool(body, "secure_boot", true);
    if (options->grpc)
        json_set_bool(body, "grpc", true);
    for (size_t i = 0; i < options->gpus.count; i++) {
        if (json_get(body, "gpus") == NULL)
            json_set(body, "gpus", json_new_array());
        json_add(json_edit(body, "gpus"), json_new_str(options->gpus.items[i]));
    }
    if (options->ttl_ms != 0) {
        text_format_duration(options->ttl_ms, ttl);
        json_set_str(body, "ttl", ttl);
    }
    if (add_files(options, body, err) < 0)
        return -1;
    *ret = GIVE(body);
    return 0;
}

/* Asks once more when the answer got lost: the idempotency key makes that harmless. */
static int post_vm(struct httpc *manager, const struct json *body, struct httpc_reply *reply,
                   struct err *err)
{
    char uuid[UUID_TEXT_SIZE], line[64];
    const char *headers[] = {line, NULL};
    struct httpc_call call = {
        .op = &manager_ops[MANAGER_OP_create_vm], .json = body, .headers = headers};

    random_uuid(uuid);
    snprintf(line, sizeof(line), "Idempotency-Key: %s", uuid);
    if (httpc_perform(manager, &call, reply, err) == 0)
        return 0;
    if (err->kind != ERR_UNREACHABLE || !reply->sent || reply->status != 0)
        return -1;
    say("the answer got lost; asking again");
    return httpc_perform(manager, &call, reply, err);
}

static int read_vm(struct httpc *manager, const char *id, struct json **vm, struct err *err)
{
    struct json *fresh = NULL;

    if (session_find_vm(manager, id, &fresh, err) < 0)
        return -1;
    json_free(*vm);
    *vm = fresh;
    return 0;
}

static int failed_vm(const struct json *vm, struct err *err)
{
    const char *detail = json_get_str(json_get(vm, "failure"), "detail");
    const char *kind = json_get_str(json_get(vm, "failure"), "kind");

    return err_set(err, ERR_INTERNAL, "the VM is '%s': %s%s%s", json_get_str(vm, "state"),
                   kind ? kind : "no reason is known", detail ? ": " : "", detail ? detail : "");
}

static bool is_ended(const char *state)
{
    static const char *const ended[] = {"failed", "stopping", "stopped", "expired", NULL};

    for (const char *const *word = ended; *word != NULL; word++)
        if (strcmp(*word, state) == 0)
            return true;
    return false;
}

static int wait_running(struct httpc *manager, const char *id, uint64_t limit_ms, struct json **vm,
                        struct err *err)
{
    int64_t begun = clock_monotonic_ms();
    char last[32] = "";

    for (;;) {
        const char *state = json_get_str(*vm, "state");
        int64_t waited = clock_monotonic_ms() - begun;

        if (state == NULL)
            return err_set(err, ERR_UNREACHABLE, "the manager's answer names no state");
        if (strcmp(state, last) != 0)
            say("%5.1f s  %s", (double)waited / 1000, state);
        snprintf(last, sizeof(last), "%s", state);
        if (strcmp(state, "running") == 0)
            return 0;
        if (is_ended(state))
            return failed_vm(*vm, err);
        if (waited > (int64_t)limit_ms)
            return err_set(err, ERR_TIMEOUT, "still '%s' after %" PRId64 " s", state,
                           waited / 1000);
        if (interrupt_sleep(POLL_MS, err) < 0 || read_vm(manager, id, vm, err) < 0)
            return -1;
    }
}

int create_vm_run(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct create_vm_options *options = ptr;
    OWNED_HTTPC *manager = NULL;
    OWNED_JSON *body = NULL;
    OWNED_JSON *vm = NULL;
    OWNED_HTTPC_REPLY reply = {0};
    OWNED(free_str) char *id = NULL;

    if (make_request(options, &body, err) < 0 ||
        session_open_manager(&options->manager, &manager, err) < 0 ||
        post_vm(manager, body, &reply, err) < 0)
        return -1;
    vm = GIVE(reply.json);
    id = mem_strdup(json_get_str(vm, "id"));
    if (id == NULL)
        return err_set(err, ERR_UNREACHABLE, "the manager's answer names no VM");

    if (options->wait &&
        wait_running(manager, id, options->timeout_ms ? options->timeout_ms : WAIT_LIMIT_MS, &vm,
                     err) < 0)
        return err_wrap(err, "VM '%s'", id);
    if (cli->options->json) {
        print_json(vm);
        return 0;
    }
    print_line("%s", id);
    if (json_get_str(vm, "agent_url") != NULL)
        say("agent at %s, pin %s", json_get_str(vm, "agent_url"),
            json_get_str(vm, "agent_pin") ? json_get_str(vm, "agent_pin") : "not known yet");
    if (json_get_str(vm, "grpc_url") != NULL)
        say("gateway at %s", json_get_str(vm, "grpc_url"));
    return 0;
}
