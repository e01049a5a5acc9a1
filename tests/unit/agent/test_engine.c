#include "tests/unit/computation/manifests.h"

#include "lib/computation/sealing.h"
#include "services/agent-api/engine/engine.h"
#include "services/agent-api/runner/confine.h"

#include <poll.h>
#include <unistd.h>

#define ALGORITHM  "open('results/x', 'w').write('y')"
#define WAIT_MS    60000
#define MEMORY_MIB 4096

/* An engine in a directory of its own, and what it told: "state:Running manifest ...". */
struct world {
    char dir[32];
    struct engine *engine;
    struct manifest *manifest;
    char told[4096];
    unsigned measured;
    bool measuring_fails;
    bool witness_fails;
    struct receipt_exit exit; /* what the last receipt said */
    uint64_t result_bytes;
};

static void observe(void *ctx, const char *type, const char *subject, struct json *data)
{
    struct world *world = ctx;
    size_t used = strlen(world->told);

    snprintf(world->told + used, sizeof(world->told) - used, "%s%s%s ", type,
             strcmp(type, "state") == 0 ? ":" : "",
             strcmp(type, "state") == 0 ? json_get_str(data, "to") : "");
    assert_true(strcmp(subject, "test-1") == 0 || subject[0] == '\0');
    json_free(data);
}

static int measure(void *ctx, const struct manifest *manifest, struct err *err)
{
    struct world *world = ctx;

    world->measured++;
    assert_true(manifest->sha256[0] != '\0');
    if (world->measuring_fails)
        return err_set(err, ERR_UNAVAILABLE, "no measuring");
    assert_int_equal(engine_state(world->engine), STATE_RECEIVING_MANIFEST);
    return 0;
}

static int witness(void *ctx, struct receipt *receipt, struct buf *evidence, struct err *err)
{
    struct world *world = ctx;
    OWNED_KEY *key = NULL;

    if (world->witness_fails)
        return err_set(err, ERR_UNAVAILABLE, "no key");
    mem_set_str(&world->exit.kind, receipt->exit.kind);
    world->exit.code = receipt->exit.code;
    world->result_bytes = receipt->result.bytes;
    assert_true(receipt->started_at > 0 && receipt->ended_at >= receipt->started_at);
    assert_int_equal(receipt->datasets.count, 2);
    assert_string_equal(receipt->runtime.name, "python");
    assert_true(receipt->runtime.digest.present);
    buf_add_str(evidence, "evidence");
    return key_generate(KEY_P256, 0, &key, err) < 0 ? -1 : receipt_sign(receipt, key, err);
}

static int begin(void **state)
{
    struct world *world = mem_new(struct world);
    struct engine_config config = {world->dir, MEMORY_MIB, observe, measure, world, witness};
    struct err err;

    snprintf(world->dir, sizeof(world->dir), "/tmp/cocos-engine-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    assert_ok(engine_start(&config, &world->engine, &err));
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;

    engine_stop(world->engine);
    manifest_free(world->manifest);
    free(world->exit.kind);
    assert_int_equal(rmdir(world->dir), 0); /* nothing is left in it */
    free(world);
    return 0;
}

/* The result's consumers in place of the usual one. */
static void set_manifest_for(struct world *world, const char *algorithm, const char *start,
                             struct json *consumers)
{
    OWNED_JSON *document = manifest_document(algorithm);
    struct json *run = json_new_object();
    struct err err;

    json_set_str(run, "start", start);
    json_set_int(run, "memory_mib", 128);
    json_set(document, "run", run);
    if (consumers != NULL)
        json_set(document, "result_consumers", consumers);
    manifest_free(world->manifest);
    world->manifest = manifest_of(document);
    assert_ok(engine_set_manifest(world->engine, world->manifest, &err));
}

static void set_manifest(struct world *world, const char *algorithm, const char *start)
{
    set_manifest_for(world, algorithm, start, NULL);
}

static int send(struct world *world, enum asset_kind kind, const char *name, const char *bytes,
                struct err *err)
{
    const struct engine_asset asset = {kind, name};
    OWNED_OF(upload) *upload = NULL;

    if (upload_begin(world->engine, world->manifest, &asset, strlen(bytes), &upload, err) < 0 ||
        upload_write(upload, span_of_str(bytes), err) < 0)
        return -1;
    return upload_finish(upload, err);
}

static void send_all(struct world *world, const char *algorithm)
{
    struct err err;

    assert_ok(send(world, ASSET_ALGORITHM, NULL, algorithm, &err));
    assert_ok(send(world, ASSET_DATASET, "a", "x", &err));
    assert_ok(send(world, ASSET_DATASET, "b", "x", &err));
}

static void await_state(struct world *world, enum state wanted)
{
    for (int i = 0; i < WAIT_MS / 10; i++) {
        if (engine_state(world->engine) == wanted)
            return;
        poll(NULL, 0, 10);
    }
    fail_msg("still in state %s", state_names[engine_state(world->engine)]);
}

static int open_result(struct world *world, const struct manifest *manifest, enum party party,
                       struct engine_result *ret, struct err *err)
{
    uint8_t identity[SHA256_SIZE];

    identity_of(party, identity);
    return engine_open_result(world->engine, manifest, identity, ret, err);
}

static void fetch(struct world *world, enum party party)
{
    struct engine_result result;
    uint8_t identity[SHA256_SIZE];
    struct err err;

    assert_ok(open_result(world, world->manifest, party, &result, &err));
    close(result.fd);
    identity_of(party, identity);
    engine_note_sent(world->engine, world->manifest, identity, 0, result.size);
}

static void a_computation_goes_its_way_and_tells_it(void **state)
{
    struct world *world = *state;
    struct err err;

    set_manifest(world, ALGORITHM, "auto");
    send_all(world, ALGORITHM);
    await_state(world, STATE_CONSUMING_RESULTS);
    fetch(world, OWNER); /* no consumer: does not count */
    assert_int_equal(engine_state(world->engine), STATE_CONSUMING_RESULTS);
    fetch(world, CONSUMER);
    assert_int_equal(engine_state(world->engine), STATE_COMPLETE);
    fetch(world, CONSUMER);
    assert_ok(engine_wipe(world->engine, world->manifest, &err));
    assert_string_equal(world->told,
                        "state:ReceivingManifest manifest state:ReceivingAlgorithm algorithm "
                        "state:ReceivingData dataset dataset state:Running run result "
                        "state:ConsumingResults fetched state:Complete stopped "
                        "state:ReceivingManifest ");
    assert_null(engine_keep_manifest(world->engine));
}

static void a_manual_run_waits(void **state)
{
    struct world *world = *state;
    struct err err;

    set_manifest(world, ALGORITHM, "manual");
    assert_fails(engine_run(world->engine, world->manifest, &err), ERR_STATE);
    send_all(world, ALGORITHM);
    assert_int_equal(engine_state(world->engine), STATE_RECEIVING_DATA);
    assert_ok(engine_run(world->engine, world->manifest, &err));
    assert_fails(engine_run(world->engine, world->manifest, &err), ERR_STATE);
    await_state(world, STATE_CONSUMING_RESULTS);
}

static void a_failure_is_kept(void **state)
{
    struct world *world = *state;
    struct engine_result result;
    OWNED_JSON *json = NULL;
    struct err err;

    set_manifest(world, "raise SystemExit(3)", "auto");
    send_all(world, "raise SystemExit(3)");
    await_state(world, STATE_FAILED);
    assert_fails(open_result(world, world->manifest, CONSUMER, &result, &err), ERR_COMPUTATION);
    json = engine_encode_state(world->engine);
    assert_int_equal(json_get_int(json_get(json, "failure"), "exit_code"), 3);
    assert_ok(engine_wipe(world->engine, world->manifest, &err));
}

static void what_is_not_pinned_leaves_the_asset_awaited(void **state)
{
    const struct engine_asset algorithm = {ASSET_ALGORITHM, NULL};
    struct world *world = *state;
    struct err err;

    set_manifest(world, ALGORITHM, "auto");
    assert_fails(send(world, ASSET_ALGORITHM, NULL, "other", &err), ERR_INPUT);
    assert_ok(engine_check_asset(world->engine, world->manifest, &algorithm, &err));
    assert_ok(send(world, ASSET_ALGORITHM, NULL, ALGORITHM, &err));
    assert_fails(engine_check_asset(world->engine, world->manifest, &algorithm, &err), ERR_STATE);
}

static void one_sends_at_a_time(void **state)
{
    const struct engine_asset algorithm = {ASSET_ALGORITHM, NULL};
    struct world *world = *state;
    struct upload *first = NULL, *second = NULL;
    struct err err;

    set_manifest(world, ALGORITHM, "auto");
    assert_ok(upload_begin(world->engine, world->manifest, &algorithm, 1, &first, &err));
    assert_fails(upload_begin(world->engine, world->manifest, &algorithm, 1, &second, &err),
                 ERR_STATE);
    upload_free(first);
    assert_ok(upload_begin(world->engine, world->manifest, &algorithm, 1, &second, &err));
    upload_free(second);
}

/* Ended while something arrives, and begun again with the same document. */
static void what_arrives_for_an_ended_computation_does_not_land(void **state)
{
    const struct engine_asset algorithm = {ASSET_ALGORITHM, NULL};
    struct world *world = *state;
    struct manifest *first;
    struct upload *upload = NULL;
    struct err err;

    set_manifest(world, ALGORITHM, "auto");
    first = manifest_keep(world->manifest);
    assert_ok(upload_begin(world->engine, first, &algorithm, UINT64_MAX, &upload, &err));
    assert_ok(upload_write(upload, span_of_str(ALGORITHM), &err));
    assert_ok(engine_wipe(world->engine, first, &err));
    set_manifest(world, ALGORITHM, "auto");
    assert_fails(upload_write(upload, span_of_str("x"), &err), ERR_STATE);
    assert_fails(upload_finish(upload, &err), ERR_STATE);
    upload_free(upload);
    assert_fails(engine_wipe(world->engine, first, &err), ERR_STATE);
    assert_fails(engine_check_asset(world->engine, first, &algorithm, &err), ERR_STATE);
    assert_ok(engine_check_asset(world->engine, world->manifest, &algorithm, &err));
    manifest_free(first);
}

static void a_run_is_ended_by_a_wipe_and_by_the_end(void **state)
{
    struct world *world = *state;
    struct err err;

    for (int i = 0; i < 2; i++) {
        set_manifest(world, "import time; time.sleep(600)", "auto");
        send_all(world, "import time; time.sleep(600)");
        assert_int_equal(engine_state(world->engine), STATE_RUNNING);
        poll(NULL, 0, 200);
        if (i == 0)
            assert_ok(engine_wipe(world->engine, world->manifest, &err));
    }
    assert_int_equal(engine_state(world->engine), STATE_RUNNING); /* end() stops this one */
}

static void one_manifest_at_a_time(void **state)
{
    OWNED_JSON *document = manifest_document(ALGORITHM);
    OWNED_MANIFEST *other = manifest_of(document);
    struct world *world = *state;
    struct manifest *present;
    struct err err;

    set_manifest(world, ALGORITHM, "auto");
    assert_fails(engine_set_manifest(world->engine, other, &err), ERR_STATE);
    present = engine_keep_manifest(world->engine);
    assert_ptr_equal(present, world->manifest);
    manifest_free(present);
}

static void set_memory(struct json *document, int64_t mib)
{
    struct json *run = json_new_object();

    json_set_int(run, "memory_mib", mib);
    json_set(document, "run", run);
}

static void more_memory_than_the_machine_has_is_refused(void **state)
{
    OWNED_JSON *document = manifest_document(ALGORITHM);
    struct world *world = *state;
    struct manifest *manifest;
    struct err err;

    set_memory(document, MEMORY_MIB + 1);
    manifest = manifest_of(document);
    assert_fails(engine_set_manifest(world->engine, manifest, &err), ERR_INPUT);
    assert_string_equal(err.pointer, "/run/memory_mib");
    assert_non_null(strstr(err.text, "4097"));
    assert_non_null(strstr(err.text, "4096"));
    assert_int_equal(engine_state(world->engine), STATE_RECEIVING_MANIFEST);
    manifest_free(manifest);

    set_memory(document, MEMORY_MIB);
    manifest = manifest_of(document);
    assert_ok(engine_set_manifest(world->engine, manifest, &err));
    manifest_free(manifest);
}

/* Who was admitted to one computation gets nothing of the next. */
static void another_computation_opens_nothing(void **state)
{
    struct world *world = *state;
    OWNED_MANIFEST *earlier = NULL;
    struct engine_result result;
    OWNED_BUF log = BUF_OF(0);
    struct err err;

    set_manifest(world, ALGORITHM, "auto");
    earlier = manifest_keep(world->manifest);
    assert_ok(engine_wipe(world->engine, earlier, &err));
    set_manifest(world, ALGORITHM, "auto");
    send_all(world, ALGORITHM);
    await_state(world, STATE_CONSUMING_RESULTS);
    assert_fails(open_result(world, earlier, CONSUMER, &result, &err), ERR_STATE);
    assert_fails(engine_read_log(world->engine, earlier, &log, &err), ERR_STATE);
    assert_fails(engine_run(world->engine, earlier, &err), ERR_STATE);
    assert_fails(engine_wipe(world->engine, earlier, &err), ERR_STATE);
    assert_ok(open_result(world, world->manifest, CONSUMER, &result, &err));
    close(result.fd);
}

static void what_the_host_gave_can_be_refused(void **state)
{
    struct world *world = *state;
    struct failure failure;
    OWNED_JSON *json = NULL;

    failure_set(&failure, FAILURE_CONFIG, "", "bad");
    engine_refuse(world->engine, &failure);
    json = engine_encode_state(world->engine);
    assert_string_equal(json_get_str(json, "state"), "Failed");
    assert_string_equal(json_get_str(json_get(json, "failure"), "kind"), "config");
    assert_string_equal(world->told, "state:ReceivingManifest failure state:Failed ");
}

static int read_receipt(struct world *world, struct receipt *ret, struct err *err)
{
    OWNED_BUF text = BUF_OF(RECEIPT_TEXT_MAX);

    if (engine_read_receipt(world->engine, world->manifest, &text, err) < 0)
        return -1;
    return receipt_parse(buf_span(&text), ret, err);
}

static void a_run_that_ended_has_a_receipt(void **state)
{
    OWNED_BUF evidence = BUF_OF(ENGINE_EVIDENCE_MAX);
    struct world *world = *state;
    struct engine_result result;
    OWNED_RECEIPT receipt = {0};
    struct err err;

    set_manifest(world, ALGORITHM, "auto");
    assert_fails(read_receipt(world, &receipt, &err), ERR_STATE);
    send_all(world, ALGORITHM);
    await_state(world, STATE_CONSUMING_RESULTS);
    assert_ok(read_receipt(world, &receipt, &err));
    assert_ok(engine_read_evidence(world->engine, world->manifest, &evidence, &err));
    assert_string_equal(buf_str(&evidence), "evidence");
    assert_string_equal(world->exit.kind, "done");
    assert_ok(open_result(world, world->manifest, CONSUMER, &result, &err));
    close(result.fd);
    assert_int_equal(world->result_bytes, result.size);
    assert_ok(engine_wipe(world->engine, world->manifest, &err));
    assert_fails(engine_read_evidence(world->engine, world->manifest, &evidence, &err), ERR_STATE);
}

static void a_run_that_failed_has_one_that_says_how(void **state)
{
    struct world *world = *state;
    OWNED_RECEIPT receipt = {0};
    struct err err;

    set_manifest(world, "import sys; sys.exit(7)", "auto");
    send_all(world, "import sys; sys.exit(7)");
    await_state(world, STATE_FAILED);
    assert_ok(read_receipt(world, &receipt, &err));
    assert_string_equal(world->exit.kind, "exit");
    assert_int_equal(world->exit.code, 7);
    assert_int_equal(world->result_bytes, 0);
}

static void a_result_is_there_also_when_no_receipt_can_be_made(void **state)
{
    struct world *world = *state;
    OWNED_RECEIPT receipt = {0};
    struct err err;

    world->witness_fails = true;
    set_manifest(world, ALGORITHM, "auto");
    send_all(world, ALGORITHM);
    await_state(world, STATE_CONSUMING_RESULTS);
    assert_fails(read_receipt(world, &receipt, &err), ERR_NOT_FOUND);
}

static struct json *sealed_party(enum party party)
{
    struct json *json = party_json(party);

    json_set_bool(json, "seal", true);
    return json;
}

static int add_bytes(void *to, struct span bytes, struct err *err)
{
    buf_add_span(to, bytes);
    return buf_check(to, "test", err);
}

/* What this party gets, opened with its key where it is sealed. */
static void read_result(struct world *world, enum party party, bool sealed, struct buf *out)
{
    const struct key *key = party_key(party);
    char context[SEALING_CONTEXT_SIZE];
    struct seal_terms terms = {&key, 1};
    OWNED_BUF got = BUF_OF(1 * MIB);
    OWNED_OF(opener) *opener = NULL;
    struct engine_result result;
    struct err err;

    assert_ok(open_result(world, world->manifest, party, &result, &err));
    assert_ok(file_read_fd(result.fd, &got, &err));
    close(result.fd);
    assert_int_equal(result.is_sealed, sealed);
    assert_int_equal(result.size, got.len);
    if (!sealed) {
        buf_add_span(out, buf_span(&got));
        return;
    }
    sealing_context(SEALING_RESULT, world->manifest->sha256, context);
    terms.context = span_of_str(context);
    assert_ok(opener_new(&terms, add_bytes, out, &opener, &err));
    assert_ok(opener_write(opener, buf_span(&got), &err));
    assert_ok(opener_finish(opener, &err));
}

static void each_consumer_gets_the_result_as_the_manifest_says(void **state)
{
    struct json *consumers = json_new_array();
    OWNED_BUF plain = BUF_OF(1 * MIB), opened = BUF_OF(1 * MIB);
    struct world *world = *state;
    OWNED_RECEIPT receipt = {0};
    struct err err;

    json_add(consumers, party_json(CONSUMER));
    json_add(consumers, sealed_party(DATA));
    set_manifest_for(world, ALGORITHM, "auto", consumers);
    send_all(world, ALGORITHM);
    await_state(world, STATE_CONSUMING_RESULTS);
    read_result(world, CONSUMER, false, &plain);
    read_result(world, DATA, true, &opened);
    assert_true(plain.len > 0 && span_equal(buf_span(&plain), buf_span(&opened)));
    assert_ok(read_receipt(world, &receipt, &err));
    assert_true(receipt.result.sealed_sha256.present);
    fetch(world, CONSUMER);
    assert_int_equal(engine_state(world->engine), STATE_CONSUMING_RESULTS);
    fetch(world, DATA);
    assert_int_equal(engine_state(world->engine), STATE_COMPLETE);
}

static void a_result_that_all_get_sealed_is_nowhere_else(void **state)
{
    struct json *consumers = json_new_array();
    OWNED_BUF opened = BUF_OF(1 * MIB);
    struct world *world = *state;
    char path[64];

    json_add(consumers, sealed_party(DATA));
    json_add(consumers, sealed_party(OWNER));
    set_manifest_for(world, ALGORITHM, "auto", consumers);
    send_all(world, ALGORITHM);
    await_state(world, STATE_CONSUMING_RESULTS);
    snprintf(path, sizeof(path), "%s/result.zip", world->dir);
    assert_int_equal(access(path, F_OK), -1);
    read_result(world, OWNER, true, &opened);
    assert_int_equal(opened.len, world->result_bytes);
}

static void a_directory_that_is_used_is_refused(void **state)
{
    struct world *world = *state;
    struct engine_config config = {world->dir, MEMORY_MIB, observe, measure, world};
    struct engine *second;
    struct err err;

    assert_fails(engine_start(&config, &second, &err), ERR_STATE);
}

static void a_manifest_is_measured_before_it_is_acted_on(void **state)
{
    struct world *world = *state;
    struct err err;

    set_manifest(world, "pass", "auto");
    assert_int_equal(world->measured, 1);
    assert_fails(engine_set_manifest(world->engine, world->manifest, &err), ERR_STATE);
    assert_int_equal(world->measured, 1);

    assert_ok(engine_wipe(world->engine, world->manifest, &err));
    world->measuring_fails = true;
    assert_fails(engine_set_manifest(world->engine, world->manifest, &err), ERR_UNAVAILABLE);
    assert_null(engine_keep_manifest(world->engine));
    assert_int_equal(engine_state(world->engine), STATE_RECEIVING_MANIFEST);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_computation_goes_its_way_and_tells_it, begin, end),
        cmocka_unit_test_setup_teardown(a_manual_run_waits, begin, end),
        cmocka_unit_test_setup_teardown(a_manifest_is_measured_before_it_is_acted_on, begin, end),
        cmocka_unit_test_setup_teardown(a_failure_is_kept, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_pinned_leaves_the_asset_awaited, begin, end),
        cmocka_unit_test_setup_teardown(one_sends_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(what_arrives_for_an_ended_computation_does_not_land, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_run_is_ended_by_a_wipe_and_by_the_end, begin, end),
        cmocka_unit_test_setup_teardown(one_manifest_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(more_memory_than_the_machine_has_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(another_computation_opens_nothing, begin, end),
        cmocka_unit_test_setup_teardown(what_the_host_gave_can_be_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_run_that_ended_has_a_receipt, begin, end),
        cmocka_unit_test_setup_teardown(a_run_that_failed_has_one_that_says_how, begin, end),
        cmocka_unit_test_setup_teardown(a_result_is_there_also_when_no_receipt_can_be_made, begin,
                                        end),
        cmocka_unit_test_setup_teardown(each_consumer_gets_the_result_as_the_manifest_says, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_result_that_all_get_sealed_is_nowhere_else, begin, end),
        cmocka_unit_test_setup_teardown(a_directory_that_is_used_is_refused, begin, end),
    };

    if (confine_is_launcher(argc, argv))
        return confine_launch();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
