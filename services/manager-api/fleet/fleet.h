/* The VMs of this manager: made, watched, ended, removed.
 *
 * The hypervisor's definitions are the only truth about which VMs exist. The fleet keeps a picture
 * of them in memory, and one thread of its own, the keeper, holds the picture true: it lists the
 * definitions, looks into the shares, ends what expired or fell over, and puts right what an
 * earlier manager, killed in the middle of something, left half done. Everybody else reads the
 * picture.
 *
 * Creating a VM is a row of steps, each with its undoing; a definition says VM_PHASE_MAKING until
 * the last one is done. Removing one first writes VM_PHASE_REMOVING, so that it goes on after any
 * kill.
 *
 * All functions are thread-safe. Those that change something call the hypervisor and may take as
 * long as its deadline; those that read never wait. */
#ifndef COCOS_MANAGER_FLEET_H
#define COCOS_MANAGER_FLEET_H

#include "lib/api/vm.h"
#include "services/manager-api/fleet/platform.h"
#include "services/manager-api/fleet/ports.h"
#include "services/manager-api/vm/vm.h"

#define FLEET_LIMIT_MAX 1000 /* VMs on one page of a list */

struct fleet;

/* Where the time comes from; a test brings its own. */
struct fleet_clock {
    int64_t (*now)(void);          /* seconds since 1970; may jump */
    int64_t (*monotonic_ms)(void); /* never jumps, and survives a restart of the manager */
};

/* Something that happened; data is owned by whoever is told, and may be NULL. */
struct fleet_event {
    int64_t time;
    const char *type; /* "vm.running", "agent.dataset" ... */
    const char *vm_id;
    const char *owner;
    struct json *data;
};

struct fleet_config {
    const char *state_dir; /* absolute */
    const char *image_dir; /* absolute */
    const char *manager;   /* the id of this manager, a UUID */
    struct ports ports;
    const char *cvms_servers; /* that VMs may be connected to: see order.h */
    bool kvm;
    struct vm_place place;  /* of every VM on the host */
    const char *host_root;  /* put before the paths of devices; NULL: the host itself */
    struct tee_probe tee;   /* what the host protects VMs with; a copy */
    unsigned max_vms;       /* that may be on at once */
    unsigned max_per_owner; /* the same for one owner */
    uint64_t boot_timeout_ms;
    uint64_t silence_timeout_ms;
    uint64_t start_grace_ms; /* how long a start that an earlier manager began may take to show */
    const char *verifier;    /* path of cocos-cli, see gate.h; NULL: nothing is verified */
    uint64_t retention_ms;   /* how long a VM that ended is still shown */
    struct fleet_clock clock;
    void (*tell)(void *ctx, const struct fleet_event *event); /* called with no lock held */
    void *tell_ctx;
};

/* Starts. Strings of config are copied. provider is borrowed until fleet_close(). A hypervisor that
 * does not answer is no error: it is asked again. Errors: SYSTEM. */
MUST_USE int fleet_open(const struct fleet_config *config, struct vm_provider *provider,
                        struct fleet **ret, struct err *err);

/* Ends the keeper and what is being made or removed; VMs go on. */
void fleet_close(struct fleet *fleet);

/* Something may have changed: the keeper looks now. */
void fleet_wake(struct fleet *fleet);

/* Waits until the picture is complete, at most timeout_s seconds. */
void fleet_wait(struct fleet *fleet, unsigned timeout_s);

/* 0 once the picture is complete and the hypervisor answers; else UNAVAILABLE with the reason. */
MUST_USE int fleet_ready(struct fleet *fleet, struct err *err);

/* Who asks: an owner sees what is its own, an administrator everything. Another's VM is NOT_FOUND.
 */
struct fleet_caller {
    const char *owner;
    bool all;
};

/* A VM to be made. */
struct fleet_order {
    const struct vm_spec *spec;  /* valid; image NULL: the default one */
    const char *idempotency_key; /* "" when there is none */
    const char *body_sha256;     /* hex, of the request; compared when the key is known */
};

/* Makes and starts a VM. *replayed: it was made by an earlier request with the same key. Errors:
 * NOT_FOUND is never one; INPUT (with a pointer), UNSUPPORTED (a platform the host lacks), TOO_MANY
 * (limits, memory, ports), STATE (the same key is being served), UNTRUSTED (image), NO_SPACE,
 * UNAVAILABLE, TIMEOUT, SYSTEM. After an error nothing of the VM is left, or the keeper is removing
 * it. */
MUST_USE int fleet_create(struct fleet *fleet, const struct fleet_caller *caller,
                          const struct fleet_order *order, struct vm *ret, bool *replayed,
                          struct err *err);

MUST_USE int fleet_get(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                       struct vm *ret, struct err *err);

/* Which part of the list: in the order they were made. */
struct fleet_query {
    int state;          /* enum api_vm_state, -1: any */
    unsigned limit;     /* 1 to FLEET_LIMIT_MAX */
    const char *cursor; /* what the page before called `next`; NULL: from the beginning */
};
MUST_USE int fleet_list(struct fleet *fleet, const struct fleet_caller *caller,
                        const struct fleet_query *query, struct vm_list *ret, struct err *err);
void fleet_list_release(struct vm_list *list);

/* Begins the removal and tells the VM as it is now. */
MUST_USE int fleet_remove(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                          struct vm *ret, struct err *err);

MUST_USE int fleet_measure(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                           struct vm_stats *ret, struct err *err);

/* The end of a debug image's console, appended. Errors: STATE (not a debug image). */
MUST_USE int fleet_console(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                           struct buf *out, struct err *err);

/* What a verifier must demand of a VM: a policy, kept since the VM was made. Errors: STATE (the
 * release record knows no values for its shape; the text says why). */
MUST_USE int fleet_policy(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                          struct json **ret, struct err *err);

/* What came of the manager's own check: {attestation, reason, checked_at, verdict}. */
MUST_USE int fleet_attestation(struct fleet *fleet, const struct fleet_caller *caller,
                               const char *id, struct json **ret, struct err *err);

/* Who owns a VM: for its events. */
MUST_USE int fleet_owner(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                         char out[static VM_NAME_SIZE], struct err *err);

/* Figures for GET /v1/host and /metrics. */
struct fleet_figures {
    unsigned count[API_VM_EXPIRED + 1]; /* by state */
    unsigned on;                        /* that use the host's memory */
    uint64_t memory_mib;                /* promised to those */
    bool connected;
    struct vm_hypervisor hypervisor; /* as of the last time it answered */
    char problem[ERR_TEXT_MAX];      /* why it is not connected */
};
void fleet_count(struct fleet *fleet, struct fleet_figures *ret);

/* An array of {address, vendor, device, available, reason}: the GPUs of the host. */
struct json *fleet_gpus(struct fleet *fleet);

/* What platforms are judged by, as of now. */
void fleet_host(struct fleet *fleet, struct platform_host *ret);

#endif
