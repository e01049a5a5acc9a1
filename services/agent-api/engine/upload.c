#include "services/agent-api/engine/engine_parts.h"

struct upload {
    struct engine *engine;
    struct manifest *manifest; /* a reference: the asset below is of this computation */
    struct asset asset;        /* a copy; its name and pin live in the manifest */
    struct incoming *incoming;
};

static const enum deed deeds[ASSET_KIND_COUNT] = {
    [ASSET_ALGORITHM] = DEED_SEND_ALGORITHM,
    [ASSET_REQUIREMENTS] = DEED_SEND_ALGORITHM,
    [ASSET_DATASET] = DEED_SEND_DATASET,
};

static const enum store_place places[ASSET_KIND_COUNT] = {
    [ASSET_ALGORITHM] = STORE_ALGORITHM,
    [ASSET_REQUIREMENTS] = STORE_REQUIREMENTS,
    [ASSET_DATASET] = STORE_DATASET,
};

/* The asset, when it may be sent now. With the lock held. An asset that is there already answers so
 * in every state. */
static int find(struct engine *engine, const struct manifest *agreed,
                const struct engine_asset *wanted, struct asset **ret, struct err *err)
{
    if (engine->assets != NULL && engine->manifest == agreed) {
        if (asset_find(engine->assets, wanted->kind, wanted->name, ret, err) < 0)
            return -1;
        if ((*ret)->status == ASSET_PRESENT)
            return asset_check(engine->assets, *ret, err);
    }
    if (engine_check(engine, agreed, deeds[wanted->kind], err) < 0)
        return -1;
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): no assets, no passing the check above */
    return asset_check(engine->assets, *ret, err);
}

int engine_check_asset(struct engine *engine, const struct manifest *agreed,
                       const struct engine_asset *asset, struct err *err)
{
    struct asset *found;
    int result;

    pthread_mutex_lock(&engine->lock);
    result = find(engine, agreed, asset, &found, err);
    pthread_mutex_unlock(&engine->lock);
    return result;
}

/* Marks the asset as arriving, so that nobody else can send it. */
static int reserve(struct engine *engine, const struct engine_asset *asset, struct upload *upload,
                   struct err *err)
{
    struct asset *found;
    int result;

    pthread_mutex_lock(&engine->lock);
    result = find(engine, upload->manifest, asset, &found, err);
    if (result == 0) {
        found->status = ASSET_ARRIVING;
        upload->engine = engine;
        upload->asset = *found;
    }
    pthread_mutex_unlock(&engine->lock);
    return result;
}

int upload_begin(struct engine *engine, const struct manifest *agreed,
                 const struct engine_asset *asset, uint64_t announced, struct upload **ret,
                 struct err *err)
{
    OWNED_OF(upload) *upload = mem_new(struct upload);

    upload->manifest = manifest_keep((struct manifest *)agreed);
    if (reserve(engine, asset, upload, err) < 0)
        return -1;
    if (incoming_begin(engine->store, DIGEST_SHA3_256, announced, &upload->incoming, err) < 0)
        return -1;
    *ret = GIVE(upload);
    return 0;
}

int upload_write(struct upload *upload, struct span bytes, struct err *err)
{
    return incoming_write(upload->incoming, bytes, err);
}

struct json *upload_encode(const struct upload *upload)
{
    const struct asset *asset = &upload->asset;
    struct json *json = json_new_object();

    json_set_str(json, "asset", asset_kind_names[asset->kind]);
    json_set_str(json, "name", asset->name);
    json_set_hex(json, "sha3_256", span_of(asset->pin, ASSET_PIN_SIZE));
    json_set_int(json, "bytes", (int64_t)asset->bytes);
    return json;
}

/* Events reach the host and every party: a digest would let them confirm guessed data. */
static struct json *arrival_notice(const struct upload *upload)
{
    struct json *json = json_new_object();

    json_set_str(json, "asset", asset_kind_names[upload->asset.kind]);
    json_set_str(json, "name", upload->asset.name);
    json_set_int(json, "bytes", (int64_t)upload->asset.bytes);
    return json;
}

/* Moves it to its place and the computation on, unless that was ended meanwhile. With the lock
 * held. */
static int settle(struct upload *upload, struct err *err)
{
    struct engine *engine = upload->engine;
    struct asset *asset;

    if (engine->manifest != upload->manifest)
        return err_set(err, ERR_STATE, "the computation was ended meanwhile");
    if (asset_find(engine->assets, upload->asset.kind, upload->asset.name, &asset, err) < 0 ||
        incoming_keep(upload->incoming, places[asset->kind], asset->name, err) < 0)
        return -1;
    asset->status = upload->asset.status = ASSET_PRESENT;
    asset->bytes = upload->asset.bytes;
    engine_note(engine, asset_kind_names[asset->kind], arrival_notice(upload));
    engine_advance(engine);
    return 0;
}

int upload_finish(struct upload *upload, struct err *err)
{
    struct engine *engine = upload->engine;
    uint8_t digest[DIGEST_SIZE_MAX];
    int result;

    incoming_finish(upload->incoming, digest, &upload->asset.bytes);
    if (asset_check_pin(&upload->asset, digest, err) < 0)
        return -1;
    if (upload->asset.decompress && incoming_unpack(upload->incoming, err) < 0)
        return err_wrap(err, "'%s'", upload->asset.name);

    pthread_mutex_lock(&engine->lock);
    result = settle(upload, err);
    pthread_mutex_unlock(&engine->lock);
    notices_tell(engine->notices);
    return result;
}

/* Lets others send it again. */
static void release(struct upload *upload)
{
    struct engine *engine = upload->engine;
    struct asset *asset;
    struct err ignored;

    pthread_mutex_lock(&engine->lock);
    if (engine->manifest == upload->manifest &&
        asset_find(engine->assets, upload->asset.kind, upload->asset.name, &asset, &ignored) == 0)
        asset->status = ASSET_AWAITED;
    pthread_mutex_unlock(&engine->lock);
}

void upload_free(struct upload *upload)
{
    if (upload == NULL)
        return;
    incoming_free(upload->incoming);
    if (upload->engine != NULL && upload->asset.status != ASSET_PRESENT)
        release(upload);
    manifest_free(upload->manifest);
    free(upload);
}
