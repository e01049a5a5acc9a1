#include "lib/base/file.h"
#include "lib/program/log.h"
#include "services/manager-api/fleet/attestation.h"
#include "services/manager-api/fleet/tidings.h"
#include "services/manager-api/vm/domain.h"

#include <dirent.h>
#include <stdio.h>

/* One look at all definitions. */
struct look {
    struct vm_sighting *seen; /* sorted by id */
    size_t count;
    int64_t began_ms; /* what was changed after that is not judged by it */
};

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b); /* an id is the first member of a sighting, and all of a foreign one */
}

static const struct vm_sighting *look_find(const struct look *look, const char *id)
{
    return bsearch(id, look->seen, look->count, sizeof(*look->seen), compare_ids);
}

/* --- VMs we know --------------------------------------------------------------- */

/* What it means that a VM which should run does not. */
static void judge_end(struct fleet *fleet, struct entry *entry, enum vm_end end,
                      struct tidings *tidings)
{
    const char *kind = "killed", *detail = "its QEMU crashed or was killed from outside";

    if (end == VM_END_GUEST && entry->heard && entry->said.state != STATE_RUNNING) {
        entry_end(fleet, entry, VM_PHASE_STOPPED, NULL, NULL);
        tidings_add(tidings, entry, "vm.stopped", NULL);
        return;
    }
    if (end == VM_END_GUEST && entry->heard) {
        kind = "guest";
        detail = "the guest powered off in the middle of a run";
    } else if (end == VM_END_GUEST) {
        kind = "boot";
        detail = "the guest powered off or rebooted before its agent was heard";
    } else if (end == VM_END_UNKNOWN) {
        kind = "lost";
        detail = "it ended while nobody watched, perhaps with the host";
    }
    entry_end(fleet, entry, VM_PHASE_FAILED, kind, detail);
    tidings_add(tidings, entry, "vm.failed", fleet_reason(kind, detail));
}

/* The agent's last words may lie in the share, so they are read before its end is judged. */
static void bury(struct fleet *fleet, const struct vm_sighting *sighting)
{
    OWNED_TIDINGS tidings = {0};
    struct entry *entry = NULL;

    fleet_watch_one(fleet, sighting->id);
    pthread_mutex_lock(&fleet->lock);
    entry = fleet_find(fleet, sighting->id);
    if (entry != NULL && !entry->busy && entry->record.phase == VM_PHASE_READY && !entry->on)
        judge_end(fleet, entry, sighting->end, &tidings);
    pthread_mutex_unlock(&fleet->lock);
    tidings_tell(&tidings, fleet);
}

/* Somebody removed the definition behind our back: what is left of the VM goes too. */
static void forget(struct fleet *fleet, const char *id)
{
    OWNED_TIDINGS tidings = {0};
    struct share_paths paths;
    struct entry *entry = NULL;
    struct err err;

    if (share_paths_of(fleet->state_dir, id, &paths, &err) < 0 || share_remove(&paths, &err) < 0)
        log_warn("VM %s is gone, but its directory is not: %s", id, err.text);
    pthread_mutex_lock(&fleet->lock);
    entry = fleet_find(fleet, id);
    if (entry != NULL && !entry->busy) {
        tidings_add(&tidings, entry, "vm.deleted",
                    fleet_reason("vanished", "removed from outside"));
        fleet_drop(fleet, entry);
    }
    pthread_mutex_unlock(&fleet->lock);
    tidings_tell(&tidings, fleet);
}

enum change { CHANGE_NONE, CHANGE_FALLEN, CHANGE_VANISHED };

/* With the lock held. */
static enum change compare_entry(const struct look *look, struct entry *entry)
{
    const struct vm_sighting *sighting = look_find(look, entry->record.id);

    if (entry->busy || entry->touched_ms >= look->began_ms)
        return CHANGE_NONE;
    if (sighting == NULL)
        return CHANGE_VANISHED;
    entry->on = sighting->on;
    return !entry->on && entry->record.phase == VM_PHASE_READY ? CHANGE_FALLEN : CHANGE_NONE;
}

static void compare_known(struct fleet *fleet, const struct look *look)
{
    char(*ids)[VM_ID_SIZE] = NULL;
    enum change *changes = NULL;
    size_t count = 0;

    pthread_mutex_lock(&fleet->lock);
    ids = mem_zeroed(fleet->count + 1, VM_ID_SIZE);
    changes = mem_zeroed(fleet->count + 1, sizeof(*changes));
    for (size_t i = 0; i < fleet->count; i++) {
        changes[count] = compare_entry(look, fleet->entries[i]);
        if (changes[count] != CHANGE_NONE)
            memcpy(ids[count++], fleet->entries[i]->record.id, VM_ID_SIZE);
    }
    pthread_mutex_unlock(&fleet->lock);

    for (size_t i = 0; i < count; i++) {
        if (changes[i] == CHANGE_FALLEN)
            bury(fleet, look_find(look, ids[i]));
        else
            forget(fleet, ids[i]);
    }
    free(ids);
    free(changes);
}

/* --- definitions we do not know ------------------------------------------------- */

/* When it has to end, on the clock that never jumps. A VM that still runs was started since the
 * host was, so its record's own deadline holds; after that the wall clock has to do, within the
 * bounds of what was asked for. */
static int64_t deadline_of(const struct fleet *fleet, const struct vm_record *record)
{
    int64_t left = record->expires_at - fleet_now(fleet);
    int64_t most = record->expires_at - record->created_at;

    if (record->expires_at == 0)
        return 0;
    if (strcmp(record->boot_id, fleet->boot_id) == 0)
        return record->deadline_ms;
    left = left < 0 ? 0 : left > most ? most : left;
    return fleet_now_ms(fleet) + left * 1000;
}

static void adopt(struct fleet *fleet, const struct vm_record *record, bool on)
{
    struct entry *entry = mem_new(struct entry);
    struct share_paths paths;
    struct err unused;

    entry->record = *record;
    entry->on = on;
    entry->started_ms = fleet_now_ms(fleet);
    entry->deadline_ms = deadline_of(fleet, record);
    /* The call to start it may still be under way in the hypervisor, though its caller is dead. */
    if (record->phase == VM_PHASE_MAKING && !on)
        entry->retry_ms = fleet_now_ms(fleet) + (int64_t)fleet->config.start_grace_ms;
    if (share_paths_of(fleet->state_dir, record->id, &paths, &unused) == 0)
        attestation_recall(&paths, entry);
    pthread_mutex_lock(&fleet->lock);
    fleet_add(fleet, entry);
    pthread_mutex_unlock(&fleet->lock);
    fleet_watch_one(fleet, record->id);
}

static bool is_foreign(const struct fleet *fleet, const char *id)
{
    return fleet->foreign_count > 0 &&
           bsearch(id, fleet->foreign, fleet->foreign_count, VM_ID_SIZE, compare_ids) != NULL;
}

/* True when it is ours now; false when it is somebody else's, or cannot be read. */
static bool meet(struct fleet *fleet, const struct vm_sighting *sighting, bool *foreign)
{
    struct vm_record record;
    struct err err;

    *foreign = is_foreign(fleet, sighting->id);
    if (*foreign)
        return false;
    if (fleet->provider->ops->read(fleet->provider, sighting->id, &record, &err) < 0) {
        *foreign = err.kind == ERR_INPUT;
        if (err.kind != ERR_NOT_FOUND)
            log_warn("definition " DOMAIN_PREFIX "%s: %s", sighting->id, err.text);
        return false;
    }
    *foreign = strcmp(record.manager, fleet->manager) != 0;
    if (*foreign)
        return false;
    adopt(fleet, &record, sighting->on);
    return true;
}

static void meet_unknown(struct fleet *fleet, const struct look *look)
{
    char(*foreign)[VM_ID_SIZE] = mem_zeroed(look->count + 1, VM_ID_SIZE);
    size_t count = 0;

    for (size_t i = 0; i < look->count; i++) {
        bool known, is_other = false;

        pthread_mutex_lock(&fleet->lock);
        known = fleet_find(fleet, look->seen[i].id) != NULL;
        pthread_mutex_unlock(&fleet->lock);
        if (known)
            continue;
        if (!meet(fleet, &look->seen[i], &is_other) && is_other)
            memcpy(foreign[count++], look->seen[i].id, VM_ID_SIZE);
    }
    free(fleet->foreign);
    fleet->foreign = foreign; /* sorted, since the look is */
    fleet->foreign_count = count;
}

/* --- the first time ---------------------------------------------------------------- */

/* A directory without a VM was left by a manager that was killed before it had a definition. */
static void remove_orphans(struct fleet *fleet, const struct look *look)
{
    char path[VM_PATH_SIZE + 8];
    const struct dirent *name = NULL;
    struct err err;
    DIR *dir = NULL;

    snprintf(path, sizeof(path), "%s/vms", fleet->state_dir);
    dir = opendir(path);
    while (dir != NULL && (name = readdir(dir)) != NULL) {
        bool known;

        if (name->d_name[0] == '.')
            continue;
        pthread_mutex_lock(&fleet->lock);
        known = fleet_find(fleet, name->d_name) != NULL;
        pthread_mutex_unlock(&fleet->lock);
        if (known || look_find(look, name->d_name) != NULL)
            continue;
        if (file_remove_tree_at(dirfd(dir), name->d_name, &err) < 0)
            log_warn("'%s/%s' belongs to no VM and cannot be removed: %s", path, name->d_name,
                     err.text);
    }
    if (dir != NULL)
        closedir(dir);
}

/* --- all of it ---------------------------------------------------------------------- */

static void note_connection(struct fleet *fleet, const struct vm_hypervisor *hypervisor,
                            const struct err *err)
{
    bool connected = err == NULL, was;

    pthread_mutex_lock(&fleet->lock);
    was = fleet->connected;
    fleet->connected = connected;
    if (connected)
        fleet->hypervisor = *hypervisor;
    snprintf(fleet->problem, sizeof(fleet->problem), "%s", connected ? "" : err->text);
    pthread_mutex_unlock(&fleet->lock);
    if (connected && !was)
        log_info("connected to %s: %s, %s", hypervisor->uri, hypervisor->library,
                 hypervisor->emulator);
    if (!connected && (was || !fleet->known))
        log_warn("not connected: %s", err->text);
}

static int look_around(struct fleet *fleet, struct look *ret, struct err *err)
{
    const struct vm_provider_ops *ops = fleet->provider->ops;
    struct vm_hypervisor hypervisor = fleet->hypervisor;

    if (!fleet->connected && ops->describe(fleet->provider, &hypervisor, err) < 0)
        return -1;
    ret->began_ms = fleet_now_ms(fleet);
    if (ops->list(fleet->provider, &ret->seen, &ret->count, err) < 0)
        return -1;
    qsort(ret->seen, ret->count, sizeof(*ret->seen), compare_ids);
    note_connection(fleet, &hypervisor, NULL);
    return 0;
}

void fleet_reconcile(struct fleet *fleet)
{
    struct look look = {0};
    struct err err;

    if (look_around(fleet, &look, &err) < 0) {
        note_connection(fleet, NULL, &err);
        return;
    }
    compare_known(fleet, &look);
    meet_unknown(fleet, &look);
    if (!fleet->known) {
        remove_orphans(fleet, &look);
        pthread_mutex_lock(&fleet->lock);
        fleet->known = true;
        pthread_cond_broadcast(&fleet->changed);
        pthread_mutex_unlock(&fleet->lock);
    }
    free(look.seen);
}
