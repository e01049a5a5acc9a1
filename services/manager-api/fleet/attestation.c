#include "services/manager-api/fleet/attestation.h"

#include "lib/base/file.h"
#include "lib/program/log.h"
#include "services/manager-api/fleet/policy.h"

#include <stdio.h>

#define VERDICT_FILE "attestation.json"
#define VERDICT_MAX  (8 * MIB)
#define PRIVATE_MODE 0600
#define PATH_ROOM    (VM_PATH_SIZE + 64)

static void path_of(const struct share_paths *paths, char out[static PATH_ROOM])
{
    snprintf(out, PATH_ROOM, "%s/" VERDICT_FILE, paths->dir);
}

/* --- kept --- */

void attestation_keep(const struct fleet *fleet, const struct judgement *judgement)
{
    bool accepted = judgement->result == JUDGED_ACCEPTED;
    const struct json *verdict = judgement->verdict;
    OWNED_JSON *kept = json_new_object();
    OWNED_BUF text = BUF_OF(VERDICT_MAX);
    char path[PATH_ROOM];
    struct err err;

    json_set_str(kept, "attestation",
                 api_attestation_names[accepted ? API_ACCEPTED : API_REJECTED]);
    json_set_str(kept, "reason", accepted ? NULL : judgement->reason);
    json_set_time(kept, "checked_at", fleet_now(fleet));
    json_set(kept, "verdict", verdict != NULL ? json_new_copy(verdict) : NULL);
    json_write(kept, &text);
    path_of(&judgement->paths, path);
    if (buf_check(&text, "a verdict", &err) < 0 ||
        file_replace(path, buf_span(&text), PRIVATE_MODE, &err) < 0)
        log_warn("%s", err.text);
}

static int find(const struct share_paths *paths, struct json **ret, struct err *err)
{
    OWNED_BUF text = BUF_OF(VERDICT_MAX);
    char path[PATH_ROOM];

    path_of(paths, path);
    if (file_read(path, &text, err) < 0)
        return -1;
    return json_parse(buf_span(&text), ret, err);
}

static bool says(const struct json *kept, enum api_attestation attestation)
{
    const char *word = json_get_str(kept, "attestation");

    return word != NULL && strcmp(word, api_attestation_names[attestation]) == 0;
}

void attestation_recall(const struct share_paths *paths, struct entry *entry)
{
    OWNED_JSON *kept = NULL;
    struct err unused;

    if (find(paths, &kept, &unused) < 0)
        kept = json_new_object();
    entry->proven = says(kept, API_ACCEPTED);
    if (!entry_ended(entry))
        return; /* what runs has to show it again */
    if (strcmp(entry->record.failure_kind, "attestation") == 0)
        entry->attestation = API_REJECTED;
    else if (entry->proven)
        entry->attestation = API_ACCEPTED;
}

/* --- for whoever asks --- */

/* How things stand, as far as the picture in memory knows. */
struct standing {
    enum api_attestation attestation;
    bool proven;
    char reason[VM_TEXT_SIZE]; /* of a rejection */
};

static int find_standing(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                         struct standing *ret, struct err *err)
{
    const struct entry *entry = NULL;

    pthread_mutex_lock(&fleet->lock);
    entry = fleet_find_for(fleet, caller, id);
    if (entry != NULL) {
        *ret = (struct standing){.attestation = entry->attestation, .proven = entry->proven};
        memcpy(ret->reason, entry->record.failure_detail, sizeof(ret->reason));
    }
    pthread_mutex_unlock(&fleet->lock);
    return entry != NULL ? 0 : err_set(err, ERR_NOT_FOUND, "there is no such VM");
}

static void explain_unchecked(const struct fleet *fleet, const struct share_paths *paths,
                              const struct standing *standing, struct json *answer)
{
    OWNED_JSON *policy = NULL;
    struct err err;

    if (fleet->verifier[0] == '\0')
        json_set_str(answer, "reason", "this manager has no verifier");
    else if (policy_find(paths, &policy, &err) < 0)
        json_set_str(answer, "reason", err.text);
    else
        json_set_str(answer, "reason",
                     standing->proven
                         ? "the agent has another key now, whose evidence was not judged yet"
                         : "its evidence was not judged yet");
}

/* Without a verdict that says the same. */
static struct json *plain(const struct fleet *fleet, const struct share_paths *paths,
                          const struct standing *standing)
{
    struct json *answer = json_new_object();

    json_set_str(answer, "attestation", api_attestation_names[standing->attestation]);
    if (standing->attestation == API_UNCHECKED)
        explain_unchecked(fleet, paths, standing, answer);
    else
        json_set_str(answer, "reason",
                     standing->attestation == API_REJECTED ? standing->reason : NULL);
    json_set(answer, "checked_at", NULL);
    json_set(answer, "verdict", NULL);
    return answer;
}

int fleet_attestation(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                      struct json **ret, struct err *err)
{
    OWNED_JSON *kept = NULL;
    struct standing standing;
    struct share_paths paths;

    if (find_standing(fleet, caller, id, &standing, err) < 0 ||
        share_paths_of(fleet->state_dir, id, &paths, err) < 0)
        return -1;
    if (standing.attestation != API_UNCHECKED && find(&paths, &kept, err) < 0 &&
        err->kind != ERR_NOT_FOUND)
        return -1;
    *ret = says(kept, standing.attestation) ? GIVE(kept) : plain(fleet, &paths, &standing);
    return 0;
}
