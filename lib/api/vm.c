#include "lib/api/vm.h"

#include "lib/api/cvms_url.h"

#define URL_MAX      2048
#define KEY_PEM_MAX  (16 * KIB)
#define DETAIL_MAX   1024
#define LIST_MAX     1000
#define CURSOR_MAX   256
#define ID_TEXT_MAX  64
#define PIN_TEXT_MAX 128
#define PCI_TEXT_MAX 12 /* "0000:41:00.0" */

const char *const api_platform_names[] = {"auto", "vm", "snp", "tdx", NULL};
const char *const api_vm_state_names[] = {"provisioning", "booting", "attesting",
                                          "running",      "failed",  "stopping",
                                          "stopped",      "expired", NULL};
const char *const api_attestation_names[] = {"unchecked", "accepted", "rejected", NULL};
const char *const api_log_level_names[] = {"debug", "info", "warn", "error", NULL};

static const struct json_field vm_spec_fields[] = {
    JSON_FIELD_STR(vm_spec, name, 1, VM_NAME_MAX, JSON_NULLABLE | JSON_SKIP_EMPTY),
    JSON_FIELD_STR(vm_spec, image, 1, VM_NAME_MAX, JSON_NULLABLE | JSON_SKIP_EMPTY),
    JSON_FIELD_ENUM(vm_spec, platform, api_platform_names, 0),
    JSON_FIELD_U32(vm_spec, cpus, 1, VM_CPUS_MAX, 0),
    JSON_FIELD_U32(vm_spec, memory_mib, VM_MEMORY_MIB_MIN, VM_MEMORY_MIB_MAX, JSON_SKIP_EMPTY),
    JSON_FIELD_DURATION(vm_spec, ttl, VM_TTL_MS_MIN, VM_TTL_MS_MAX,
                        JSON_NULLABLE | JSON_SKIP_EMPTY),
    JSON_FIELD_BOOL(vm_spec, secure_boot, JSON_SKIP_EMPTY),
    JSON_FIELD_STR_LIST(vm_spec, gpus, VM_API_GPUS_MAX, PCI_TEXT_MAX, JSON_SKIP_EMPTY),
    JSON_FIELD_ANY(vm_spec, manifest, JSON_NULLABLE | JSON_SKIP_EMPTY),
    JSON_FIELD_TEXT(vm_spec, owner_key, 1, KEY_PEM_MAX, JSON_NULLABLE | JSON_SKIP_EMPTY),
    JSON_FIELD_STR(vm_spec, cvms_url, 1, API_CVMS_URL_MAX, JSON_NULLABLE | JSON_SKIP_EMPTY),
    JSON_FIELD_TEXT(vm_spec, cvms_ca, 1, KEY_PEM_MAX, JSON_NULLABLE | JSON_SKIP_EMPTY),
    JSON_FIELD_ENUM(vm_spec, log_level, api_log_level_names, 0),
    JSON_FIELD_BOOL(vm_spec, grpc, JSON_SKIP_EMPTY),
};
const struct json_table vm_spec_table = JSON_TABLE("vm spec", vm_spec, vm_spec_fields);

static const struct json_field vm_agent_fields[] = {
    JSON_FIELD_TIME(vm_agent, last_seen, JSON_NULLABLE),
    JSON_FIELD_BOOL(vm_agent, silent, 0),
};
static const struct json_table vm_agent_table = JSON_TABLE("agent", vm_agent, vm_agent_fields);

static const struct json_field vm_computation_fields[] = {
    JSON_FIELD_STR(vm_computation, id, 0, ID_TEXT_MAX, JSON_NULLABLE),
    JSON_FIELD_STR(vm_computation, state, 0, ID_TEXT_MAX, JSON_NULLABLE),
};
static const struct json_table vm_computation_table =
    JSON_TABLE("computation", vm_computation, vm_computation_fields);

static const struct json_field vm_failure_fields[] = {
    JSON_FIELD_STR(vm_failure, kind, 1, ID_TEXT_MAX, 0),
    JSON_FIELD_STR(vm_failure, detail, 1, DETAIL_MAX, 0),
};
static const struct json_table vm_failure_table =
    JSON_TABLE("failure", vm_failure, vm_failure_fields);

static const struct json_field vm_fields[] = {
    JSON_FIELD_STR(vm, id, 1, ID_TEXT_MAX, JSON_REQUIRED),
    JSON_FIELD_STR(vm, name, 1, VM_NAME_MAX, JSON_REQUIRED),
    JSON_FIELD_STR(vm, owner, 1, VM_NAME_MAX, JSON_REQUIRED),
    JSON_FIELD_STR(vm, image, 1, VM_NAME_MAX, JSON_REQUIRED),
    JSON_FIELD_ENUM(vm, platform, api_platform_names, JSON_REQUIRED),
    JSON_FIELD_U32(vm, cpus, 1, VM_CPUS_MAX, JSON_REQUIRED),
    JSON_FIELD_U32(vm, memory_mib, 1, VM_MEMORY_MIB_MAX, JSON_REQUIRED),
    JSON_FIELD_BOOL(vm, secure_boot, 0),
    JSON_FIELD_STR_LIST(vm, gpus, VM_API_GPUS_MAX, PCI_TEXT_MAX, 0),
    JSON_FIELD_ENUM(vm, state, api_vm_state_names, JSON_REQUIRED),
    JSON_FIELD_ENUM(vm, attestation, api_attestation_names, JSON_REQUIRED),
    JSON_FIELD_STR(vm, agent_url, 1, URL_MAX, JSON_NULLABLE),
    JSON_FIELD_STR(vm, grpc_url, 1, URL_MAX, JSON_NULLABLE),
    JSON_FIELD_STR(vm, agent_pin, 1, PIN_TEXT_MAX, JSON_NULLABLE),
    JSON_FIELD_OBJECT(vm, agent, &vm_agent_table, 0),
    JSON_FIELD_OBJECT(vm, computation, &vm_computation_table, 0),
    JSON_FIELD_OBJECT(vm, failure, &vm_failure_table, JSON_SKIP_EMPTY),
    JSON_FIELD_TIME(vm, created_at, JSON_REQUIRED),
    JSON_FIELD_TIME(vm, expires_at, JSON_NULLABLE),
};
const struct json_table vm_table = JSON_TABLE("vm", vm, vm_fields);

static const struct json_field vm_list_fields[] = {
    JSON_FIELD_LIST(vm_list, items, &vm_table, 0, LIST_MAX, JSON_REQUIRED),
    JSON_FIELD_STR(vm_list, next, 1, CURSOR_MAX, JSON_NULLABLE),
};
const struct json_table vm_list_table = JSON_TABLE("list of VMs", vm_list, vm_list_fields);

void vm_release(struct vm *vm)
{
    json_release(&vm_table, vm);
}

void vm_spec_release(struct vm_spec *spec)
{
    json_release(&vm_spec_table, spec);
}
