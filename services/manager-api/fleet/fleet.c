#include "services/manager-api/fleet/fleet.h"

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "services/manager-api/fleet/entry.h"

#include <stdio.h>
#include <time.h>

#define CLAIM_TIMEOUT_S 45

/* --- entries --- */

struct entry *fleet_find(struct fleet *fleet, const char *id)
{
    for (size_t i = 0; i < fleet->count; i++)
        if (strcmp(fleet->entries[i]->record.id, id) == 0)
            return fleet->entries[i];
    return NULL;
}

static bool may_see(const struct fleet_caller *caller, const struct entry *entry)
{
    return caller->all || strcmp(caller->owner, entry->record.owner) == 0;
}

struct entry *fleet_find_for(struct fleet *fleet, const struct fleet_caller *caller, const char *id)
{
    struct entry *entry = fleet_find(fleet, id);

    return entry != NULL && may_see(caller, entry) ? entry : NULL;
}

/* The order of lists: by time, then by id, so that a cursor means something even when its VM is
 * gone. */
static int compare(const struct vm_record *a, int64_t created_at, const char *id)
{
    if (a->created_at != created_at)
        return a->created_at < created_at ? -1 : 1;
    return strcmp(a->id, id);
}

void fleet_add(struct fleet *fleet, struct entry *entry)
{
    size_t at = fleet->count;

    fleet->entries = mem_resize(fleet->entries, fleet->count + 1, sizeof(struct entry *));
    while (at > 0 && compare(&fleet->entries[at - 1]->record, entry->record.created_at,
                             entry->record.id) > 0) {
        fleet->entries[at] = fleet->entries[at - 1];
        at--;
    }
    fleet->entries[at] = entry;
    fleet->count++;
}

void fleet_drop(struct fleet *fleet, struct entry *entry)
{
    size_t at = 0;

    while (fleet->entries[at] != entry)
        at++;
    memmove(&fleet->entries[at], &fleet->entries[at + 1],
            (fleet->count - at - 1) * sizeof(struct entry *));
    fleet->count--;
    free(entry);
    pthread_cond_broadcast(&fleet->changed);
}

struct entry *fleet_claim(struct fleet *fleet, const char *id)
{
    struct entry *entry = NULL;
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += CLAIM_TIMEOUT_S;
    while ((entry = fleet_find(fleet, id)) != NULL && entry->busy)
        if (pthread_cond_clockwait(&fleet->changed, &fleet->lock, CLOCK_MONOTONIC, &until) != 0)
            return NULL;
    if (entry != NULL)
        entry->busy = true;
    return entry;
}

void fleet_yield(struct fleet *fleet, struct entry *entry)
{
    entry->busy = false;
    entry->touched_ms = fleet_now_ms(fleet);
    pthread_cond_broadcast(&fleet->changed);
}

/* --- small things ------------------------------------------------------------ */

int64_t fleet_now(const struct fleet *fleet)
{
    return fleet->config.clock.now();
}

int64_t fleet_now_ms(const struct fleet *fleet)
{
    return fleet->config.clock.monotonic_ms();
}

void fleet_tell(struct fleet *fleet, const char *id, const char *owner, const char *type,
                struct json *data)
{
    struct fleet_event event = {
        .time = fleet_now(fleet), .type = type, .vm_id = id, .owner = owner, .data = data};

    fleet->config.tell(fleet->config.tell_ctx, &event);
}

struct json *fleet_reason(const char *kind, const char *detail)
{
    struct json *data = json_new_object();

    json_set_str(data, "kind", kind);
    json_set_str(data, "detail", detail);
    return data;
}

static int not_found(const char *id, struct err *err)
{
    OWNED_BUF text = BUF_OF(1 * KIB);

    text_add_printable(&text, span_of_str(id), 80);
    return err_set(err, ERR_NOT_FOUND, "there is no VM '%s'", buf_str(&text));
}

static int check_ready(const struct fleet *fleet, struct err *err)
{
    if (!fleet->known)
        return err_set(err, ERR_UNAVAILABLE, "the VMs are not known yet: %s", fleet->problem);
    return 0;
}

/* --- life ---------------------------------------------------------------------- */

static int read_boot_id(char out[static VM_ID_SIZE], struct err *err)
{
    OWNED_BUF text = BUF_OF(64);

    if (file_read("/proc/sys/kernel/random/boot_id", &text, err) < 0)
        return -1;
    snprintf(out, VM_ID_SIZE, "%s", buf_str(&text));
    return 0;
}

int fleet_open(const struct fleet_config *config, struct vm_provider *provider, struct fleet **ret,
               struct err *err)
{
    struct fleet *fleet = mem_new(struct fleet);
    OWNED(free_str) char *vms = mem_printf("%s/vms", config->state_dir);

    fleet->config = *config;
    fleet->provider = provider;
    snprintf(fleet->state_dir, sizeof(fleet->state_dir), "%s", config->state_dir);
    snprintf(fleet->image_dir, sizeof(fleet->image_dir), "%s", config->image_dir);
    snprintf(fleet->host_root, VM_PATH_SIZE, "%s", config->host_root ? config->host_root : "");
    snprintf(fleet->cvms_servers, CVMS_SERVERS_SIZE, "%s",
             config->cvms_servers ? config->cvms_servers : "");
    if (config->verifier != NULL)
        snprintf(fleet->verifier, sizeof(fleet->verifier), "%s", config->verifier);
    snprintf(fleet->manager, sizeof(fleet->manager), "%s", config->manager);
    snprintf(fleet->problem, sizeof(fleet->problem), "the hypervisor has not answered yet");
    pthread_mutex_init(&fleet->lock, NULL);
    pthread_cond_init(&fleet->changed, NULL);
    if (read_boot_id(fleet->boot_id, err) < 0 || file_make_dirs(vms, 0711, err) < 0 ||
        fleet_start_workers(fleet, err) < 0) {
        free(fleet);
        return -1;
    }
    if (pthread_create(&fleet->keeper, NULL, fleet_keep, fleet) != 0)
        abort(); /* out of threads at the very start */
    pthread_setname_np(fleet->keeper, "keeper");
    *ret = fleet;
    return 0;
}

void fleet_close(struct fleet *fleet)
{
    if (fleet == NULL)
        return;
    pthread_mutex_lock(&fleet->lock);
    fleet->ending = true;
    pthread_cond_broadcast(&fleet->changed);
    pthread_mutex_unlock(&fleet->lock);
    pthread_join(fleet->keeper, NULL);
    worker_stop(fleet->gates);
    worker_stop(fleet->workers);

    for (size_t i = 0; i < fleet->count; i++)
        free(fleet->entries[i]);
    free(fleet->entries);
    free(fleet->foreign);
    pthread_cond_destroy(&fleet->changed);
    pthread_mutex_destroy(&fleet->lock);
    free(fleet);
}

void fleet_wake(struct fleet *fleet)
{
    pthread_mutex_lock(&fleet->lock);
    fleet->woken = true;
    pthread_cond_broadcast(&fleet->changed);
    pthread_mutex_unlock(&fleet->lock);
}

void fleet_wait(struct fleet *fleet, unsigned timeout_s)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_s;
    pthread_mutex_lock(&fleet->lock);
    while (!fleet->known)
        if (pthread_cond_clockwait(&fleet->changed, &fleet->lock, CLOCK_MONOTONIC, &until) != 0)
            break;
    pthread_mutex_unlock(&fleet->lock);
}

int fleet_ready(struct fleet *fleet, struct err *err)
{
    int result = 0;

    pthread_mutex_lock(&fleet->lock);
    result = check_ready(fleet, err);
    if (result == 0 && !fleet->connected)
        result = err_set(err, ERR_UNAVAILABLE, "%s", fleet->problem);
    pthread_mutex_unlock(&fleet->lock);
    return result;
}

/* --- reading --------------------------------------------------------------------- */

int fleet_get(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
              struct vm *ret, struct err *err)
{
    const struct entry *entry = NULL;
    int result = 0;

    pthread_mutex_lock(&fleet->lock);
    result = check_ready(fleet, err);
    if (result == 0) {
        entry = fleet_find_for(fleet, caller, id);
        if (entry != NULL)
            entry_view(fleet, entry, ret);
        else
            result = not_found(id, err);
    }
    pthread_mutex_unlock(&fleet->lock);
    return result;
}

/* A cursor is the place after which to go on: "TIME-ID". */
static int parse_cursor(const char *cursor, int64_t *ret_created, const char **ret_id,
                        struct err *err)
{
    const char *dash = strchr(cursor, '-');
    char head[24];
    uint64_t created = 0;

    if (dash == NULL || (size_t)(dash - cursor) >= sizeof(head) || strlen(dash + 1) >= VM_ID_SIZE)
        return err_set_at(err, ERR_INPUT, "/cursor", "cursor: is none of ours");
    memcpy(head, cursor, (size_t)(dash - cursor));
    head[dash - cursor] = '\0';
    if (text_parse_u64(head, INT64_MAX, &created, err) < 0)
        return err_set_at(err, ERR_INPUT, "/cursor", "cursor: is none of ours");
    *ret_created = (int64_t)created;
    *ret_id = dash + 1;
    return 0;
}

static void list_page(struct fleet *fleet, const struct fleet_caller *caller,
                      const struct fleet_query *query, size_t from, struct vm_list *ret)
{
    struct vm *items = mem_zeroed(query->limit, sizeof(*items));
    size_t count = 0;

    for (size_t i = from; i < fleet->count; i++) {
        const struct entry *entry = fleet->entries[i];

        if (!may_see(caller, entry) ||
            (query->state >= 0 && (int)entry_state(entry) != query->state))
            continue;
        if (count == query->limit) {
            const struct vm *last = &items[count - 1];

            ret->next = mem_printf("%lld-%s", (long long)last->created_at, last->id);
            break;
        }
        entry_view(fleet, entry, &items[count++]);
    }
    ret->items = (struct json_list){.items = items, .count = count};
}

int fleet_list(struct fleet *fleet, const struct fleet_caller *caller,
               const struct fleet_query *query, struct vm_list *ret, struct err *err)
{
    int64_t created = 0;
    const char *id = "";
    size_t from = 0;
    int result = 0;

    if (query->cursor != NULL && parse_cursor(query->cursor, &created, &id, err) < 0)
        return -1;
    *ret = (struct vm_list){.next = NULL};
    pthread_mutex_lock(&fleet->lock);
    result = check_ready(fleet, err);
    while (query->cursor != NULL && from < fleet->count &&
           compare(&fleet->entries[from]->record, created, id) <= 0)
        from++;
    if (result == 0)
        list_page(fleet, caller, query, from, ret);
    pthread_mutex_unlock(&fleet->lock);
    return result;
}

void fleet_list_release(struct vm_list *list)
{
    json_release(&vm_list_table, list);
}

/* A copy of the record of a VM that the caller may see. */
static int copy_record(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                       struct vm_record *ret, struct err *err)
{
    const struct entry *entry = NULL;
    int result = 0;

    pthread_mutex_lock(&fleet->lock);
    result = check_ready(fleet, err);
    entry = fleet_find_for(fleet, caller, id);
    if (result == 0 && entry == NULL)
        result = not_found(id, err);
    if (result == 0)
        *ret = entry->record;
    pthread_mutex_unlock(&fleet->lock);
    return result;
}

int fleet_owner(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                char out[static VM_NAME_SIZE], struct err *err)
{
    struct vm_record record;

    if (copy_record(fleet, caller, id, &record, err) < 0)
        return -1;
    memcpy(out, record.owner, VM_NAME_SIZE);
    return 0;
}

int fleet_paths(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                struct share_paths *ret, struct err *err)
{
    bool known;

    pthread_mutex_lock(&fleet->lock);
    known = fleet_find_for(fleet, caller, id) != NULL;
    pthread_mutex_unlock(&fleet->lock);
    if (!known)
        return err_set(err, ERR_NOT_FOUND, "there is no such VM");
    return share_paths_of(fleet->state_dir, id, ret, err);
}

int fleet_measure(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                  struct vm_stats *ret, struct err *err)
{
    struct vm_record record;

    if (copy_record(fleet, caller, id, &record, err) < 0)
        return -1;
    return fleet->provider->ops->measure(fleet->provider, record.id, ret, err);
}

void fleet_count(struct fleet *fleet, struct fleet_figures *ret)
{
    *ret = (struct fleet_figures){.on = 0};
    pthread_mutex_lock(&fleet->lock);
    for (size_t i = 0; i < fleet->count; i++) {
        const struct entry *entry = fleet->entries[i];

        ret->count[entry_state(entry)]++;
        if (!entry_ended(entry) || entry->on) {
            ret->on++;
            ret->memory_mib += entry->record.memory_mib;
        }
    }
    ret->connected = fleet->connected;
    ret->hypervisor = fleet->hypervisor;
    memcpy(ret->problem, fleet->problem, sizeof(ret->problem));
    pthread_mutex_unlock(&fleet->lock);
}

void fleet_host(struct fleet *fleet, struct platform_host *ret)
{
    pthread_mutex_lock(&fleet->lock);
    *ret = (struct platform_host){fleet->config.tee, fleet->hypervisor, fleet->config.kvm};
    pthread_mutex_unlock(&fleet->lock);
}
