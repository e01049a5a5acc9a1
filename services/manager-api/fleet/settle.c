#include "services/manager-api/fleet/entry.h"

#define RETRY_MS  3000
#define SETTLERS  4
#define GATES     2
#define QUEUE_MAX 4096

/* What a worker is asked to do: make the world agree with an entry's record. */
struct errand {
    struct fleet *fleet;
    char id[VM_ID_SIZE];
};

static void share_of(const struct fleet *fleet, const char *id, struct share_paths *ret)
{
    struct err ignored;

    if (share_paths_of(fleet->state_dir, id, ret, &ignored) < 0)
        abort(); /* the same path could be made when the VM was */
}

static int remove_vm(struct fleet *fleet, const struct vm_record *record, struct err *err)
{
    const struct vm_provider_ops *ops = fleet->provider->ops;
    struct share_paths paths;

    share_of(fleet, record->id, &paths);
    if (ops->stop(fleet->provider, record->id, err) < 0 || share_remove(&paths, err) < 0 ||
        ops->undefine(fleet->provider, record->id, err) < 0)
        return -1;
    return 0;
}

/* First the word, then the deed: a manager killed between the two finds what was meant. */
static int end_vm(struct fleet *fleet, const struct vm_record *record, bool unsaved, bool on,
                  struct err *err)
{
    const struct vm_provider_ops *ops = fleet->provider->ops;

    if (unsaved && ops->write(fleet->provider, record, err) < 0)
        return -1;
    return on ? ops->stop(fleet->provider, record->id, err) : 0;
}

/* An entry that an earlier manager did not finish: if it runs it is as good as any, and whoever
 * asked for it finds it; else it goes. With the lock held. */
static void adopt(struct fleet *fleet, struct entry *entry)
{
    if (entry->on) {
        entry->record.phase = VM_PHASE_READY;
        entry->unsaved = true;
    } else {
        entry_end(fleet, entry, VM_PHASE_REMOVING, NULL, NULL);
    }
}

/* After the work, with the lock held: what is true now. */
static void note(struct fleet *fleet, struct entry *entry, int result)
{
    if (result < 0) {
        entry->retry_ms = fleet_now_ms(fleet) + RETRY_MS;
        return;
    }
    entry->unsaved = false;
    if (entry_ended(entry))
        entry->on = false;
}

static void settle(struct fleet *fleet, const char *id)
{
    struct entry *entry = NULL;
    struct vm_record record;
    struct err err;
    bool unsaved, on, removing;
    int result;

    pthread_mutex_lock(&fleet->lock);
    entry = fleet_find(fleet, id);
    if (entry != NULL)
        entry->queued = false;
    entry = fleet_claim(fleet, id);
    if (entry == NULL) {
        pthread_mutex_unlock(&fleet->lock);
        return;
    }
    if (entry->record.phase == VM_PHASE_MAKING)
        adopt(fleet, entry);
    record = entry->record;
    unsaved = entry->unsaved;
    on = entry->on;
    removing = record.phase == VM_PHASE_REMOVING;
    pthread_mutex_unlock(&fleet->lock);

    result = removing ? remove_vm(fleet, &record, &err)
                      : end_vm(fleet, &record, unsaved, on && entry_ended(entry), &err);
    if (result == 0 && removing)
        fleet_tell(fleet, record.id, record.owner, "vm.deleted", NULL);

    pthread_mutex_lock(&fleet->lock);
    note(fleet, entry, result);
    if (result == 0 && removing)
        fleet_drop(fleet, entry);
    else
        fleet_yield(fleet, entry);
    pthread_mutex_unlock(&fleet->lock);
}

static void run_errand(void *arg)
{
    struct errand *errand = arg;

    settle(errand->fleet, errand->id);
    free(errand);
}

int fleet_start_workers(struct fleet *fleet, struct err *err)
{
    if (worker_start("settle", SETTLERS, QUEUE_MAX, &fleet->workers, err) < 0)
        return -1;
    if (worker_start("gate", GATES, QUEUE_MAX, &fleet->gates, err) == 0)
        return 0;
    worker_stop(fleet->workers);
    return -1;
}

void fleet_settle_later(struct fleet *fleet, const char *id)
{
    struct errand *errand = mem_new(struct errand);
    struct entry *entry = NULL;
    struct err err;

    errand->fleet = fleet;
    memcpy(errand->id, id, VM_ID_SIZE);
    pthread_mutex_lock(&fleet->lock);
    entry = fleet_find(fleet, id);
    if (entry == NULL || entry->queued) {
        pthread_mutex_unlock(&fleet->lock);
        free(errand);
        return;
    }
    entry->queued = true;
    pthread_mutex_unlock(&fleet->lock);

    if (worker_add(fleet->workers, run_errand, errand, &err) == 0)
        return;
    free(errand); /* the keeper asks again */
    pthread_mutex_lock(&fleet->lock);
    entry = fleet_find(fleet, id);
    if (entry != NULL)
        entry->queued = false;
    pthread_mutex_unlock(&fleet->lock);
}

/* --- removal on demand --------------------------------------------------------- */

/* Writes down that the VM goes; with the lock held and the entry claimed. */
static int mark_removed(struct fleet *fleet, struct entry *entry, struct err *err)
{
    struct vm_record before = entry->record, after;
    int result = 0;

    entry_end(fleet, entry, VM_PHASE_REMOVING, NULL, NULL);
    after = entry->record;
    pthread_mutex_unlock(&fleet->lock);
    result = fleet->provider->ops->write(fleet->provider, &after, err);
    pthread_mutex_lock(&fleet->lock);

    if (result < 0 && err->kind != ERR_NOT_FOUND) {
        entry->record = before;
        return -1;
    }
    entry->unsaved = false;
    return 0;
}

int fleet_remove(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                 struct vm *ret, struct err *err)
{
    struct entry *entry = NULL;
    struct vm_record record;
    bool fresh = false;
    int result = fleet_get(fleet, caller, id, ret, err);

    if (result < 0 || ret->state == API_VM_STOPPING)
        return result;
    vm_release(ret);

    pthread_mutex_lock(&fleet->lock);
    entry = fleet_claim(fleet, id);
    if (entry == NULL) {
        pthread_mutex_unlock(&fleet->lock);
        return err_set(err, ERR_STATE, "the VM is being changed by somebody else; try again");
    }
    fresh = entry->record.phase != VM_PHASE_REMOVING;
    if (fresh)
        result = mark_removed(fleet, entry, err);
    record = entry->record;
    if (result == 0)
        entry_view(fleet, entry, ret);
    fleet_yield(fleet, entry);
    pthread_mutex_unlock(&fleet->lock);

    if (result == 0 && fresh)
        fleet_tell(fleet, record.id, record.owner, "vm.stopping", NULL);
    if (result == 0)
        fleet_settle_later(fleet, record.id);
    return result;
}
