#include "services/grpc-gateway/manager/service.h"

#include "services/grpc-gateway/grpc/message.h"
#include "services/grpc-gateway/manager/duration.h"

#include "lib/api/vm.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/httpc/httpc.h"
#include "lib/program/log.h"

#include <proto/manager.pb-c.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define POLL_MS 200

/* --- asking the manager --- */

static bool is_over(void *call)
{
    return grpc_call_is_over(call);
}

static struct httpc_config config_of(const struct manager_door *door)
{
    return (struct httpc_config){
        .name = "manager",
        .url = door->url,
        .trust = door->ca.len > 0 ? HTTPC_TRUST_CA : HTTPC_TRUST_SYSTEM,
        .ca_pem = buf_span(&door->ca),
        .clock = clock_now,
        .ticks_ms = clock_monotonic_ms,
    };
}

/* A client in the caller's name. heed: its calls end with his. */
static int open_client(const struct manager_door *door, struct grpc_call *call, bool heed,
                       struct httpc **ret, struct err *err)
{
    struct httpc_config config = config_of(door);

    config.stopped = heed ? is_over : NULL;
    config.ctx = call;
    if (client_tokens_find(door->tokens, grpc_call_peer(call), &config.token, err) < 0)
        return -1;
    return httpc_new(&config, ret, err);
}

static int ask_vm(struct httpc *client, const struct httpc_call *asked, struct vm *ret,
                  struct err *err)
{
    OWNED_HTTPC_REPLY reply = {0};

    if (httpc_perform(client, asked, &reply, err) < 0)
        return -1;
    if (json_decode(reply.json, &vm_table, ret, err) < 0) {
        err->kind = ERR_INTERNAL;
        return err_wrap(err, "the manager's answer");
    }
    return 0;
}

static int get_vm(struct httpc *client, const char *id, struct vm *ret, struct err *err)
{
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_get_vm], .params = {id}};

    return ask_vm(client, &call, ret, err);
}

/* --- CreateVm --- */

/* What would reach the guest through the host, which must not have it, or what nothing in the guest
 * asks for. Dropped without a word, it would leave its sender in the belief that it counts. */
static const char of_host[] =
    "a private key that passes through the host says nothing about the VM";
static const char of_authority[] = "nothing in a VM asks an authority for certificates";
static const char of_store[] =
    "nothing in a VM fetches from a store, and a secret that is sent here "
    "is the host's; assets are uploaded";
static const char of_broker[] =
    "nothing in a VM asks a key broker; assets are sealed to its evidence";

static int check_unserved(const Manager__CreateReq *request, struct err *err)
{
    const struct {
        const char *name;
        bool is_given;
        const char *why;
    } rows[] = {
        {"agent_cvm_client_key", request->agent_cvm_client_key.len > 0, of_host},
        {"agent_cvm_client_cert", request->agent_cvm_client_cert.len > 0, of_host},
        {"agent_cvm_ca_url", request->agent_cvm_ca_url[0] != '\0', of_authority},
        {"agent_certs_token", request->agent_certs_token[0] != '\0', of_authority},
        {"aws_access_key_id", request->aws_access_key_id[0] != '\0', of_store},
        {"aws_secret_access_key", request->aws_secret_access_key[0] != '\0', of_store},
        {"aws_endpoint_url", request->aws_endpoint_url[0] != '\0', of_store},
        {"aws_region", request->aws_region[0] != '\0', of_store},
        {"aa_kbs_params", request->aa_kbs_params[0] != '\0', of_broker},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].is_given)
            return err_set(err, ERR_UNSUPPORTED, "%s is not taken: %s; leave it out", rows[i].name,
                           rows[i].why);
    return 0;
}

/* The older programs speak to a server in plain where they are given no authority for it. */
static int set_cvms(const Manager__CreateReq *request, struct json *spec, struct err *err)
{
    struct span ca =
        span_of(request->agent_cvm_server_ca_cert.data, request->agent_cvm_server_ca_cert.len);
    OWNED(free_str) char *pem = mem_copy(ca.data, ca.len), *url = NULL;

    if (strlen(pem) != ca.len || !text_is_utf8(ca))
        return err_set(err, ERR_INPUT, "agent_cvm_server_ca_cert is not PEM");
    if (ca.len > 0)
        json_set_str(spec, "cvms_ca", pem);
    if (request->agent_cvm_server_url[0] == '\0')
        return 0;
    url = mem_printf("%s%s", ca.len > 0 ? "https://" : "http://", request->agent_cvm_server_url);
    json_set_str(spec, "cvms_url", url);
    return 0;
}

static int make_spec(const Manager__CreateReq *request, struct json *spec, struct err *err)
{
    char ttl[TEXT_DURATION_SIZE];
    uint64_t ms = 0;

    if (check_unserved(request, err) < 0)
        return -1;
    json_set_str(spec, "platform", api_platform_names[API_PLATFORM_AUTO]);
    json_set_bool(spec, "grpc", true);
    if (request->ttl[0] != '\0' && duration_parse_go(request->ttl, &ms, err) < 0)
        return err_wrap(err, "ttl");
    if (ms > 0) {
        text_format_duration(ms, ttl);
        json_set_str(spec, "ttl", ttl);
    }
    if (request->agent_log_level[0] != '\0')
        json_set_str(spec, "log_level", request->agent_log_level);
    return set_cvms(request, spec, err);
}

/* The port is known once the VM is started. */
static int await_port(struct httpc *client, struct grpc_call *call, struct vm *vm, struct err *err)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    OWNED(free_str) char *id = mem_strdup(vm->id);

    while (vm->state == API_VM_PROVISIONING && !grpc_call_is_over(call)) {
        nanosleep(&pause, NULL);
        vm_release(vm);
        *vm = (struct vm){0};
        if (get_vm(client, id, vm, err) < 0)
            return -1;
    }
    if (grpc_call_is_over(call))
        return err_set(err, ERR_INTERRUPTED, "the call ended before VM %s was made", id);
    if (vm->state == API_VM_FAILED)
        return err_set(err, ERR_UNAVAILABLE, "VM %s: %s", id,
                       vm->failure.detail ? vm->failure.detail : "it failed");
    return 0;
}

/* "20000" of "https://127.0.0.1:20000"; "" of none. */
static const char *port_of(const struct vm *vm)
{
    const char *colon = vm->grpc_url != NULL ? strrchr(vm->grpc_url, ':') : NULL;

    return colon != NULL ? colon + 1 : "";
}

/* The caller went before he was told which VM is his: nobody would ever remove it. */
static void remove_orphan(struct httpc *client, const char *id)
{
    struct httpc_call delete = {.op = &manager_ops[MANAGER_OP_delete_vm], .params = {id}};
    OWNED_HTTPC_REPLY reply = {0};
    struct err err;

    if (httpc_perform(client, &delete, &reply, &err) < 0)
        log_warn("VM %s was made for a client that has gone, and stays: %s", id, err.text);
}

/* Asked once, the manager is heard out: what it made must be known here. */
static int create(void *door, struct grpc_call *call, struct err *err)
{
    Manager__CreateRes answer = MANAGER__CREATE_RES__INIT;
    OWNED_JSON *spec = json_new_object();
    struct httpc_call post = {.op = &manager_ops[MANAGER_OP_create_vm], .json = spec};
    OWNED_GRPC_MESSAGE *request = NULL;
    OWNED(free_str) char *id = NULL;
    OWNED_HTTPC *client = NULL;
    OWNED_VM vm = {0};
    int result;

    if (open_client(door, call, false, &client, err) < 0 ||
        grpc_message_read(call, &manager__create_req__descriptor, &request, err) < 0 ||
        make_spec((Manager__CreateReq *)request, spec, err) < 0 ||
        ask_vm(client, &post, &vm, err) < 0)
        return -1;
    id = mem_strdup(vm.id);
    result = await_port(client, call, &vm, err);
    if (result == 0) {
        answer.cvm_id = vm.id;
        answer.forwarded_port = (char *)(uintptr_t)port_of(&vm);
        result = grpc_message_write(call, &answer.base, err);
    }
    if (grpc_call_is_over(call))
        remove_orphan(client, id);
    return result;
}

/* --- the others --- */

static int await_gone(struct httpc *client, struct grpc_call *call, const char *id, struct err *err)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};

    while (!grpc_call_is_over(call)) {
        OWNED_VM vm = {0};

        if (get_vm(client, id, &vm, err) < 0)
            return err->kind == ERR_NOT_FOUND ? 0 : -1;
        nanosleep(&pause, NULL);
    }
    return err_set(err, ERR_INTERRUPTED, "VM %s is being removed, and the call has ended", id);
}

static int remove_vm(void *door, struct grpc_call *call, struct err *err)
{
    struct httpc_call delete = {.op = &manager_ops[MANAGER_OP_delete_vm]};
    OWNED_GRPC_MESSAGE *request = NULL;
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_HTTPC *client = NULL;

    if (open_client(door, call, true, &client, err) < 0 ||
        grpc_message_read(call, &manager__remove_req__descriptor, &request, err) < 0)
        return -1;
    delete.params[0] = ((Manager__RemoveReq *)request)->cvm_id;
    if (httpc_perform(client, &delete, &reply, err) < 0 ||
        await_gone(client, call, delete.params[0], err) < 0)
        return -1;
    return grpc_call_write(call, span_of(NULL, 0), err);
}

static int info(void *door, struct grpc_call *call, struct err *err)
{
    Manager__CVMInfoRes answer = MANAGER__CVMINFO_RES__INIT;
    OWNED_GRPC_MESSAGE *request = NULL;
    OWNED_HTTPC *client = NULL;
    OWNED_VM vm = {0};

    if (open_client(door, call, true, &client, err) < 0 ||
        grpc_message_read(call, &manager__cvminfo_req__descriptor, &request, err) < 0 ||
        get_vm(client, ((Manager__CVMInfoReq *)request)->id, &vm, err) < 0)
        return -1;
    answer.id = vm.id;
    answer.cpu_num = (int32_t)vm.cpus;
    answer.cpu_type = (char *)(uintptr_t)api_platform_names[vm.platform];
    answer.eos_version = vm.image;
    return grpc_message_write(call, &answer.base, err);
}

/* What the VM must say of itself, as the CoRIM that existing clients take. */
static int policy(void *door, struct grpc_call *call, struct err *err)
{
    static const char *const headers[] = {"Accept: application/corim+cbor", NULL};
    struct httpc_call get = {.op = &manager_ops[MANAGER_OP_get_vm_policy], .headers = headers};
    Manager__AttestationPolicyRes answer = MANAGER__ATTESTATION_POLICY_RES__INIT;
    OWNED_GRPC_MESSAGE *request = NULL;
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_HTTPC *client = NULL;

    if (open_client(door, call, true, &client, err) < 0 ||
        grpc_message_read(call, &manager__attestation_policy_req__descriptor, &request, err) < 0)
        return -1;
    answer.id = ((Manager__AttestationPolicyReq *)request)->id;
    get.params[0] = answer.id;
    if (httpc_perform(client, &get, &reply, err) < 0)
        return -1;
    answer.info = (ProtobufCBinaryData){reply.text.len, reply.text.data};
    return grpc_message_write(call, &answer.base, err);
}

static const struct grpc_method methods[] = {
    {"CreateVm", create},
    {"RemoveVm", remove_vm},
    {"CVMInfo", info},
    {"AttestationPolicy", policy},
};

struct grpc_service manager_service(struct manager_door *door)
{
    return (struct grpc_service){"manager.ManagerService", methods, COUNT_OF(methods), door};
}
