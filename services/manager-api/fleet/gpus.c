#include "services/manager-api/fleet/gpus.h"

#include "lib/base/text.h"

#include <stdio.h>

#define WINDOW_GIB_MIN 64

bool gpus_next(const char **at, char *item)
{
    size_t len = strcspn(*at, ",");

    if (len == 0 || len >= GPU_ADDRESS_SIZE)
        return false;
    memcpy(item, *at, len);
    item[len] = '\0';
    *at += len;
    *at += **at == ',';
    return true;
}

static bool names(const char *gpus, const char *address)
{
    char item[GPU_ADDRESS_SIZE];

    while (gpus_next(&gpus, item))
        if (strcmp(item, address) == 0)
            return true;
    return false;
}

static const struct gpu *find(const struct gpu *gpus, size_t count, const char *address)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(gpus[i].address, address) == 0)
            return &gpus[i];
    return NULL;
}

static int choose(const char *wanted, const struct gpu *gpus, size_t count, const char *before,
                  struct err *err)
{
    const struct gpu *gpu = find(gpus, count, wanted);

    if (gpu == NULL)
        return err_set(err, ERR_INPUT,
                       "gpus: this host has no GPU '%.12s'; GET /v1/host lists those it has",
                       wanted);
    if (!gpu->available)
        return err_set(err, ERR_UNSUPPORTED, "gpus: '%s' cannot be handed over: %s", wanted,
                       gpu->reason);
    if (names(before, wanted))
        return err_set(err, ERR_INPUT, "gpus: '%s' stands there twice", wanted);
    return 0;
}

int gpus_choose(const struct fleet *fleet, const struct vm_spec *spec,
                char out[static VM_GPUS_SIZE], struct err *err)
{
    struct gpu gpus[GPU_MAX];
    size_t count = 0;
    char pointer[32];

    out[0] = '\0';
    if (spec->gpus.count == 0)
        return 0;
    if (!fleet->config.kvm)
        return err_set_at(err, ERR_UNSUPPORTED, "/gpus",
                          "gpus: an emulated processor drives none; this manager has no KVM");
    count = gpu_list(fleet->host_root, gpus);
    for (size_t i = 0; i < spec->gpus.count; i++) {
        size_t len = strlen(out);

        if (choose(spec->gpus.items[i], gpus, count, out, err) < 0) {
            snprintf(pointer, sizeof(pointer), "/gpus/%zu", i);
            return err_wrap_pointer(err, pointer);
        }
        snprintf(out + len, VM_GPUS_SIZE - len, "%s%s", len > 0 ? "," : "", spec->gpus.items[i]);
    }
    return 0;
}

int gpus_check_free(const struct fleet *fleet, const char *gpus, struct err *err)
{
    char item[GPU_ADDRESS_SIZE];

    while (gpus_next(&gpus, item))
        for (size_t i = 0; i < fleet->count; i++) {
            const struct entry *entry = fleet->entries[i];

            if ((!entry_ended(entry) || entry->on) && names(entry->record.gpus, item))
                return err_set_at(err, ERR_STATE, "/gpus", "gpus: another VM has '%s'", item);
        }
    return 0;
}

/* "0000:41:00.0", as gpu_list() found it. */
static struct vm_pci parse(const char *address)
{
    unsigned domain = 0, bus = 0, slot = 0, function = 0;

    if (sscanf(address, "%4x:%2x:%2x.%1x", &domain, &bus, &slot, &function) != 4)
        return (struct vm_pci){0};
    return (struct vm_pci){(uint16_t)domain, (uint8_t)bus, (uint8_t)slot, (uint8_t)function};
}

void gpus_place(const struct fleet *fleet, const char *gpus, struct vm_place *place)
{
    struct gpu all[GPU_MAX];
    char item[GPU_ADDRESS_SIZE];
    size_t count = 0;
    uint64_t window = 0;

    if (gpus[0] == '\0')
        return;
    count = gpu_list(fleet->host_root, all);
    while (place->gpu_count < VM_GPUS_MAX && gpus_next(&gpus, item)) {
        const struct gpu *gpu = find(all, count, item);

        place->gpus[place->gpu_count++] = parse(item);
        window += gpu != NULL ? gpu->window_bytes : 0;
    }
    /* Each lies at a multiple of its size: twice the sum is room for any order. */
    place->pci_window_gib = WINDOW_GIB_MIN;
    while (place->pci_window_gib * GIB < 2 * window)
        place->pci_window_gib *= 2;
}

static bool is_taken(struct fleet *fleet, const char *address)
{
    struct err unused;
    bool taken = false;

    pthread_mutex_lock(&fleet->lock);
    taken = gpus_check_free(fleet, address, &unused) < 0;
    pthread_mutex_unlock(&fleet->lock);
    return taken;
}

struct json *fleet_gpus(struct fleet *fleet)
{
    struct json *list = json_new_array();
    struct gpu gpus[GPU_MAX];
    size_t count = gpu_list(fleet->host_root, gpus);

    for (size_t i = 0; i < count; i++) {
        const struct gpu *gpu = &gpus[i];
        struct json *json = json_new_object();
        const char *reason = gpu->available ? NULL : gpu->reason;
        char vendor[8], device[8];

        if (reason == NULL && !fleet->config.kvm)
            reason = "an emulated processor drives none";
        if (reason == NULL && is_taken(fleet, gpu->address))
            reason = "a VM has it";
        snprintf(vendor, sizeof(vendor), "%04x", gpu->vendor);
        snprintf(device, sizeof(device), "%04x", gpu->device);
        json_set_str(json, "address", gpu->address);
        json_set_str(json, "vendor", vendor);
        json_set_str(json, "device", device);
        json_set_bool(json, "available", reason == NULL);
        json_set_str(json, "reason", reason);
        json_add(list, json);
    }
    return list;
}
