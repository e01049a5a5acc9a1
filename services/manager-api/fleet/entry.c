#include "services/manager-api/fleet/entry.h"

#include "lib/base/text.h"
#include "services/manager-api/fleet/gpus.h"

#include <stdio.h>

bool entry_ended(const struct entry *entry)
{
    return entry->record.phase != VM_PHASE_MAKING && entry->record.phase != VM_PHASE_READY;
}

enum api_vm_state entry_state(const struct entry *entry)
{
    static const enum api_vm_state states[VM_PHASE_COUNT] = {
        [VM_PHASE_MAKING] = API_VM_PROVISIONING, [VM_PHASE_READY] = API_VM_BOOTING,
        [VM_PHASE_STOPPED] = API_VM_STOPPED,     [VM_PHASE_FAILED] = API_VM_FAILED,
        [VM_PHASE_EXPIRED] = API_VM_EXPIRED,     [VM_PHASE_REMOVING] = API_VM_STOPPING,
    };

    if (entry->record.phase == VM_PHASE_READY && entry->heard)
        return entry->gate == GATE_OPEN ? API_VM_RUNNING : API_VM_ATTESTING;
    return states[entry->record.phase];
}

enum api_platform entry_platform(enum vm_platform platform)
{
    static const enum api_platform platforms[VM_PLATFORM_COUNT] = {
        [VM_PLATFORM_VM] = API_PLATFORM_VM,
        [VM_PLATFORM_SNP] = API_PLATFORM_SNP,
        [VM_PLATFORM_TDX] = API_PLATFORM_TDX,
    };

    return platforms[platform];
}

/* As the API tells them. */
static void view_gpus(const char *gpus, struct json_strings *ret)
{
    char item[GPU_ADDRESS_SIZE];

    if (gpus[0] == '\0')
        return;
    ret->items = mem_zeroed(VM_GPUS_MAX, sizeof(*ret->items));
    while (ret->count < VM_GPUS_MAX && gpus_next(&gpus, item))
        ret->items[ret->count++] = mem_strdup(item);
}

void entry_view(const struct fleet *fleet, const struct entry *entry, struct vm *ret)
{
    const struct vm_record *record = &entry->record;

    (void)fleet;
    *ret = (struct vm){
        .id = mem_strdup(record->id),
        .name = mem_strdup(record->name),
        .owner = mem_strdup(record->owner),
        .image = mem_strdup(record->image),
        .platform = entry_platform(record->platform),
        .cpus = record->cpus,
        .memory_mib = record->memory_mib,
        .secure_boot = record->secure_boot,
        .state = entry_state(entry),
        .attestation = entry->attestation,
        .created_at = record->created_at,
        .expires_at = record->expires_at,
        .agent = {.last_seen = entry->last_seen, .silent = entry->silent},
    };
    view_gpus(record->gpus, &ret->gpus);
    if (record->phase == VM_PHASE_READY)
        ret->agent_url = mem_printf("https://127.0.0.1:%u", record->port);
    if (record->phase == VM_PHASE_READY && record->grpc_port != 0)
        ret->grpc_url = mem_printf("https://127.0.0.1:%u", record->grpc_port);
    if (entry->gate == GATE_OPEN && entry->attestation != API_REJECTED)
        ret->agent_pin =
            mem_strdup(entry->attestation == API_ACCEPTED ? entry->vouched : entry->said.pin);
    if (entry->heard) {
        ret->computation.state = mem_strdup(state_names[entry->said.state]);
        if (entry->said.computation_id[0] != '\0')
            ret->computation.id = mem_strdup(entry->said.computation_id);
    }
    if (record->failure_kind[0] != '\0') {
        ret->failure.kind = mem_strdup(record->failure_kind);
        ret->failure.detail = mem_strdup(record->failure_detail);
    }
}

void entry_end(struct fleet *fleet, struct entry *entry, enum vm_phase phase, const char *kind,
               const char *detail)
{
    OWNED_BUF text = BUF_OF(VM_TEXT_SIZE * 2);

    entry->record.phase = phase;
    if (entry->record.ended_at == 0)
        entry->record.ended_at = fleet_now(fleet);
    if (kind != NULL) {
        text_add_printable(&text, span_of_str(detail), VM_TEXT_SIZE - 4);
        snprintf(entry->record.failure_kind, sizeof(entry->record.failure_kind), "%s", kind);
        snprintf(entry->record.failure_detail, sizeof(entry->record.failure_detail), "%s",
                 buf_str(&text));
    }
    entry->silent = false;
    entry->unsaved = true;
    entry->retry_ms = 0;
}
