/* The receipt: what the engine knows of a run that ended, in the terms of lib/attest/receipt.h. */
#include "services/agent-api/engine/engine_parts.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/program/log.h"

static struct json_bytes bytes_of(const uint8_t *data, size_t len)
{
    struct json_bytes bytes = {.present = true, .len = (uint8_t)len};

    memcpy(bytes.data, data, len);
    return bytes;
}

static void tell_algorithm(const struct manifest *manifest, struct receipt *receipt)
{
    const struct manifest_algorithm *algorithm = &manifest->algorithm;
    struct json_strings *args = &receipt->algorithm.args;

    receipt->algorithm.type = mem_strdup(algorithm_type_names[algorithm->type]);
    receipt->algorithm.sha3_256 = algorithm->sha3_256;
    receipt->requirements = algorithm->requirements_sha3_256;
    args->items = mem_zeroed(algorithm->args.count, sizeof(char *));
    for (; args->count < algorithm->args.count; args->count++)
        args->items[args->count] = mem_strdup(algorithm->args.items[args->count]);
}

static void tell_datasets(const struct manifest *manifest, struct receipt *receipt)
{
    struct receipt_dataset *told = mem_zeroed(manifest->datasets.count, sizeof(*told));

    for (size_t i = 0; i < manifest->datasets.count; i++) {
        told[i].filename = mem_strdup(manifest_dataset(manifest, i)->filename);
        told[i].sha3_256 = manifest_dataset(manifest, i)->sha3_256;
    }
    receipt->datasets = (struct json_list){told, manifest->datasets.count};
}

static void tell_machine(const struct engine *engine, struct receipt *receipt)
{
    struct run_runtime runtime;

    runner_describe((enum algorithm_type)engine->manifest->algorithm.type, &runtime);
    receipt->runtime.name = mem_strdup(runtime.name);
    receipt->runtime.version = mem_strdup(runtime.version);
    if (runtime.has_digest)
        receipt->runtime.digest = bytes_of(runtime.digest, SHA256_SIZE);
    receipt->sandbox.profile = mem_strdup(RUNNER_PROFILE);
    receipt->sandbox.cgroup = cgroup_host_version(engine->groups) != CGROUP_NONE;
}

/* A code that says something: the exit code, or the number of the signal. */
static uint32_t code_of(const struct failure *failure)
{
    if (failure->signal > 0)
        return (uint32_t)failure->signal;
    return failure->exit_code > 0 ? (uint32_t)failure->exit_code : 0;
}

static void tell_outcome(const struct engine *engine, const struct failure *failure,
                         struct receipt *receipt)
{
    bool done = failure->kind == FAILURE_NONE;

    receipt->exit.kind = mem_strdup(done ? "done" : failure_kind_names[failure->kind]);
    receipt->exit.code = code_of(failure);
    if (!done)
        return;
    receipt->result.sha256 = bytes_of(engine->archive.sha256, SHA256_SIZE);
    receipt->result.bytes = engine->archive.bytes;
    if (engine->archive.is_sealed)
        receipt->result.sealed_sha256 = bytes_of(engine->archive.sealed_sha256, SHA256_SIZE);
}

static int testify(struct engine *engine, const struct run_outcome *outcome, int64_t started_at,
                   struct err *err)
{
    const struct manifest *manifest = engine->manifest;
    OWNED_RECEIPT receipt = {
        .version = 1, .started_at = started_at, .manifest_sha256 = {.present = true, .len = 32}};

    if (text_parse_hex(manifest->sha256, receipt.manifest_sha256.data, SHA256_SIZE, err) < 0)
        return -1;
    tell_algorithm(manifest, &receipt);
    tell_datasets(manifest, &receipt);
    tell_machine(engine, &receipt);
    tell_outcome(engine, &outcome->failure, &receipt);
    receipt.ended_at = clock_now();
    if (engine->witness(engine->ctx, &receipt, &engine->evidence, err) < 0)
        return -1;
    return receipt_write(&receipt, &engine->receipt, err);
}

void engine_testify(struct engine *engine, const struct run_outcome *outcome, int64_t started_at)
{
    struct err err;

    if (engine->witness == NULL || testify(engine, outcome, started_at, &err) == 0)
        return;
    buf_reset(&engine->receipt);
    buf_reset(&engine->evidence);
    log_error("no receipt: %s", err.text);
}

/* --- reading --------------------------------------------------------------------------------- */

static int read_text(struct engine *engine, const struct manifest *agreed, const struct buf *text,
                     const char *what, struct buf *ret, struct err *err)
{
    int result;

    pthread_mutex_lock(&engine->lock);
    result = engine_check(engine, agreed, DEED_READ_RECEIPT, err);
    if (result == 0 && text->len == 0)
        result = err_set(err, ERR_NOT_FOUND, "there is no %s", what);
    if (result == 0)
        buf_add_span(ret, buf_span(text));
    pthread_mutex_unlock(&engine->lock);
    return result < 0 ? -1 : buf_check(ret, what, err);
}

int engine_read_receipt(struct engine *engine, const struct manifest *agreed, struct buf *ret,
                        struct err *err)
{
    return read_text(engine, agreed, &engine->receipt, "receipt", ret, err);
}

int engine_read_evidence(struct engine *engine, const struct manifest *agreed, struct buf *ret,
                         struct err *err)
{
    return read_text(engine, agreed, &engine->evidence, "evidence about the receipt", ret, err);
}
