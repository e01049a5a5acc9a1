#include "services/manager-api/fleet/entry.h"
#include "services/manager-api/fleet/memory.h"

/* What QEMU and the TPM emulator need beside the guest's own memory, and what the host keeps for
 * itself. */
#define OVERHEAD_MIB 192
#define RESERVE_MIB  256

int fleet_check_limits(struct fleet *fleet, const char *owner, uint32_t memory_mib, struct err *err)
{
    unsigned all = 0, own = 0;
    uint64_t promised = 0, wanted = (uint64_t)memory_mib + OVERHEAD_MIB + RESERVE_MIB;
    struct memory memory;

    for (size_t i = 0; i < fleet->count; i++) {
        const struct entry *entry = fleet->entries[i];

        if (entry_ended(entry) && !entry->on)
            continue;
        all++;
        own += strcmp(entry->record.owner, owner) == 0;
        promised += entry->record.memory_mib + OVERHEAD_MIB;
    }
    if (all >= fleet->config.max_vms)
        return err_set(err, ERR_TOO_MANY, "%u VMs run on this host, which is its limit; remove one",
                       all);
    if (own >= fleet->config.max_per_owner)
        return err_set(err, ERR_TOO_MANY,
                       "%u VMs of '%s' run, which is an owner's limit; remove one", own, owner);
    if (memory_read(&memory, err) < 0)
        return -1;
    /* What is available now may be promised to guests that have not touched it yet. */
    if (wanted > memory.available_mib || promised + wanted > memory.total_mib)
        return err_set(err, ERR_TOO_MANY,
                       "%u MiB of memory do not fit: %llu MiB are available, %llu of %llu MiB are "
                       "promised to other VMs",
                       memory_mib, (unsigned long long)memory.available_mib,
                       (unsigned long long)promised, (unsigned long long)memory.total_mib);
    return 0;
}
