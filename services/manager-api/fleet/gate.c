#include "services/manager-api/fleet/gate.h"

#include "lib/attest/reference/pcr_run.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/program/log.h"
#include "services/manager-api/fleet/policy.h"
#include "services/manager-api/link/verifier.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVIDENCE_FILE    "evidence.json"
#define EVIDENCE_MAX     (2 * MIB)
#define EVIDENCE_WAIT_MS 60000 /* after the first word: an emulated TPM takes its time */
#define RETRY_MS         2000  /* when it is this host that could not look */
#define SHARE_FILE_MAX   (4 * MIB)
#define VERDICT_FILE     "attestation.json"
#define VERDICT_MAX      (8 * MIB)
#define PATH_ROOM        (VM_PATH_SIZE + 64)
#define PRIVATE_MODE     0600

/* --- looking --- */

static bool is_there(const struct share_paths *paths)
{
    OWNED(close_fd) int dir_fd = open(paths->out, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;

    return dir_fd >= 0 && fstatat(dir_fd, EVIDENCE_FILE, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(status.st_mode);
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
        .evidence = is_there(paths),
    };
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

void gate_step(struct fleet *fleet, struct entry *entry, const struct gate_view *view,
               struct tidings *tidings)
{
    int64_t now_ms = fleet_now_ms(fleet);

    if (!view->looked || !entry->heard || entry->gate != GATE_CLOSED || entry_ended(entry))
        return;
    if (!view->needed) {
        open_gate(entry, API_UNCHECKED, tidings);
        return;
    }
    if (entry->gate_since_ms == 0) {
        entry->gate_since_ms = now_ms;
        tidings_add(tidings, entry, "vm.attesting", NULL);
    }
    if (view->evidence && now_ms >= entry->gate_again_ms)
        entry->gate = GATE_MARKED;
    else if (!view->evidence && now_ms - entry->gate_since_ms > EVIDENCE_WAIT_MS && !entry->busy)
        reject(fleet, entry, "the guest gave no evidence of its boot", tidings);
}

/* --- checking, in a worker --- */

struct check {
    struct fleet *fleet;
    char id[VM_ID_SIZE];
    struct share_paths paths;
    uint8_t nonce[VM_NONCE_SIZE];
    char pin[SHARE_PIN_SIZE];
    char failure[SHARE_ID_SIZE]; /* what the agent could not use, in its own word; "": nothing */

    int64_t since_ms; /* when the VM began to wait */

    struct json *verdict; /* NULL: there is none */
    bool accepted;
    bool undecided;                 /* this host could not look, which says nothing of the guest */
    char reason[FLEET_REASON_SIZE]; /* of a rejection */
};

static int read_json(const char *dir, const char *name, struct json **ret, struct err *err)
{
    OWNED(close_fd) int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    OWNED_BUF text = BUF_OF(SHARE_FILE_MAX);

    if (dir_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open '%s'", dir);
    if (file_read_at(dir_fd, name, &text, err) < 0)
        return -1;
    return json_parse(buf_span(&text), ret, err);
}

/* What we told the guest is demanded of it, too. */
static int demand_share(const struct check *check, struct json *policy, struct err *err)
{
    OWNED_JSON *config = NULL, *manifest = NULL;
    OWNED_BUF text = BUF_OF(2 * SHARE_FILE_MAX);
    uint8_t digest[SHA256_SIZE];

    if (read_json(check->paths.in, "config.json", &config, err) < 0 ||
        pcr_run_config_digest(config, digest, err) < 0)
        return -1;
    json_set_hex(policy, "config_sha256", SPAN_OF_ARRAY(digest));
    if (read_json(check->paths.in, "manifest.json", &manifest, err) < 0)
        return err->kind == ERR_NOT_FOUND ? 0 : -1;
    if (json_canonical(manifest, &text, err) < 0)
        return -1;
    digest_of(DIGEST_SHA256, buf_span(&text), digest);
    json_set_hex(policy, "manifest_sha256", SPAN_OF_ARRAY(digest));
    return 0;
}

/* The guest may change its files while we look: what is judged is a copy. */
static int copy_evidence(const struct check *check, const char *to, struct err *err)
{
    OWNED(close_fd)
    int dir_fd = open(check->paths.out, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    OWNED_BUF text = BUF_OF(EVIDENCE_MAX);

    if (dir_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open '%s'", check->paths.out);
    if (file_read_at(dir_fd, EVIDENCE_FILE, &text, err) < 0)
        return err_wrap(err, EVIDENCE_FILE);
    return file_replace(to, buf_span(&text), PRIVATE_MODE, err);
}

static int write_policy(const struct check *check, const char *to, struct err *err)
{
    OWNED_BUF text = BUF_OF(SHARE_FILE_MAX);
    OWNED_JSON *policy = NULL;

    if (policy_find(&check->paths, &policy, err) < 0 || demand_share(check, policy, err) < 0)
        return -1;
    json_write(policy, &text);
    if (buf_check(&text, "the policy", err) < 0)
        return -1;
    return file_replace(to, buf_span(&text), PRIVATE_MODE, err);
}

static int ask(struct check *check, struct err *err)
{
    char evidence[PATH_ROOM], policy[PATH_ROOM], nonce[2 * VM_NONCE_SIZE + 1];
    const struct verifier_question question = {check->fleet->verifier, evidence, policy, nonce};

    snprintf(evidence, sizeof(evidence), "%s/checked-evidence.json", check->paths.dir);
    snprintf(policy, sizeof(policy), "%s/checked-policy.json", check->paths.dir);
    text_hex(check->nonce, VM_NONCE_SIZE, nonce);
    if (copy_evidence(check, evidence, err) < 0 || write_policy(check, policy, err) < 0)
        return -1;
    return verifier_ask(&question, &check->verdict, &check->accepted, err);
}

/* The key that we tell clients is the one that the evidence names. */
static bool names_pin(const struct check *check)
{
    const struct json *transcript = json_get(json_get(check->verdict, "claims"), "transcript");
    const char *server = json_get_str(transcript, "server");
    OWNED_BUF pin = BUF_OF(SHARE_PIN_SIZE), digest = BUF_OF(SHA256_SIZE);
    struct err unused;

    if (server == NULL || text_decode_hex(span_of_str(server), &digest, &unused) < 0)
        return false;
    buf_add_str(&pin, "sha256//");
    text_encode_base64(buf_span(&digest), &pin);
    return strcmp(buf_str(&pin), check->pin) == 0;
}

/* The first finding, in one line. */
static void find_reason(struct check *check)
{
    const struct json *findings = json_get(check->verdict, "findings");

    snprintf(check->reason, sizeof(check->reason), "the evidence of its boot is not accepted");
    for (size_t i = 0; i < json_count(findings); i++) {
        const struct json *finding = json_at(findings, i);
        const char *severity = json_get_str(finding, "severity");
        const char *expected = json_get_str(finding, "expected");
        const char *got = json_get_str(finding, "got");

        if (severity == NULL || strcmp(severity, "error") != 0)
            continue;
        snprintf(check->reason, sizeof(check->reason), "%s%s%s%s: %s; expected %.200s, got %.200s",
                 check->failure[0] ? "the agent could not use the " : "", check->failure,
                 check->failure[0] ? " that it was given; " : "", json_get_str(finding, "id"),
                 json_get_str(finding, "what"), expected ? expected : "-", got ? got : "-");
        return;
    }
}

static void judge(struct check *check)
{
    struct err err;

    if (ask(check, &err) < 0) {
        check->undecided = err.kind == ERR_SYSTEM || err.kind == ERR_TIMEOUT ||
                           err.kind == ERR_NO_SPACE || err.kind == ERR_TOO_MANY;
        snprintf(check->reason, sizeof(check->reason), "%.400s", err.text);
        return;
    }
    if (!check->accepted) {
        find_reason(check);
    } else if (!names_pin(check)) {
        check->accepted = false;
        snprintf(check->reason, sizeof(check->reason),
                 "the guest says that its key is %s, and its evidence names another", check->pin);
    }
}

/* For whoever asks later. */
static void keep(const struct check *check)
{
    OWNED_JSON *kept = json_new_object();
    OWNED_BUF text = BUF_OF(VERDICT_MAX);
    char path[PATH_ROOM];
    struct err err;

    json_set_str(kept, "attestation",
                 api_attestation_names[check->accepted ? API_ACCEPTED : API_REJECTED]);
    json_set_str(kept, "reason", check->accepted ? NULL : check->reason);
    json_set_time(kept, "checked_at", fleet_now(check->fleet));
    json_set(kept, "verdict", check->verdict != NULL ? json_new_copy(check->verdict) : NULL);
    json_write(kept, &text);
    snprintf(path, sizeof(path), "%s/" VERDICT_FILE, check->paths.dir);
    if (buf_check(&text, "a verdict", &err) < 0 ||
        file_replace(path, buf_span(&text), PRIVATE_MODE, &err) < 0)
        log_warn("VM %s: %s", check->id, err.text);
}

static struct json *finding_ids(const struct json *verdict)
{
    const struct json *findings = json_get(verdict, "findings");
    struct json *ids = json_new_array();

    for (size_t i = 0; i < json_count(findings); i++)
        json_add(ids, json_new_str(json_get_str(json_at(findings, i), "id")));
    return ids;
}

/* With the lock held. */
static void apply(struct check *check, struct entry *entry, struct tidings *tidings)
{
    struct json *data = json_new_object();

    json_set_str(data, "attestation",
                 api_attestation_names[check->accepted ? API_ACCEPTED : API_REJECTED]);
    json_set(data, "findings", finding_ids(check->verdict));
    tidings_add(tidings, entry, "vm.attestation", data);
    if (check->accepted)
        open_gate(entry, API_ACCEPTED, tidings);
    else
        reject(check->fleet, entry, check->reason, tidings);
}

/* A host that is short of something does not end its guests for it at once. */
static bool may_look_again(const struct check *check)
{
    return check->undecided && fleet_now_ms(check->fleet) - check->since_ms <= EVIDENCE_WAIT_MS;
}

static void look_again(const struct check *check, struct entry *entry)
{
    log_warn("VM %s: its evidence is looked at again: %s", check->id, check->reason);
    entry->gate = GATE_CLOSED;
    entry->gate_again_ms = fleet_now_ms(check->fleet) + RETRY_MS;
}

static bool begin(struct check *check)
{
    struct fleet *fleet = check->fleet;
    struct entry *entry = NULL;
    struct err unused;

    pthread_mutex_lock(&fleet->lock);
    entry = fleet_find(fleet, check->id);
    if (entry != NULL) {
        memcpy(check->nonce, entry->record.nonce, sizeof(check->nonce));
        memcpy(check->pin, entry->said.pin, sizeof(check->pin));
        check->since_ms = entry->gate_since_ms;
        memcpy(check->failure, entry->said.failure, sizeof(check->failure));
    }
    pthread_mutex_unlock(&fleet->lock);
    return entry != NULL &&
           share_paths_of(fleet->state_dir, check->id, &check->paths, &unused) == 0;
}

static void end(struct check *check, bool again)
{
    OWNED_TIDINGS tidings = {0};
    struct fleet *fleet = check->fleet;
    struct entry *entry = NULL;

    pthread_mutex_lock(&fleet->lock);
    entry = fleet_claim(fleet, check->id);
    if (entry != NULL) {
        if (entry->gate == GATE_MARKED && !entry_ended(entry) && again)
            look_again(check, entry);
        else if (entry->gate == GATE_MARKED && !entry_ended(entry))
            apply(check, entry, &tidings);
        fleet_yield(fleet, entry);
    }
    pthread_mutex_unlock(&fleet->lock);
    tidings_tell(&tidings, fleet);
    fleet_wake(fleet);
}

static void run_check(void *arg)
{
    struct check *check = arg;
    bool again;

    if (begin(check)) {
        judge(check);
        again = may_look_again(check);
        if (!again)
            keep(check);
        end(check, again);
    }
    json_free(check->verdict);
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

/* --- for whoever asks --- */

static struct json *unchecked(const struct share_paths *paths, const struct fleet *fleet)
{
    struct json *kept = json_new_object();
    OWNED_JSON *policy = NULL;
    struct err err = {.text = "its evidence was not judged yet"};

    if (fleet->verifier[0] == '\0')
        snprintf(err.text, sizeof(err.text), "this manager has no verifier");
    else if (policy_find(paths, &policy, &err) == 0)
        snprintf(err.text, sizeof(err.text), "its evidence was not judged yet");
    json_set_str(kept, "attestation", api_attestation_names[API_UNCHECKED]);
    json_set_str(kept, "reason", err.text);
    json_set(kept, "checked_at", NULL);
    json_set(kept, "verdict", NULL);
    return kept;
}

int fleet_attestation(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                      struct json **ret, struct err *err)
{
    struct share_paths paths;

    if (fleet_paths(fleet, caller, id, &paths, err) < 0)
        return -1;
    if (read_json(paths.dir, VERDICT_FILE, ret, err) == 0)
        return 0;
    if (err->kind != ERR_NOT_FOUND)
        return -1;
    *ret = unchecked(&paths, fleet);
    return 0;
}
