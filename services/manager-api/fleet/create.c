#include "lib/api/cvms_url.h"
#include "lib/crypto/secret.h"
#include "services/manager-api/fleet/entry.h"
#include "services/manager-api/fleet/gpus.h"
#include "services/manager-api/fleet/images.h"
#include "services/manager-api/fleet/launch.h"
#include "services/manager-api/fleet/order.h"
#include "services/manager-api/fleet/policy.h"
#include "services/manager-api/fleet/reach.h"

#include <stdio.h>

#define PORT_TRIES   5
#define ENDED_MAX    64 /* VMs of one owner that ended and are still shown */
#define CREATING_MAX 8  /* at once, so that requests that create leave threads to those that ask */

/* A VM under way. */
struct creation {
    struct fleet *fleet;
    const struct fleet_order *order;
    struct image image;
    struct entry *entry;     /* ours while busy */
    struct vm_record record; /* of the entry; copied there when it changes */
    struct share_paths paths;
    struct vm_launch launch;
    bool shared;  /* the directory is there */
    bool defined; /* the definition may be there */
};

static const struct json *manifest_of(const struct fleet_order *order)
{
    return order->spec->manifest;
}

/* --- reserving a place ----------------------------------------------------------- */

static void fill_cvms(struct vm_record *record, const char *text)
{
    struct api_cvms_url url;
    struct err ignored;

    /* It was checked. */
    if (text != NULL && api_cvms_url_read(text, &url, &ignored) == 0)
        snprintf(record->cvms, sizeof(record->cvms), "%s", url.authority);
}

static void fill_record(struct creation *creation, const char *owner, enum vm_platform platform)
{
    const struct fleet *fleet = creation->fleet;
    const struct vm_spec *spec = creation->order->spec;
    const struct image_record *image = &creation->image.record;
    struct vm_record *record = &creation->record;

    random_uuid(record->id);
    random_bytes(record->nonce, sizeof(record->nonce));
    memcpy(record->manager, fleet->manager, sizeof(record->manager));
    memcpy(record->boot_id, fleet->boot_id, sizeof(record->boot_id));
    if (spec->name != NULL)
        snprintf(record->name, sizeof(record->name), "%s", spec->name);
    else
        snprintf(record->name, sizeof(record->name), "vm-%.8s", record->id);
    snprintf(record->owner, sizeof(record->owner), "%s", owner);
    snprintf(record->image, sizeof(record->image), "%s", image->name);
    snprintf(record->idempotency_key, sizeof(record->idempotency_key), "%s",
             creation->order->idempotency_key);
    snprintf(record->body_sha256, sizeof(record->body_sha256), "%s", creation->order->body_sha256);
    fill_cvms(record, spec->cvms_url);
    record->platform = platform;
    record->phase = VM_PHASE_MAKING;
    record->cpus = spec->cpus;
    record->memory_mib = spec->memory_mib ? spec->memory_mib : image->default_memory_mib;
    record->debug = image->debug;
    record->secure_boot = spec->secure_boot;
    record->created_at = fleet_now(fleet);
    if (spec->ttl != 0) {
        record->expires_at = record->created_at + (int64_t)((spec->ttl + 999) / 1000);
        record->deadline_ms = fleet_now_ms(fleet) + (int64_t)spec->ttl;
    }
}

/* An earlier request of this owner with this key: 1 and the VM it made. With the lock held. */
static int replay(const struct fleet *fleet, const char *owner, const struct fleet_order *order,
                  struct vm *ret, struct err *err)
{
    if (order->idempotency_key[0] == '\0')
        return 0;
    for (size_t i = 0; i < fleet->count; i++) {
        const struct entry *entry = fleet->entries[i];

        if (strcmp(entry->record.owner, owner) != 0 ||
            strcmp(entry->record.idempotency_key, order->idempotency_key) != 0)
            continue;
        if (strcmp(entry->record.body_sha256, order->body_sha256) != 0)
            return err_set(err, ERR_INPUT,
                           "Idempotency-Key '%s' belongs to a request with another body",
                           order->idempotency_key);
        if (entry->record.phase == VM_PHASE_MAKING)
            return err_set(err, ERR_STATE, "a request with Idempotency-Key '%s' is being served",
                           order->idempotency_key);
        entry_view(fleet, entry, ret);
        return 1;
    }
    return 0;
}

/* Ended VMs are kept to be looked at, but not without end: the oldest of an owner make room. With
 * the lock held. */
static void make_room(struct fleet *fleet, const char *owner)
{
    unsigned ended = 0;

    for (size_t i = fleet->count; i > 0; i--) {
        struct entry *entry = fleet->entries[i - 1];

        if (!entry_ended(entry) || entry->busy || entry->record.phase == VM_PHASE_REMOVING ||
            strcmp(entry->record.owner, owner) != 0)
            continue;
        if (++ended > ENDED_MAX)
            entry_end(fleet, entry, VM_PHASE_REMOVING, NULL, NULL);
    }
}

/* With the lock held. */
static int reserve(struct creation *creation, struct err *err)
{
    struct fleet *fleet = creation->fleet;

    if (!fleet->known || !fleet->connected)
        return err_set(err, ERR_UNAVAILABLE, "%s", fleet->problem);
    if (fleet->creating >= CREATING_MAX)
        return err_set(err, ERR_TOO_MANY, "%d VMs are being made at this moment; try again",
                       CREATING_MAX);
    if (gpus_check_free(fleet, creation->record.gpus, err) < 0 ||
        fleet_check_limits(fleet, creation->record.owner, creation->record.memory_mib, err) < 0)
        return -1;
    make_room(fleet, creation->record.owner);
    creation->entry = mem_new(struct entry);
    creation->entry->record = creation->record;
    creation->entry->busy = true;
    creation->entry->deadline_ms = creation->record.deadline_ms;
    fleet_add(fleet, creation->entry);
    fleet->creating++;
    return 0;
}

/* --- the steps ------------------------------------------------------------------- */

static int keep_policy(const struct creation *creation, struct err *err)
{
    const struct vm_protection *protection = &creation->launch.protection;
    const struct image_vm vm = {
        .platform = entry_platform(creation->record.platform),
        .memory_mib = creation->record.memory_mib,
        .cpus = creation->record.cpus,
        .binding = span_of(protection->binding, protection->bound ? SHA256_SIZE : 0),
        .secure_boot = creation->record.secure_boot,
        .foreign = creation->record.gpus[0] != '\0',
    };

    return policy_keep(&creation->paths, &creation->image.record, &vm, err);
}

static int prepare_files(struct creation *creation, const struct vm_hypervisor *hypervisor,
                         struct err *err)
{
    const struct vm_spec *spec = creation->order->spec;
    struct vm_launch *launch = &creation->launch;
    const char *const files[] = {launch->firmware, launch->igvm,      launch->kernel,
                                 launch->initrd,   launch->variables, launch->disk};
    struct share_config config = {
        .vm_id = creation->record.id,
        .nonce = creation->record.nonce,
        .owner_key = spec->owner_key,
        .log_level = api_log_level_names[spec->log_level],
        .grpc = spec->grpc,
        .cvms_url = spec->cvms_url,
        .cvms_ca = spec->cvms_ca,
        .manifest = manifest_of(creation->order),
    };

    launch->record = creation->record;
    launch->kvm = creation->fleet->config.kvm;
    launch->place = creation->fleet->config.place;
    gpus_place(creation->fleet, creation->record.gpus, &launch->place);
    if (launch_fill(&creation->image, manifest_of(creation->order), launch, err) < 0)
        return -1;
    config.igvm = launch->igvm[0] != '\0' ? launch->igvm : NULL;
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (files[i][0] != '\0' && reach_check(files[i], hypervisor, err) < 0)
            return -1;

    if (share_paths_of(creation->fleet->state_dir, creation->record.id, &creation->paths, err) <
            0 ||
        reach_check(creation->paths.dir, hypervisor, err) < 0 ||
        share_make(&creation->paths, &config, hypervisor, err) < 0)
        return -1;
    creation->shared = true;
    if (keep_policy(creation, err) < 0)
        return err_wrap(err, "reference values");
    memcpy(launch->in_dir, creation->paths.in, sizeof(launch->in_dir));
    memcpy(launch->out_dir, creation->paths.out, sizeof(launch->out_dir));
    launch->emulator_version = hypervisor->emulator_version;
    if (creation->record.debug)
        memcpy(launch->console, creation->paths.console, sizeof(launch->console));
    return 0;
}

static bool port_taken(void *ctx, uint16_t port)
{
    const struct fleet *fleet = ctx;

    for (size_t i = 0; i < fleet->count; i++) {
        const struct entry *entry = fleet->entries[i];
        bool has = entry->record.port == port || entry->record.grpc_port == port;

        if (has && (!entry_ended(entry) || entry->on))
            return true;
    }
    return false;
}

static int take_ports(struct creation *creation, struct err *err)
{
    const struct ports *ports = &creation->fleet->config.ports;
    struct vm_record *ours = &creation->record, *known = &creation->entry->record;
    int result = 0;

    pthread_mutex_lock(&creation->fleet->lock);
    known->port = known->grpc_port = 0;
    result = ports_pick(ports, port_taken, creation->fleet, &ours->port, err);
    if (result == 0)
        known->port = ours->port;
    if (result == 0 && creation->order->spec->grpc)
        result = ports_pick(ports, port_taken, creation->fleet, &ours->grpc_port, err);
    if (result == 0)
        known->grpc_port = ours->grpc_port;
    pthread_mutex_unlock(&creation->fleet->lock);
    return result;
}

/* Somebody may take the port between our look and QEMU's; then there is another one. */
static int boot(struct creation *creation, struct err *err)
{
    struct vm_provider *provider = creation->fleet->provider;

    for (int i = 0; i < PORT_TRIES; i++) {
        if (take_ports(creation, err) < 0)
            return -1;
        creation->launch.record = creation->record;
        creation->defined = true;
        if (provider->ops->define(provider, &creation->launch, err) < 0)
            return -1;
        if (provider->ops->start(provider, creation->record.id, err) == 0)
            return 0;
        if (err->kind != ERR_STATE)
            return -1;
    }
    err->kind = ERR_TOO_MANY;
    return err_wrap(err, "%d ports in a row were taken by others", PORT_TRIES);
}

static int build(struct creation *creation, struct err *err)
{
    struct fleet *fleet = creation->fleet;
    struct vm_hypervisor hypervisor;

    pthread_mutex_lock(&fleet->lock);
    hypervisor = fleet->hypervisor;
    pthread_mutex_unlock(&fleet->lock);

    if (image_check(&creation->image, creation->record.platform, creation->record.secure_boot,
                    err) < 0 ||
        prepare_files(creation, &hypervisor, err) < 0 || boot(creation, err) < 0)
        return -1;
    creation->record.phase = VM_PHASE_READY;
    return fleet->provider->ops->write(fleet->provider, &creation->record, err);
}

/* --- the end ------------------------------------------------------------------------ */

/* Takes back what was done. What cannot be taken back now is left to the keeper, as a VM that is
 * being removed. */
static void undo(struct creation *creation)
{
    struct fleet *fleet = creation->fleet;
    const struct vm_provider_ops *ops = fleet->provider->ops;
    const char *id = creation->record.id;
    struct err err;
    bool clean = true;

    if (creation->defined)
        clean = ops->stop(fleet->provider, id, &err) == 0 &&
                ops->undefine(fleet->provider, id, &err) == 0;
    if (clean && creation->shared)
        clean = share_remove(&creation->paths, &err) == 0;

    pthread_mutex_lock(&fleet->lock);
    fleet->creating--;
    if (clean) {
        fleet_drop(fleet, creation->entry);
    } else {
        entry_end(fleet, creation->entry, VM_PHASE_REMOVING, NULL, NULL);
        creation->entry->on = true; /* until somebody has seen that it is not */
        fleet_yield(fleet, creation->entry);
    }
    pthread_mutex_unlock(&fleet->lock);
}

static void finish(struct creation *creation, struct vm *ret)
{
    struct fleet *fleet = creation->fleet;
    struct json *data = json_new_object();

    json_set_str(data, "name", creation->record.name);
    json_set_str(data, "image", creation->record.image);
    fleet_tell(fleet, creation->record.id, creation->record.owner, "vm.created", data);
    fleet_tell(fleet, creation->record.id, creation->record.owner, "vm.booting", NULL);

    pthread_mutex_lock(&fleet->lock);
    fleet->creating--;
    creation->entry->record = creation->record;
    creation->entry->on = true;
    creation->entry->started_ms = fleet_now_ms(fleet);
    entry_view(fleet, creation->entry, ret);
    fleet_yield(fleet, creation->entry);
    pthread_mutex_unlock(&fleet->lock);
}

static void release_creation(struct creation **creation)
{
    if (*creation != NULL)
        image_release(&(*creation)->image);
    free(*creation);
}

int fleet_create(struct fleet *fleet, const struct fleet_caller *caller,
                 const struct fleet_order *order, struct vm *ret, bool *replayed, struct err *err)
{
    OWNED(release_creation) struct creation *creation = mem_new(struct creation);
    const char *image = order->spec->image ? order->spec->image : IMAGE_DEFAULT;
    enum vm_platform platform = VM_PLATFORM_VM;
    struct platform_host host;
    int known = 0;

    /* What was answered once is answered again, whatever became of image and host meanwhile. */
    pthread_mutex_lock(&fleet->lock);
    known = replay(fleet, caller->owner, order, ret, err);
    pthread_mutex_unlock(&fleet->lock);
    *replayed = known == 1;
    if (known != 0)
        return known < 0 ? -1 : 0;

    creation->fleet = fleet;
    creation->order = order;
    if (image_load(fleet->image_dir, image, &creation->image, err) < 0) {
        if (err->kind == ERR_NOT_FOUND)
            return err_set_at(err, ERR_INPUT, "/image", "image: there is no image '%.63s'", image);
        return -1;
    }
    fleet_host(fleet, &host);
    if (order_check(order->spec, &creation->image, &host, &platform, err) < 0 ||
        order_check_cvms(order->spec, fleet->cvms_servers, err) < 0)
        return -1;
    fill_record(creation, caller->owner, platform);
    if (gpus_choose(fleet, order->spec, creation->record.gpus, err) < 0)
        return -1;

    pthread_mutex_lock(&fleet->lock);
    known = replay(fleet, caller->owner, order, ret, err);
    if (known == 0)
        known = reserve(creation, err);
    pthread_mutex_unlock(&fleet->lock);
    *replayed = known == 1;
    if (known != 0)
        return known < 0 ? -1 : 0;

    if (build(creation, err) < 0) {
        undo(creation);
        return -1;
    }
    finish(creation, ret);
    return 0;
}
