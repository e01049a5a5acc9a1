/* What the agent extends, against the contract's own example. */
#include "tests/unit/unit.h"

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
    uint8_t config[SHA256_SIZE], manifest[SHA256_SIZE], value[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    (void)state;
    config_of("{}", config);
    digest_of(DIGEST_SHA256, span_of_str("manifest"), manifest);
    pcr_run_predict(config, manifest, 1, value);
    text_hex(value, SHA256_SIZE, hex);
    assert_string_equal(hex, "7c7d3281549cb2d19d3029041e2ac094a934f91a023793bf01ba1be80a925a44");
}

static void each_manifest_is_one_more_extend(void **state)
{
    uint8_t config[SHA256_SIZE], manifests[2][SHA256_SIZE] = {{1}, {2}};
    uint8_t none[SHA256_SIZE], one[SHA256_SIZE], two[SHA256_SIZE];

    (void)state;
    config_of("{}", config);
    pcr_run_predict(config, manifests[0], 0, none);
    pcr_run_predict(config, manifests[0], 1, one);
    pcr_run_predict(config, manifests[0], 2, two);
    assert_memory_not_equal(none, one, SHA256_SIZE);
    assert_memory_not_equal(one, two, SHA256_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configuration_is_an_object),
        cmocka_unit_test(what_is_new_in_each_vm_is_not_measured),
        cmocka_unit_test(register_is_the_contracts),
        cmocka_unit_test(each_manifest_is_one_more_extend),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
