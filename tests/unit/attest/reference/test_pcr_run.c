/* What the agent extends, against the contract's own example. */
#include "tests/unit/unit.h"

#include "lib/attest/evidence/run_log.h"
#include "lib/attest/reference/pcr_run.h"

static void config_of(const char *text, uint8_t out[static SHA256_SIZE])
{
    OWNED_JSON *json = NULL;
    struct err err;

    assert_ok(json_parse(span_of_str(text), &json, &err));
    assert_ok(pcr_run_config_digest(json, out, &err));
}

static struct pcr_run predict(const uint8_t config[static SHA256_SIZE],
                              const uint8_t (*manifests)[SHA256_SIZE], size_t count, bool ended)
{
    struct pcr_run_story story = {.manifests = manifests, .count = count, .ended = ended};
    struct pcr_run run;

    memcpy(story.config, config, SHA256_SIZE);
    pcr_run_predict(&story, &run);
    return run;
}

static void configuration_is_an_object(void **state)
{
    OWNED_JSON *json = NULL;
    uint8_t digest[SHA256_SIZE];
    struct err err;

    (void)state;
    assert_ok(json_parse(span_of_str("[]"), &json, &err));
    assert_fails(pcr_run_config_digest(json, digest, &err), ERR_INPUT);
}

static void what_is_new_in_each_vm_is_not_measured(void **state)
{
    uint8_t one[SHA256_SIZE], two[SHA256_SIZE], other[SHA256_SIZE];

    (void)state;
    config_of("{\"version\": 1, \"boot_nonce\": \"AA==\", \"vm_id\": \"a\"}", one);
    config_of("{\"vm_id\": \"b\", \"version\":1}", two);
    config_of("{\"version\":1,\"log_level\":\"debug\"}", other);
    assert_memory_equal(one, two, SHA256_SIZE);
    assert_memory_not_equal(one, other, SHA256_SIZE);
}

static void register_is_the_contracts(void **state)
{
    uint8_t config[SHA256_SIZE], manifests[1][SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    struct pcr_run run;

    (void)state;
    config_of("{}", config);
    digest_of(DIGEST_SHA256, span_of_str("manifest"), manifests[0]);
    run = predict(config, manifests, 1, false);
    text_hex(run.pcr, SHA256_SIZE, hex);
    assert_string_equal(hex, "7c7d3281549cb2d19d3029041e2ac094a934f91a023793bf01ba1be80a925a44");
}

static void each_manifest_and_each_end_is_one_more_extend(void **state)
{
    static const struct {
        size_t count;
        bool ended;
    } stories[] = {{0, false}, {1, false}, {1, true}, {2, false}, {2, true}};
    const uint8_t manifests[2][SHA256_SIZE] = {{1}, {2}};
    struct pcr_run runs[COUNT_OF(stories)];
    uint8_t config[SHA256_SIZE];

    (void)state;
    config_of("{}", config);
    for (size_t i = 0; i < COUNT_OF(stories); i++) {
        runs[i] = predict(config, manifests, stories[i].count, stories[i].ended);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(runs[i].pcr, runs[j].pcr, SHA256_SIZE);
            assert_memory_not_equal(runs[i].rtmr, runs[j].rtmr, SHA384_SIZE);
        }
    }
}

/* By hand, from what the agent does: the digest, then 16 zeros, SHA-384. */
static void runtime_register_takes_each_digest_with_zeros_behind_it(void **state)
{
    uint8_t config[SHA256_SIZE], manifests[1][SHA256_SIZE] = {{7}}, extend[2 * SHA384_SIZE] = {0};
    uint8_t value[SHA384_SIZE];
    struct pcr_run run;

    (void)state;
    config_of("{}", config);
    memcpy(extend + SHA384_SIZE, config, SHA256_SIZE);
    digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(extend), value);
    memcpy(extend, value, SHA384_SIZE);
    memcpy(extend + SHA384_SIZE, manifests[0], SHA256_SIZE);
    digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(extend), value);
    run = predict(config, manifests, 1, false);
    assert_memory_equal(run.rtmr, value, SHA384_SIZE);
}

/* What is predicted is what the verifier reads from the log of a machine that did the same. */
static void log_of_the_same_run_leads_to_the_same_registers(void **state)
{
    const uint8_t manifests[2][SHA256_SIZE] = {{1}, {2}};
    uint8_t config[SHA256_SIZE], end[SHA256_SIZE];
    OWNED_BUF log = BUF_OF(64 * KIB);
    struct pcr_run run;
    struct run_log read;
    struct err err;

    (void)state;
    config_of("{\"version\": 1}", config);
    run_log_add(&log, 0, RUN_CONFIG, config);
    run_log_add(&log, 1, RUN_MANIFEST, manifests[0]);
    run_end_digest(manifests[0], end);
    run_log_add(&log, 2, RUN_END, end);
    run_log_add(&log, 3, RUN_MANIFEST, manifests[1]);
    assert_ok(run_log_read(buf_span(&log), &read, &err));
    run = predict(config, manifests, 2, false);
    assert_memory_equal(read.pcr, run.pcr, SHA256_SIZE);
    assert_memory_equal(read.rtmr, run.rtmr, SHA384_SIZE);
    run_end_digest(manifests[1], end);
    run_log_add(&log, 4, RUN_END, end);
    assert_ok(run_log_read(buf_span(&log), &read, &err));
    run = predict(config, manifests, 2, true);
    assert_memory_equal(read.pcr, run.pcr, SHA256_SIZE);
    assert_memory_equal(read.rtmr, run.rtmr, SHA384_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configuration_is_an_object),
        cmocka_unit_test(what_is_new_in_each_vm_is_not_measured),
        cmocka_unit_test(register_is_the_contracts),
        cmocka_unit_test(each_manifest_and_each_end_is_one_more_extend),
        cmocka_unit_test(runtime_register_takes_each_digest_with_zeros_behind_it),
        cmocka_unit_test(log_of_the_same_run_leads_to_the_same_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
