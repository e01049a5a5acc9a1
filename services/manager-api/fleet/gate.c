#include "services/manager-api/fleet/gate.h"

#include "lib/computation/failure.h"
#include "lib/program/log.h"
#include "services/manager-api/fleet/attestation.h"
#include "services/manager-api/fleet/policy.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVIDENCE_WAIT_MS                                                                           \
    60000             /* after the first word, or a new key: an emulated TPM takes its time */
#define RETRY_MS 2000 /* when it is this host that could not look */
#define PAUSE_MS 1000 /* between two checks of one VM, whatever its guest does */

/* --- looking --- */

static bool find_evidence(const struct share_paths *paths, struct watch_mark *ret)
{
    OWNED(close_fd) int dir_fd = open(paths->out, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;

    if (dir_fd < 0 || fstatat(dir_fd, JUDGE_EVIDENCE, &info, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(info.st_mode))
        return false;
    *ret = watch_mark_of(&info);
    return true;
}

void gate_look(const struct fleet *fleet, const struct share_paths *paths, struct gate_view *ret)
{
    OWNED_JSON *policy = NULL;
    struct err err;

    /* Values that are there and cannot be read are no reason to do without. */
    *ret = (struct gate_view){
        .looked = true,
        .needed = fleet->verifier[0] != '\0' &&
                  (policy_find(paths, &policy, &err) == 0 || err.kind != ERR_STATE),
    };
    ret->evidence = find_evidence(paths, &ret->mark);
}

/* --- what comes of it --- */

static void open_gate(struct entry *entry, enum api_attestation attestation,
                      struct tidings *tidings)
{
    entry->gate = GATE_OPEN;
    entry->attestation = attestation;
    tidings_add(tidings, entry, "vm.running", NULL);
}

static void reject(struct fleet *fleet, struct entry *entry, const char *reason,
                   struct tidings *tidings)
{
    entry->gate = GATE_OPEN; /* nothing more to decide: it has failed */
    entry->attestation = API_REJECTED;
    entry_end(fleet, entry, VM_PHASE_FAILED, "attestation", reason);
    tidings_add(tidings, entry, "vm.failed", fleet_reason("attestation", reason));
}

static bool has_new_key(const struct entry *entry)
{
    return entry->gate == GATE_OPEN && entry->attestation == API_ACCEPTED &&
           strcmp(entry->said.pin, entry->vouched) != 0;
}

/* What was accepted was accepted of another key. */
static void close_again(struct fleet *fleet, struct entry *entry, struct tidings *tidings)
{
    struct json *data = json_new_object();

    entry->gate = GATE_CLOSED;
    entry->attestation = API_UNCHECKED;
    entry->vouched[0] = '\0';
    entry->gate_since_ms = fleet_now_ms(fleet);
    json_set_str(data, "reason", "the agent has another key now");
    tidings_add(tidings, entry, "vm.attesting", data);
}

static void give_up(struct fleet *fleet, struct entry *entry, bool evidence,
                    struct tidings *tidings)
{
    const char *reason = entry->proven ? "the agent has another key, and gave no evidence of it"
                         : evidence    ? "the guest gave no evidence of the key that it says it has"
                                       : "the guest gave no evidence of its boot";

    reject(fleet, entry, reason, tidings);
}

void gate_step(struct fleet *fleet, struct entry *entry, const struct gate_view *view,
               struct tidings *tidings)
{
    int64_t now_ms = fleet_now_ms(fleet);
    bool fresh = view->evidence && !watch_mark_equal(&view->mark, &entry->gate_useless);

    if (!entry->heard || entry_ended(entry))
        return;
    if (has_new_key(entry))
        close_again(fleet, entry, tidings);
    if (!view->looked || entry->gate != GATE_CLOSED)
        return;
    if (strcmp(entry->said.failure, failure_kind_names[FAILURE_LAUNCH]) == 0) {
        if (!entry->busy)
            reject(fleet, entry,
                   "the guest's own report has another launch measurement than the image's IGVM "
                   "file, or the guest could not compare them; its agent's state says which",
                   tidings);
        return;
    }
    if (!view->needed) {
        open_gate(entry, API_UNCHECKED, tidings);
        return;
    }
    if (entry->gate_since_ms == 0) {
        entry->gate_since_ms = now_ms;
        tidings_add(tidings, entry, "vm.attesting", NULL);
    }
    if (fresh && now_ms >= entry->gate_again_ms)
        entry->gate = GATE_MARKED;
    else if (!fresh && now_ms - entry->gate_since_ms > EVIDENCE_WAIT_MS && !entry->busy)
        give_up(fleet, entry, view->evidence, tidings);
}

/* --- checking, in a worker --- */

struct check {
    struct fleet *fleet;
    char id[VM_ID_SIZE];
    int64_t since_ms; /* when the VM began to wait */
    struct judgement judgement;
};

static struct json *finding_ids(const struct json *verdict)
{
    const struct json *findings = json_get(verdict, "findings");
    struct json *ids = json_new_array();

    for (size_t i = 0; i < json_count(findings); i++)
        json_add(ids, json_new_str(json_get_str(json_at(findings, i), "id")));
    return ids;
}

/* With the lock held. */
static void decide(struct check *check, struct entry *entry, struct tidings *tidings)
{
    const struct judgement *judgement = &check->judgement;
    bool accepted = judgement->result == JUDGED_ACCEPTED;
    struct json *data = json_new_object();

    json_set_str(data, "attestation",
                 api_attestation_names[accepted ? API_ACCEPTED : API_REJECTED]);
    json_set(data, "findings", finding_ids(judgement->verdict));
    tidings_add(tidings, entry, "vm.attestation", data);
    if (!accepted) {
        reject(check->fleet, entry, judgement->reason, tidings);
        return;
    }
    memcpy(entry->vouched, judgement->pin, sizeof(entry->vouched));
    entry->proven = true;
    open_gate(entry, API_ACCEPTED, tidings);
}

static bool may_wait(const struct check *check)
{
    return fleet_now_ms(check->fleet) - check->since_ms <= EVIDENCE_WAIT_MS;
}

/* Nothing is decided yet: a host that is short of something does not end its guests for it at once,
 * and an agent that says that it has a new key may still be writing the evidence of it. */
static bool is_open_question(const struct check *check)
{
    return (check->judgement.result == JUDGED_NOT || check->judgement.result == JUDGED_OTHER_KEY) &&
           may_wait(check);
}

/* With the lock held: the agent said meanwhile that its key is another one. That takes nothing back
 * of what is wrong with the machine, or whoever says another one again and again is never rejected.
 */
static bool is_overtaken(const struct check *check, const struct entry *entry)
{
    return (check->judgement.result == JUDGED_ACCEPTED ||
            check->judgement.result == JUDGED_OTHER_KEY) &&
           strcmp(check->judgement.pin, entry->said.pin) != 0;
}

/* Nor is anybody waited for who is overtaken until his time is up. */
static void refuse_flight(struct check *check)
{
    struct judgement *judgement = &check->judgement;

    judgement->result = JUDGED_REJECTED;
    snprintf(judgement->reason, sizeof(judgement->reason),
             "the guest named one key after the other, and was at none of them when its evidence "
             "had been looked at");
}

static void look_again(const struct check *check, struct entry *entry)
{
    const struct judgement *judgement = &check->judgement;

    entry->gate = GATE_CLOSED;
    if (judgement->result == JUDGED_NOT)
        log_warn("VM %s: its evidence is looked at again: %s", check->id, judgement->reason);
    else if (!is_overtaken(check, entry))
        entry->gate_useless = judgement->evidence;
}

static bool begin(struct check *check)
{
    struct judgement *judgement = &check->judgement;
    struct fleet *fleet = check->fleet;
    struct entry *entry = NULL;
    struct err unused;

    pthread_mutex_lock(&fleet->lock);
    entry = fleet_find(fleet, check->id);
    if (entry != NULL) {
        memcpy(judgement->nonce, entry->record.nonce, sizeof(judgement->nonce));
        memcpy(judgement->pin, entry->said.pin, sizeof(judgement->pin));
        memcpy(judgement->failure, entry->said.failure, sizeof(judgement->failure));
        judgement->proven = entry->proven;
        check->since_ms = entry->gate_since_ms;
    }
    pthread_mutex_unlock(&fleet->lock);
    judgement->verifier = fleet->verifier;
    return entry != NULL &&
           share_paths_of(fleet->state_dir, check->id, &judgement->paths, &unused) == 0;
}

/* With the lock held but for the while that the verdict is written, before anybody can ask for it.
 * The entry is ours meanwhile; a key that is said then is as one that is said afterwards. */
static void keep_and_decide(struct check *check, struct entry *entry, struct tidings *tidings)
{
    struct fleet *fleet = check->fleet;

    pthread_mutex_unlock(&fleet->lock);
    attestation_keep(fleet, &check->judgement);
    pthread_mutex_lock(&fleet->lock);
    if (!entry_ended(entry))
        decide(check, entry, tidings);
}

/* With the lock held, as keep_and_decide(). */
static void conclude(struct check *check, struct entry *entry, struct tidings *tidings)
{
    bool overtaken = is_overtaken(check, entry);

    if (is_open_question(check) || (overtaken && may_wait(check))) {
        look_again(check, entry);
        return;
    }
    if (overtaken)
        refuse_flight(check);
    keep_and_decide(check, entry, tidings);
}

static void end(struct check *check)
{
    OWNED_TIDINGS tidings = {0};
    struct fleet *fleet = check->fleet;
    struct entry *entry = NULL;

    pthread_mutex_lock(&fleet->lock);
    entry = fleet_claim(fleet, check->id);
    if (entry != NULL) {
        entry->gate_again_ms =
            fleet_now_ms(fleet) + (check->judgement.result == JUDGED_NOT ? RETRY_MS : PAUSE_MS);
        if (entry->gate == GATE_MARKED && !entry_ended(entry))
            conclude(check, entry, &tidings);
        fleet_yield(fleet, entry);
    }
    pthread_mutex_unlock(&fleet->lock);
    tidings_tell(&tidings, fleet);
    fleet_wake(fleet);
}

static void run_check(void *arg)
{
    struct check *check = arg;

    if (begin(check)) {
        judge(&check->judgement);
        end(check);
    }
    json_free(check->judgement.verdict);
    free(check);
}

void gate_check_later(struct fleet *fleet, const char *id)
{
    struct check *check = mem_new(struct check);
    struct entry *entry = NULL;
    struct err err;

    check->fleet = fleet;
    memcpy(check->id, id, VM_ID_SIZE);
    if (worker_add(fleet->gates, run_check, check, &err) == 0)
        return;
    free(check);
    pthread_mutex_lock(&fleet->lock);
    entry = fleet_find(fleet, id);
    if (entry != NULL && entry->gate == GATE_MARKED)
        entry->gate = GATE_CLOSED; /* the keeper marks it again */
    pthread_mutex_unlock(&fleet->lock);
}
