#include "services/agent-api/engine/engine_parts.h"

#include "lib/base/text.h"
#include "lib/computation/sealing.h"

/* With the lock held. */
static int check_result(struct engine *engine, const struct manifest *agreed, struct err *err)
{
    if (engine->state == STATE_FAILED && engine->manifest == agreed)
        return err_set(err, ERR_COMPUTATION, "the computation failed (%s): %s",
                       failure_kind_names[engine->failure.kind], engine->failure.detail);
    return engine_check(engine, agreed, DEED_FETCH_RESULT, err);
}

static bool gets_sealed(const struct manifest *manifest, const uint8_t identity[static SHA256_SIZE])
{
    const struct manifest_party *consumer = sealing_find_consumer(manifest, identity);

    return consumer != NULL && consumer->seal;
}

int engine_open_result(struct engine *engine, const struct manifest *agreed,
                       const uint8_t identity[static SHA256_SIZE], struct engine_result *ret,
                       struct err *err)
{
    const struct engine_archive *archive = &engine->archive;
    bool sealed = gets_sealed(agreed, identity);
    int result;

    pthread_mutex_lock(&engine->lock);
    result = check_result(engine, agreed, err);
    if (result == 0)
        result = store_open_result(engine->store, sealed, &ret->fd, err);
    if (result == 0) {
        ret->is_sealed = sealed;
        ret->size = sealed ? archive->sealed_bytes : archive->bytes;
        text_hex(sealed ? archive->sealed_sha256 : archive->sha256, SHA256_SIZE, ret->etag);
    }
    pthread_mutex_unlock(&engine->lock);
    return result;
}

static bool all_fetched(const struct engine *engine)
{
    for (size_t i = 0; i < engine->manifest->result_consumers.count; i++)
        if (!engine->consumers[i].fetched)
            return false;
    return true;
}

/* With the lock held. */
static void fetched(struct engine *engine, size_t index)
{
    struct json *data = json_new_object();
    bool all;

    engine->consumers[index].fetched = true;
    all = all_fetched(engine);
    json_set_hex(data, "consumer",
                 span_of(manifest_consumer(engine->manifest, index)->identity, SHA256_SIZE));
    json_set_bool(data, "all", all);
    engine_note(engine, "fetched", data);
    if (all)
        engine_move(engine, STATE_EVENT_FETCHED);
}

static uint64_t size_for(const struct engine *engine, const struct manifest *manifest, size_t index)
{
    return manifest_consumer(manifest, index)->seal ? engine->archive.sealed_bytes
                                                    : engine->archive.bytes;
}

void engine_note_sent(struct engine *engine, const struct manifest *agreed,
                      const uint8_t identity[static SHA256_SIZE], uint64_t from, uint64_t to)
{
    pthread_mutex_lock(&engine->lock);
    if (engine->manifest == agreed && engine->consumers != NULL) {
        for (size_t i = 0; i < agreed->result_consumers.count; i++) {
            struct consumer *consumer = &engine->consumers[i];

            if (!manifest_party_is(manifest_consumer(agreed, i), identity))
                continue;
            coverage_add(&consumer->coverage, from, to);
            if (!consumer->fetched &&
                coverage_is_whole(&consumer->coverage, size_for(engine, agreed, i)))
                fetched(engine, i);
        }
    }
    pthread_mutex_unlock(&engine->lock);
    notices_tell(engine->notices);
}

int engine_read_log(struct engine *engine, const struct manifest *agreed, struct buf *ret,
                    struct err *err)
{
    int result;

    pthread_mutex_lock(&engine->lock);
    result = engine_check(engine, agreed, DEED_READ_LOGS, err);
    if (result == 0 && engine->log != NULL) {
        *ret = BUF_OF(tail_read_max(engine->log));
        tail_read(engine->log, ret);
    }
    pthread_mutex_unlock(&engine->lock);
    return result;
}
