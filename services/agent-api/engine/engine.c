#include "services/agent-api/engine/engine_parts.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* --- moving on; with the lock held --- */

void engine_note(struct engine *engine, const char *type, struct json *data)
{
    notices_add(engine->notices, type, engine->manifest != NULL ? engine->manifest->id : "", data);
}

void engine_move(struct engine *engine, enum state_event event)
{
    struct json *data = json_new_object();
    enum state from = engine->state;
    struct err err;

    if (state_next(from, event, &engine->state, &err) < 0)
        abort();
    json_set_str(data, "from", state_names[from]);
    json_set_str(data, "to", state_names[engine->state]);
    engine_note(engine, "state", data);
}

int engine_check(struct engine *engine, const struct manifest *agreed, enum deed deed,
                 struct err *err)
{
    if (state_check(engine->state, deed, err) < 0)
        return -1;
    if (engine->manifest != agreed)
        return err_set(err, ERR_STATE, "another computation was set meanwhile");
    return 0;
}

void engine_advance(struct engine *engine)
{
    bool complete = asset_list_complete(engine->assets, ASSET_KIND_COUNT);

    if (complete && engine->manifest->run.start == RUN_AUTO) {
        engine_move(engine, STATE_EVENT_READY);
        engine_start_run(engine);
    } else if (engine->state == STATE_RECEIVING_ALGORITHM &&
               asset_list_complete(engine->assets, ASSET_ALGORITHM)) {
        engine_move(engine, STATE_EVENT_ALGORITHM);
    }
}

/* --- life --- */

int engine_start(const struct engine_config *config, struct engine **ret, struct err *err)
{
    struct engine *engine;
    struct store *store;

    if (store_open(config->state_dir, &store, err) < 0)
        return -1;
    engine = mem_new(struct engine);
    engine->store = store;
    engine->memory_mib = config->memory_mib;
    engine->outside_uid = config->outside_uid;
    engine->notices = notices_new(config->observe, config->ctx);
    engine->measure = config->measure;
    engine->witness = config->witness;
    engine->ctx = config->ctx;
    engine->receipt = BUF_OF(RECEIPT_TEXT_MAX);
    engine->evidence = BUF_OF(ENGINE_EVIDENCE_MAX);
    engine->groups = cgroup_host_new();
    engine->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&engine->wiping, NULL);
    pthread_mutex_init(&engine->lock, NULL);
    engine->state = STATE_IDLE;

    pthread_mutex_lock(&engine->lock);
    engine_move(engine, STATE_EVENT_START);
    pthread_mutex_unlock(&engine->lock);
    notices_tell(engine->notices);
    *ret = engine;
    return 0;
}

/* Ends the run and waits until nothing of it is left. With the lock held, which is let go of
 * meanwhile since the run takes it; when this returns there is no run, and none can begin before
 * the lock is let go of again. */
static void end_run(struct engine *engine)
{
    while (engine->run_started) {
        engine->run_started = false;
        pthread_mutex_unlock(&engine->lock);
        (void)eventfd_write(engine->stop_fd, 1);
        pthread_join(engine->run_thread, NULL);
        (void)eventfd_read(engine->stop_fd, &(eventfd_t){0});
        pthread_mutex_lock(&engine->lock);
    }
}

/* With the lock held. */
static void forget(struct engine *engine)
{
    asset_list_free(engine->assets);
    manifest_free(engine->manifest);
    tail_free(engine->log);
    free(engine->consumers);
    engine->assets = NULL;
    engine->manifest = NULL;
    engine->log = NULL;
    engine->consumers = NULL;
    engine->archive = (struct engine_archive){.bytes = 0};
    buf_done(&engine->receipt);
    buf_done(&engine->evidence);
    engine->failure = (struct failure){.kind = FAILURE_NONE};
}

void engine_stop(struct engine *engine)
{
    if (engine == NULL)
        return;
    pthread_mutex_lock(&engine->lock);
    end_run(engine);
    forget(engine);
    pthread_mutex_unlock(&engine->lock);
    notices_free(engine->notices);
    store_close(engine->store);
    cgroup_host_free(engine->groups);
    close(engine->stop_fd);
    pthread_mutex_destroy(&engine->wiping);
    pthread_mutex_destroy(&engine->lock);
    free(engine);
}

void engine_leave(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    store_leave(engine->store);
    pthread_mutex_unlock(&engine->lock);
}

void engine_tell(struct engine *engine)
{
    notices_tell(engine->notices);
}

/* --- manifest --- */

struct manifest *engine_keep_manifest(struct engine *engine)
{
    struct manifest *manifest;

    pthread_mutex_lock(&engine->lock);
    manifest = engine->manifest != NULL ? manifest_keep(engine->manifest) : NULL;
    pthread_mutex_unlock(&engine->lock);
    return manifest;
}

static struct json *manifest_notice(const struct manifest *manifest)
{
    struct json *data = json_new_object();

    json_set_str(data, "manifest_sha256", manifest->sha256);
    json_set_int(data, "datasets", (int64_t)manifest->datasets.count);
    json_set_int(data, "result_consumers", (int64_t)manifest->result_consumers.count);
    return data;
}

int engine_check_manifest(const struct engine *engine, const struct manifest *manifest,
                          struct err *err)
{
    uint32_t wanted = manifest->run.memory_mib;

    if (engine->memory_mib != 0 && wanted > engine->memory_mib)
        return err_set_at(err, ERR_INPUT, "/run/memory_mib",
                          "memory_mib: %u MiB are more than the %llu MiB that this machine has",
                          wanted, (unsigned long long)engine->memory_mib);
    return 0;
}

static int check_settable(struct engine *engine, struct err *err)
{
    int result;

    pthread_mutex_lock(&engine->lock);
    result = state_check(engine->state, DEED_SET_COMPUTATION, err);
    pthread_mutex_unlock(&engine->lock);
    return result;
}

/* Measuring takes its time, so it happens without the lock; nobody else sets a manifest meanwhile,
 * since that is wiping's to allow. */
static int measure(struct engine *engine, const struct manifest *manifest, struct err *err)
{
    if (check_settable(engine, err) < 0)
        return -1;
    return engine->measure != NULL ? engine->measure(engine->ctx, manifest, err) : 0;
}

int engine_set_manifest(struct engine *engine, struct manifest *manifest, struct err *err)
{
    int result;

    if (engine_check_manifest(engine, manifest, err) < 0)
        return -1;
    pthread_mutex_lock(&engine->wiping);
    result = measure(engine, manifest, err);
    pthread_mutex_lock(&engine->lock);
    if (result == 0)
        result = state_check(engine->state, DEED_SET_COMPUTATION, err);
    if (result == 0) {
        engine->manifest = manifest_keep(manifest);
        engine->assets = asset_list_new(manifest);
        if (manifest->logs.max_bytes > 0)
            engine->log = tail_new(manifest->logs.max_bytes);
        engine_note(engine, "manifest", manifest_notice(manifest));
        engine_move(engine, STATE_EVENT_MANIFEST);
    }
    pthread_mutex_unlock(&engine->lock);
    pthread_mutex_unlock(&engine->wiping);
    notices_tell(engine->notices);
    return result;
}

void engine_refuse(struct engine *engine, const struct failure *failure)
{
    pthread_mutex_lock(&engine->lock);
    if (engine->state == STATE_RECEIVING_MANIFEST || engine->state == STATE_RECEIVING_ALGORITHM) {
        engine->failure = *failure;
        engine_note(engine, "failure", failure_encode(failure));
        engine_move(engine, STATE_EVENT_FAIL);
    }
    pthread_mutex_unlock(&engine->lock);
    notices_tell(engine->notices);
}

int engine_wipe(struct engine *engine, const struct manifest *agreed, struct err *err)
{
    int result;

    pthread_mutex_lock(&engine->wiping);
    pthread_mutex_lock(&engine->lock);
    result = engine_check(engine, agreed, DEED_END_COMPUTATION, err);
    if (result == 0) {
        end_run(engine);
        result = store_reset(engine->store, err);
    }
    if (result == 0) {
        engine_note(engine, "stopped", NULL);
        engine_move(engine, STATE_EVENT_WIPE);
        forget(engine);
    }
    pthread_mutex_unlock(&engine->lock);
    pthread_mutex_unlock(&engine->wiping);
    notices_tell(engine->notices);
    return result;
}

/* --- state --- */

enum state engine_state(struct engine *engine)
{
    enum state state;

    pthread_mutex_lock(&engine->lock);
    state = engine->state;
    pthread_mutex_unlock(&engine->lock);
    return state;
}

const char *engine_cgroup(const struct engine *engine)
{
    return cgroup_version_names[cgroup_host_version(engine->groups)];
}

/* What is awaited: all false and empty when nothing is. */
static struct json *encode_awaiting(const struct engine *engine)
{
    const struct asset_list *assets = engine->assets;
    struct json *awaiting = json_new_object();
    struct json *datasets = json_new_array();
    bool run =
        engine->state == STATE_RECEIVING_DATA && asset_list_complete(assets, ASSET_KIND_COUNT);

    for (size_t i = 0; assets != NULL && i < assets->count; i++)
        if (assets->items[i].kind == ASSET_DATASET && assets->items[i].status != ASSET_PRESENT)
            json_add(datasets, json_new_str(assets->items[i].name));
    json_set_bool(awaiting, "algorithm",
                  assets != NULL && !asset_list_complete(assets, ASSET_ALGORITHM));
    json_set_bool(awaiting, "requirements",
                  assets != NULL && !asset_list_complete(assets, ASSET_REQUIREMENTS));
    json_set(awaiting, "datasets", datasets);
    json_set_bool(awaiting, "run", run);
    return awaiting;
}

static struct json *encode_sandbox(const struct engine *engine)
{
    struct json *sandbox = json_new_object();

    json_set_str(sandbox, "profile", RUNNER_PROFILE);
    json_set_str(sandbox, "cgroup", engine_cgroup(engine));
    return sandbox;
}

struct json *engine_encode_state(struct engine *engine)
{
    struct json *json = json_new_object();

    pthread_mutex_lock(&engine->lock);
    json_set_str(json, "state", state_names[engine->state]);
    json_set_str(json, "computation_id", engine->manifest != NULL ? engine->manifest->id : NULL);
    json_set_str(json, "manifest_sha256",
                 engine->manifest != NULL ? engine->manifest->sha256 : NULL);
    json_set(json, "awaiting", encode_awaiting(engine));
    json_set(json, "sandbox", encode_sandbox(engine));
    if (engine->state == STATE_FAILED)
        json_set(json, "failure", failure_encode(&engine->failure));
    pthread_mutex_unlock(&engine->lock);
    return json;
}
