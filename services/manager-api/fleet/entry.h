/* Inside the fleet: one VM in the picture, and what the files of this room share. */
#ifndef COCOS_MANAGER_FLEET_ENTRY_H
#define COCOS_MANAGER_FLEET_ENTRY_H

#include "lib/program/worker.h"
#include "services/manager-api/fleet/fleet.h"
#include "services/manager-api/link/share.h"
#include "services/manager-api/link/watch.h"

#include <pthread.h>

/* A VM in the picture. Whoever sets `busy` is the only one to change the record, to talk to the
 * hypervisor about it and to free it, until busy is false again. */
struct entry {
    struct vm_record record;
    bool busy;
    bool on;             /* it runs, as far as we know */
    bool unsaved;        /* the record here is newer than that of the definition */
    bool queued;         /* a worker has been asked to settle it */
    int64_t touched_ms;  /* when busy ended; older sightings say nothing about it */
    int64_t retry_ms;    /* not to be settled again before */
    int64_t started_ms;  /* the boot timeout counts from here */
    int64_t deadline_ms; /* of its time to live; 0: none */

    struct watch watch; /* the keeper's own */
    bool heard;         /* the agent answered at least once */
    int64_t heard_ms;
    int64_t last_seen; /* seconds since 1970 */
    bool silent;
    struct share_state said;

    /* See gate.h: whoever is CLOSED is looked at again, whoever is MARKED a worker checks. */
    enum { GATE_CLOSED, GATE_MARKED, GATE_OPEN } gate;
    int64_t gate_since_ms;            /* when it began to wait; 0: it never did */
    int64_t gate_again_ms;            /* no check before then */
    struct watch_mark gate_useless;   /* evidence that was looked at and is of another key */
    enum api_attestation attestation; /* what came of it */
    char vouched[SHARE_PIN_SIZE];     /* the key that it came of when ACCEPTED */
    bool proven;                      /* it was ACCEPTED once, with that key or another */
    int64_t complained_ms;            /* when an unreadable share was last reported; 0: never */
};

#define CVMS_SERVERS_SIZE 4097 /* as long as a setting may be */

struct fleet {
    struct fleet_config config;
    char state_dir[VM_PATH_SIZE];
    char image_dir[VM_PATH_SIZE];
    char host_root[VM_PATH_SIZE];
    char cvms_servers[CVMS_SERVERS_SIZE];
    char verifier[VM_PATH_SIZE]; /* "": there is none */
    char manager[VM_ID_SIZE];
    char boot_id[VM_ID_SIZE];
    struct vm_provider *provider;
    struct worker_pool *workers; /* settle what has to end */
    struct worker_pool *gates;   /* verify, which may take long and holds up nobody's removal */

    pthread_mutex_t lock;   /* of all below, and of every entry */
    pthread_cond_t changed; /* an entry is not busy any more; the keeper has to look; we end */
    struct entry **entries; /* in the order they were made */
    size_t count;
    bool blind;  /* it was said that what VMs hold open cannot be counted */
    bool known;  /* the first picture is complete */
    bool woken;  /* fleet_wake() */
    bool ending; /* fleet_close() */
    unsigned creating;
    struct vm_hypervisor hypervisor;
    bool connected;
    char problem[ERR_TEXT_MAX];

    pthread_t keeper;
    char (*foreign)[VM_ID_SIZE]; /* the keeper's own: definitions that are not ours, sorted */
    size_t foreign_count;
};

/* --- with the lock held ------------------------------------------------------ */

struct entry *fleet_find(struct fleet *fleet, const char *id);
/* The same for a caller; NULL when it may not see it. */
struct entry *fleet_find_for(struct fleet *fleet, const struct fleet_caller *caller,
                             const char *id);
/* Adds, keeping the order. */
void fleet_add(struct fleet *fleet, struct entry *entry);
/* Takes out and frees. */
void fleet_drop(struct fleet *fleet, struct entry *entry);
/* Waits until the entry is not busy and makes it so; NULL when it is gone by then or too long busy.
 */
struct entry *fleet_claim(struct fleet *fleet, const char *id);
void fleet_yield(struct fleet *fleet, struct entry *entry);

/* stopped, failed, expired or being removed */
bool entry_ended(const struct entry *entry);
/* How clients call a platform. */
enum api_platform entry_platform(enum vm_platform platform);
enum api_vm_state entry_state(const struct entry *entry);
void entry_view(const struct fleet *fleet, const struct entry *entry, struct vm *ret);
/* Marks the end; the keeper sees to it that it becomes true. kind and detail may be NULL. */
void entry_end(struct fleet *fleet, struct entry *entry, enum vm_phase phase, const char *kind,
               const char *detail);

/* --- without the lock -------------------------------------------------------- */

int64_t fleet_now(const struct fleet *fleet);
int64_t fleet_now_ms(const struct fleet *fleet);

/* Where the files of a VM are that the caller may see. Errors: NOT_FOUND. */
MUST_USE int fleet_paths(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                         struct share_paths *ret, struct err *err);

/* Why the firmware of a debug image with Secure Boot does not start it, in the firmware's words,
 * from its console; NULL: it does not say so. */
const char *console_find_refusal(const struct share_paths *paths);

/* Tells an event about a VM; data is taken over. */
void fleet_tell(struct fleet *fleet, const char *id, const char *owner, const char *type,
                struct json *data);
/* {kind, detail} for events about an end. */
struct json *fleet_reason(const char *kind, const char *detail);

/* Both pools, or none. Errors: SYSTEM. */
MUST_USE int fleet_start_workers(struct fleet *fleet, struct err *err);

/* Asks a worker to settle the entry: to make true what its record says. */
void fleet_settle_later(struct fleet *fleet, const char *id);

/* The keeper's thread, and what it does again and again: look at the hypervisor; look into the
 * shares and at the clock. */
void *fleet_keep(void *fleet);
void fleet_reconcile(struct fleet *fleet);
void fleet_watch(struct fleet *fleet);
/* Looks into the share of one. */
void fleet_watch_one(struct fleet *fleet, const char *id);

/* 0 when one more VM of that owner and size fits; with the lock held. Errors: TOO_MANY. */
MUST_USE int fleet_check_limits(struct fleet *fleet, const char *owner, uint32_t memory_mib,
                                struct err *err);

#endif
