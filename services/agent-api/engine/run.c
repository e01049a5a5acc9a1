#include "services/agent-api/engine/engine_parts.h"

#include "lib/base/clock.h"

#include <unistd.h>

static void pack_outcome(struct engine *engine, struct run_outcome *outcome)
{
    struct err err;

    if (engine_pack(engine, outcome->results_fd, &err) == 0)
        return;
    if (err.kind == ERR_INTERRUPTED)
        outcome->stopped = true;
    else if (err.kind == ERR_NO_SPACE)
        failure_set(&outcome->failure, FAILURE_DISK, "", "there is no room to pack the results");
    else
        failure_set(&outcome->failure, FAILURE_RESULT, "", "the results cannot be packed");
}

/* --- the run's thread --- */

/* Events reach the host and every party: a digest would let them confirm a guessed result. */
static struct json *result_notice(const struct engine *engine)
{
    struct json *data = json_new_object();

    json_set_int(data, "bytes", (int64_t)engine->archive.bytes);
    return data;
}

static void conclude(struct engine *engine, const struct run_outcome *outcome)
{
    pthread_mutex_lock(&engine->lock);
    if (outcome->stopped) {
        /* Whoever stopped it moves on. */
    } else if (outcome->failure.kind != FAILURE_NONE) {
        engine->failure = outcome->failure;
        engine_note(engine, "failure", failure_encode(&outcome->failure));
        engine_move(engine, STATE_EVENT_FAIL);
    } else {
        engine->consumers =
            mem_zeroed(engine->manifest->result_consumers.count, sizeof(struct consumer));
        engine_note(engine, "result", result_notice(engine));
        engine_move(engine, STATE_EVENT_RESULT);
    }
    pthread_mutex_unlock(&engine->lock);
    notices_tell(engine->notices);
}

static void take_output(void *ctx, struct span bytes)
{
    tail_add(ctx, bytes);
}

/* The manifest, the log and the files stay until this thread was joined. */
static void *run_thread(void *arg)
{
    struct engine *engine = arg;
    const struct manifest *manifest = engine->manifest;
    struct run_job job = {
        .manifest = manifest,
        .root = store_sandbox(engine->store),
        .algorithm = store_algorithm(engine->store),
        .requirements = manifest->algorithm.requirements_sha3_256.present
                            ? store_requirements(engine->store)
                            : NULL,
        .datasets = store_datasets(engine->store),
        .groups = engine->groups,
        .outside_uid = engine->outside_uid,
        .stop_fd = engine->stop_fd,
        .output = engine->log != NULL ? take_output : NULL,
        .ctx = engine->log,
    };
    int64_t started_at = clock_now();
    struct run_outcome outcome;

    runner_run(&job, &outcome);
    if (outcome.results_fd >= 0)
        pack_outcome(engine, &outcome);
    close_fd(&outcome.results_fd);
    if (!outcome.stopped)
        engine_testify(engine, &outcome, started_at);
    conclude(engine, &outcome);
    return NULL;
}

void engine_start_run(struct engine *engine)
{
    engine_note(engine, "run", NULL);
    if (pthread_create(&engine->run_thread, NULL, run_thread, engine) == 0) {
        engine->run_started = true;
        return;
    }
    failure_set(&engine->failure, FAILURE_START, "", "no thread can be started");
    engine_note(engine, "failure", failure_encode(&engine->failure));
    engine_move(engine, STATE_EVENT_FAIL);
}

static int check_run(struct engine *engine, const struct manifest *agreed, struct err *err)
{
    if (engine_check(engine, agreed, DEED_START_RUN, err) < 0)
        return -1;
    if (engine->manifest->run.start != RUN_MANUAL)
        return err_set(err, ERR_STATE, "this computation starts by itself");
    if (!asset_list_complete(engine->assets, ASSET_KIND_COUNT))
        return err_set(err, ERR_STATE, "not everything has arrived yet");
    return 0;
}

int engine_run(struct engine *engine, const struct manifest *agreed, struct err *err)
{
    int result;

    pthread_mutex_lock(&engine->lock);
    result = check_run(engine, agreed, err);
    if (result == 0) {
        engine_move(engine, STATE_EVENT_READY);
        engine_start_run(engine);
    }
    pthread_mutex_unlock(&engine->lock);
    notices_tell(engine->notices);
    return result;
}
