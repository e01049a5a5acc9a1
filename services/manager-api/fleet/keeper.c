#include "lib/base/clock.h"
#include "lib/program/log.h"
#include "services/manager-api/fleet/gate.h"
#include "services/manager-api/vm/process.h"

#include <stdio.h>
#include <time.h>

#define LOOK_MS     500  /* between looks into the shares */
#define LIST_MS     3000 /* between lists of the definitions, when nothing happens */
#define LIST_MIN_MS 200  /* and when much does */
#define COMPLAIN_MS 60000

/* --- what an agent said ------------------------------------------------------- */

static struct json *computation_of(const struct share_state *said)
{
    struct json *data = json_new_object();

    json_set_str(data, "id", said->computation_id[0] ? said->computation_id : NULL);
    json_set_str(data, "state", state_names[said->state]);
    if (said->failure[0] != '\0')
        json_set_str(data, "failure", said->failure);
    return data;
}

/* What was found in one look. */
struct look {
    struct watch_news news;
    struct gate_view gate;
    const char *refusal; /* the firmware's; see console_find_refusal() */
};

static void look_done(struct look *look)
{
    watch_news_release(&look->news);
}
#define OWNED_LOOK __attribute__((cleanup(look_done))) struct look

static void apply_state(struct fleet *fleet, struct entry *entry, const struct look *look,
                        struct tidings *tidings)
{
    const struct share_state *state = &look->news.state;
    bool first = !entry->heard;
    bool moved = first || state->state != entry->said.state ||
                 strcmp(state->computation_id, entry->said.computation_id) != 0;
    int64_t written = entry->watch.state_mark.mtime_ns / 1000000000;
    int64_t now = fleet_now(fleet);

    if (strcmp(state->pin, entry->said.pin) != 0)
        entry->gate_useless = (struct watch_mark){0}; /* it may be of this key */
    entry->heard = true;
    entry->heard_ms = fleet_now_ms(fleet);
    entry->last_seen = written > entry->record.created_at && written < now ? written : now;
    entry->silent = false;
    entry->said = *state;
    if (first)
        gate_step(fleet, entry, &look->gate, tidings);
    if (moved)
        tidings_add(tidings, entry, "vm.computation", computation_of(state));
}

static void apply_events(struct entry *entry, struct watch_news *news, struct tidings *tidings)
{
    for (size_t i = 0; i < news->event_count; i++) {
        struct share_event *event = &news->events[i];
        struct json *data = json_new_object();
        char type[TIDING_TYPE_SIZE];

        snprintf(type, sizeof(type), "agent.%s", event->type);
        json_set_int(data, "id", (int64_t)event->id);
        json_set_str(data, "subject", event->subject);
        json_set(data, "data", GIVE(event->data));
        tidings_add(tidings, entry, type, data);
    }
}

/* A share that cannot be read is worth a word, not a word each half second. */
static void complain(struct fleet *fleet, struct entry *entry, const struct watch_news *news,
                     struct tidings *tidings)
{
    int64_t now_ms = fleet_now_ms(fleet);
    struct json *data = NULL;

    if (news->dropped == 0 && news->problem[0] == '\0')
        return;
    if (entry->complained_ms != 0 && now_ms - entry->complained_ms < COMPLAIN_MS)
        return;
    entry->complained_ms = now_ms;
    data = json_new_object();
    json_set_int(data, "dropped_events", news->dropped);
    json_set_str(data, "problem", news->problem[0] ? news->problem : NULL);
    tidings_add(tidings, entry, "vm.share", data);
}

static void fail(struct fleet *fleet, struct entry *entry, const char *kind, const char *detail,
                 struct tidings *tidings)
{
    entry_end(fleet, entry, VM_PHASE_FAILED, kind, detail);
    tidings_add(tidings, entry, "vm.failed", fleet_reason(kind, detail));
}

static void fail_refused(struct fleet *fleet, struct entry *entry, const char *refusal,
                         struct tidings *tidings)
{
    char detail[128];

    snprintf(detail, sizeof(detail),
             "Secure Boot: the image's keys did not sign what is on its disk (the firmware: %s)",
             refusal);
    fail(fleet, entry, "boot", detail, tidings);
}

/* Once is enough. */
static void note_blindness(struct fleet *fleet, const struct watch_news *news)
{
    bool first = false;

    pthread_mutex_lock(&fleet->lock);
    first = news->blind && !fleet->blind;
    if (first)
        fleet->blind = true;
    pthread_mutex_unlock(&fleet->lock);
    if (first)
        log_warn("the VMs' processes may not be looked at, so that files which guests remove and "
                 "keep open count towards no limit: see 'What a guest may do to the host' in "
                 "docs/manager.md");
}

/* With the lock held. */
static void apply_look(struct fleet *fleet, struct entry *entry, struct look *look,
                       struct tidings *tidings)
{
    if (look->news.heard)
        apply_state(fleet, entry, look, tidings);
    gate_step(fleet, entry, &look->gate, tidings);
    apply_events(entry, &look->news, tidings);
    complain(fleet, entry, &look->news, tidings);
    if (entry_ended(entry) || entry->busy)
        return;
    if (look->news.violation[0] != '\0')
        fail(fleet, entry, "share", look->news.violation, tidings);
    else if (look->refusal != NULL && !entry->heard)
        fail_refused(fleet, entry, look->refusal, tidings);
}

void fleet_watch_one(struct fleet *fleet, const char *id)
{
    OWNED_LOOK look = {0};
    OWNED_TIDINGS tidings = {0};
    struct share_paths paths;
    struct entry *entry = NULL;
    struct vm_hypervisor hypervisor;
    struct watch watch = {0};
    bool closed = false, marked = false, listens = false;
    char vouched[SHARE_PIN_SIZE] = "";
    struct err ignored;

    pthread_mutex_lock(&fleet->lock);
    entry = fleet_find(fleet, id);
    if (entry != NULL) {
        watch = entry->watch;
        closed = entry->gate == GATE_CLOSED;
        listens = !entry->heard && entry->record.secure_boot && entry->record.debug;
        memcpy(vouched, entry->vouched, sizeof(vouched));
    }
    hypervisor = fleet->hypervisor;
    pthread_mutex_unlock(&fleet->lock);
    if (entry == NULL || share_paths_of(fleet->state_dir, id, &paths, &ignored) < 0)
        return;
    if (listens)
        look.refusal = console_find_refusal(&paths);
    watch.process = process_of(&hypervisor, id);
    watch_look(&watch, paths.out, fleet_now_ms(fleet), &look.news);
    if (closed ||
        (vouched[0] != '\0' && look.news.heard && strcmp(look.news.state.pin, vouched) != 0))
        gate_look(fleet, &paths, &look.gate);
    note_blindness(fleet, &look.news);

    pthread_mutex_lock(&fleet->lock);
    entry = fleet_find(fleet, id);
    if (entry != NULL && entry->record.phase != VM_PHASE_REMOVING) {
        bool was_marked = entry->gate == GATE_MARKED;

        entry->watch = watch;
        apply_look(fleet, entry, &look, &tidings);
        marked = !was_marked && entry->gate == GATE_MARKED;
    }
    pthread_mutex_unlock(&fleet->lock);
    tidings_tell(&tidings, fleet);
    if (marked)
        gate_check_later(fleet, id);
}

/* --- what the clock says --------------------------------------------------------- */

static void check_clock(struct fleet *fleet, struct entry *entry, struct tidings *tidings)
{
    const struct fleet_config *config = &fleet->config;
    int64_t now_ms = fleet_now_ms(fleet);
    char detail[192];

    if (entry->deadline_ms != 0 && now_ms >= entry->deadline_ms) {
        entry_end(fleet, entry, VM_PHASE_EXPIRED, NULL, NULL);
        tidings_add(tidings, entry, "vm.expired", NULL);
    } else if (!entry->heard && now_ms - entry->started_ms > (int64_t)config->boot_timeout_ms) {
        snprintf(detail, sizeof(detail), "the agent was not heard within %llu s%s",
                 (unsigned long long)config->boot_timeout_ms / 1000,
                 entry->record.secure_boot
                     ? "; it is the same where the firmware refuses what another key signed, which "
                       "the console of a debug image tells"
                     : "");
        fail(fleet, entry, "boot", detail, tidings);
    } else if (entry->heard && !entry->silent &&
               now_ms - entry->heard_ms > (int64_t)config->silence_timeout_ms) {
        entry->silent = true;
        tidings_add(tidings, entry, "vm.silent", NULL);
    }
}

static bool is_stale(const struct fleet *fleet, const struct entry *entry)
{
    return entry_ended(entry) && entry->record.phase != VM_PHASE_REMOVING &&
           fleet_now(fleet) - entry->record.ended_at >=
               (int64_t)(fleet->config.retention_ms / 1000);
}

static bool needs_settling(const struct fleet *fleet, const struct entry *entry)
{
    bool making = entry->record.phase == VM_PHASE_MAKING;

    if (entry->busy || entry->queued)
        return false;
    if (making && entry->on)
        return true; /* it did start, so there is nothing to wait for */
    if (entry->retry_ms > fleet_now_ms(fleet))
        return false;
    return entry->unsaved || making || entry->record.phase == VM_PHASE_REMOVING ||
           (entry_ended(entry) && entry->on);
}

/* The ids of the entries that a test holds for; freed by the caller. */
static char (*collect(struct fleet *fleet,
                      bool (*test)(const struct fleet *fleet, const struct entry *entry),
                      size_t *ret_count))[VM_ID_SIZE]
{
    char(*ids)[VM_ID_SIZE] = NULL;
    size_t count = 0;

    pthread_mutex_lock(&fleet->lock);
    ids = mem_zeroed(fleet->count + 1, VM_ID_SIZE);
    for (size_t i = 0; i < fleet->count; i++)
        if (test(fleet, fleet->entries[i]))
            memcpy(ids[count++], fleet->entries[i]->record.id, VM_ID_SIZE);
    pthread_mutex_unlock(&fleet->lock);
    *ret_count = count;
    return ids;
}

static bool is_watched(const struct fleet *fleet, const struct entry *entry)
{
    (void)fleet;
    return entry->record.phase == VM_PHASE_READY && !entry->busy;
}

void fleet_watch(struct fleet *fleet)
{
    OWNED_TIDINGS tidings = {0};
    size_t count = 0;
    char(*ids)[VM_ID_SIZE] = collect(fleet, is_watched, &count);

    for (size_t i = 0; i < count; i++)
        fleet_watch_one(fleet, ids[i]);
    free(ids);

    pthread_mutex_lock(&fleet->lock);
    for (size_t i = 0; i < fleet->count; i++) {
        struct entry *entry = fleet->entries[i];

        if (is_watched(fleet, entry))
            check_clock(fleet, entry, &tidings);
        else if (!entry->busy && is_stale(fleet, entry))
            entry_end(fleet, entry, VM_PHASE_REMOVING, NULL, NULL);
    }
    pthread_mutex_unlock(&fleet->lock);
    tidings_tell(&tidings, fleet);
}

/* --- the thread -------------------------------------------------------------------- */

static void settle_all(struct fleet *fleet)
{
    size_t count = 0;
    char(*ids)[VM_ID_SIZE] = collect(fleet, needs_settling, &count);

    for (size_t i = 0; i < count; i++)
        fleet_settle_later(fleet, ids[i]);
    free(ids);
}

static struct timespec moment_in(int64_t ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += ms % 1000 * 1000000;
    at.tv_sec += ms / 1000 + at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

/* Waits until it is time for a look, or somebody called and the last list is old enough; false when
 * the fleet ends. This is about real time, whatever clock the VMs' lives are measured with. */
static bool rest(struct fleet *fleet, int64_t listed_ms)
{
    int64_t until = clock_monotonic_ms() + LOOK_MS, wake = 0;
    struct timespec at;
    bool ending;

    pthread_mutex_lock(&fleet->lock);
    while (!fleet->ending) {
        wake = fleet->woken && listed_ms + LIST_MIN_MS < until ? listed_ms + LIST_MIN_MS : until;
        if (clock_monotonic_ms() >= wake)
            break;
        at = moment_in(wake - clock_monotonic_ms());
        pthread_cond_clockwait(&fleet->changed, &fleet->lock, CLOCK_MONOTONIC, &at);
    }
    ending = fleet->ending;
    pthread_mutex_unlock(&fleet->lock);
    return !ending;
}

/* Whether to list the definitions now; if so forgets that somebody called. */
static bool is_time_to_list(struct fleet *fleet, int64_t listed_ms)
{
    int64_t waited = clock_monotonic_ms() - listed_ms;
    bool now;

    pthread_mutex_lock(&fleet->lock);
    now = listed_ms == 0 || waited >= LIST_MS || (fleet->woken && waited >= LIST_MIN_MS);
    if (now)
        fleet->woken = false;
    pthread_mutex_unlock(&fleet->lock);
    return now;
}

void *fleet_keep(void *arg)
{
    struct fleet *fleet = arg;
    int64_t listed_ms = 0;

    do {
        if (is_time_to_list(fleet, listed_ms)) {
            fleet_reconcile(fleet);
            listed_ms = clock_monotonic_ms();
        }
        fleet_watch(fleet);
        settle_all(fleet);
    } while (rest(fleet, listed_ms));
    return NULL;
}
