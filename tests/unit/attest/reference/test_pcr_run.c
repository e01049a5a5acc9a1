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
    uint8_t config[SHA256_SIZE], manifest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    struct pcr_run run;

    (void)state;
    config_of("{}", config);
    digest_of(DIGEST_SHA256, span_of_str("manifest"), manifest);
    pcr_run_predict(config, manifest, 1, &run);
    text_hex(run.pcr, SHA256_SIZE, hex);
    assert_string_equal(hex, "7c7d3281549cb2d19d3029041e2ac094a934f91a023793bf01ba1be80a925a44");
}

static void each_manifest_is_one_more_extend(void **state)
{
    uint8_t config[SHA256_SIZE], manifests[2][SHA256_SIZE] = {{1}, {2}};
    struct pcr_run none, one, two;

    (void)state;
    config_of("{}", config);
    pcr_run_predict(config, manifests[0], 0, &none);
    pcr_run_predict(config, manifests[0], 1, &one);
    pcr_run_predict(config, manifests[0], 2, &two);
    assert_memory_not_equal(none.pcr, one.pcr, SHA256_SIZE);
    assert_memory_not_equal(one.pcr, two.pcr, SHA256_SIZE);
    assert_memory_not_equal(none.rtmr, one.rtmr, SHA384_SIZE);
    assert_memory_not_equal(one.rtmr, two.rtmr, SHA384_SIZE);
}

/* By hand, from what the agent does: the digest, then 16 zeros, SHA-384. */
static void runtime_register_takes_each_digest_with_zeros_behind_it(void **state)
{
    uint8_t config[SHA256_SIZE], manifest[SHA256_SIZE] = {7}, extend[2 * SHA384_SIZE] = {0};
    uint8_t value[SHA384_SIZE];
    struct pcr_run run;

    (void)state;
    config_of("{}", config);
    memcpy(extend + SHA384_SIZE, config, SHA256_SIZE);
    digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(extend), value);
    memcpy(extend, value, SHA384_SIZE);
    memcpy(extend + SHA384_SIZE, manifest, SHA256_SIZE);
    digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(extend), value);
    pcr_run_predict(config, manifest, 1, &run);
    assert_memory_equal(run.rtmr, value, SHA384_SIZE);
}

/* What is predicted is what the verifier reads from the log of a machine that did the same. */
static void log_of_the_same_run_leads_to_the_same_registers(void **state)
{
    uint8_t config[SHA256_SIZE], manifests[2][SHA256_SIZE] = {{1}, {2}};
    OWNED_BUF log = BUF_OF(64 * KIB);
    struct pcr_run run;
    struct run_log read;
    struct err err;

    (void)state;
    config_of("{\"version\": 1}", config);
    run_log_add(&log, 0, RUN_CONFIG, config);
    run_log_add(&log, 1, RUN_MANIFEST, manifests[0]);
    run_log_add(&log, 2, RUN_MANIFEST, manifests[1]);
    assert_ok(run_log_read(buf_span(&log), &read, &err));
    pcr_run_predict(config, manifests[0], 2, &run);
    assert_memory_equal(read.pcr, run.pcr, SHA256_SIZE);
    assert_memory_equal(read.rtmr, run.rtmr, SHA384_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configuration_is_an_object),
        cmocka_unit_test(what_is_new_in_each_vm_is_not_measured),
        cmocka_unit_test(register_is_the_contracts),
        cmocka_unit_test(each_manifest_is_one_more_extend),
        cmocka_unit_test(runtime_register_takes_each_digest_with_zeros_behind_it),
        cmocka_unit_test(log_of_the_same_run_leads_to_the_same_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
