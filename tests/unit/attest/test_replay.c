#include "tests/unit/unit.h"

#include "lib/attest/evidence/run_log.h"
#include "lib/attest/replay.h"
#include "tests/unit/attest/ima_make.h"
#include "tests/unit/attest/tcg_make.h"

static const uint8_t separator[4] = {0};

static void assert_json(const struct json *json, const char *wanted)
{
    OWNED_BUF text = BUF_OF(64 * KIB);

    json_write(json, &text);
    assert_string_equal(buf_str(&text), wanted);
}

static void malformed_logs_are_refused(void **state)
{
    struct json *json;
    struct err err;

    (void)state;
    assert_fails(replay_event_log(span_of_str("xx"), DIGEST_SHA256, &json, &err), ERR_INPUT);
    assert_fails(replay_event_log(span_of_str("{"), DIGEST_SHA256, &json, &err), ERR_MALFORMED);
    assert_fails(replay_ccel(span_of_str("xx"), &json, &err), ERR_INPUT);
    assert_fails(replay_ima(span_of_str("xx"), &json, &err), ERR_INPUT);
}

static void an_event_log_shows_the_registers_it_extends(void **state)
{
    static const enum digest_alg sha256[] = {DIGEST_SHA256};
    OWNED_BUF log = BUF_OF(4096);
    OWNED_JSON *json = NULL;
    struct json *none;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    make_event(&log, sha256, 1, 2, EV_SEPARATOR, SPAN_OF_ARRAY(separator));
    make_event(&log, sha256, 1, 11, EV_SEPARATOR, SPAN_OF_ARRAY(separator));
    assert_ok(replay_event_log(buf_span(&log), DIGEST_SHA256, &json, &err));
    assert_json(json,
                "{\"pcrs\":{"
                "\"2\":\"3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969\","
                "\"11\":\"3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969\"}}");
    assert_fails(replay_event_log(buf_span(&log), DIGEST_SHA1, &none, &err), ERR_NOT_FOUND);
}

static void a_log_of_our_agent_shows_pcr_15(void **state)
{
    uint8_t digest[SHA256_SIZE];
    OWNED_BUF log = BUF_OF(4096);
    OWNED_JSON *json = NULL;
    struct err err;

    (void)state;
    digest_of(DIGEST_SHA256, span_of_str("{}"), digest);
    run_log_add(&log, 0, RUN_CONFIG, digest);
    digest_of(DIGEST_SHA256, span_of_str("manifest"), digest);
    run_log_add(&log, 1, RUN_MANIFEST, digest);
    assert_ok(replay_event_log(buf_span(&log), DIGEST_SHA256, &json, &err));
    assert_json(json, "{\"pcrs\":{\"15\":"
                      "\"7c7d3281549cb2d19d3029041e2ac094a934f91a023793bf01ba1be80a925a44\"}}");
}

static void a_ccel_shows_all_runtime_registers(void **state)
{
    static const enum digest_alg sha384[] = {DIGEST_SHA384};
    char zeros[2 * SHA384_SIZE + 1];
    const struct json *registers;
    OWNED_BUF log = BUF_OF(4096);
    OWNED_JSON *json = NULL;
    struct err err;

    (void)state;
    make_spec_id(&log, sha384, 1);
    make_event(&log, sha384, 1, 1, EV_SEPARATOR, SPAN_OF_ARRAY(separator));
    assert_ok(replay_ccel(buf_span(&log), &json, &err));
    registers = json_get(json, "rtmrs");
    assert_int_equal(json_count(registers), 4);
    memset(zeros, '0', sizeof(zeros) - 1);
    zeros[sizeof(zeros) - 1] = '\0';
    assert_string_not_equal(json_get_str(registers, "0"), zeros);
    assert_string_equal(json_get_str(registers, "3"), zeros);
}

static void an_ima_list_shows_its_register_and_counts(void **state)
{
    OWNED_BUF list = BUF_OF(4096), data = BUF_OF(4096), wanted = BUF_OF(4096);
    uint8_t aggregate[SHA256_SIZE];
    struct ima_replay replay;
    OWNED_JSON *json = NULL, *empty = NULL;
    char pcr[65], hex[65];
    struct err err;

    (void)state;
    make_ng_entry(&list, "boot_aggregate");
    make_ng_fields(&data, "/x");
    make_entry(&list, DIGEST_SHA1, IMA_PCR, "ima-ng", buf_span(&data), true);
    assert_ok(ima_log_replay(buf_span(&list), DIGEST_SHA256, &replay, &err));
    text_hex(replay.bank.value[IMA_PCR], SHA256_SIZE, pcr);
    digest_of(DIGEST_SHA256, span_of_str("boot_aggregate"), aggregate);
    text_hex(aggregate, SHA256_SIZE, hex);
    buf_printf(&wanted,
               "{\"pcr10\":\"%s\",\"entries\":2,\"violations\":1,\"boot_aggregate\":\"%s\"}", pcr,
               hex);
    assert_ok(replay_ima(buf_span(&list), &json, &err));
    assert_json(json, buf_str(&wanted));
    assert_ok(replay_ima(span_of(NULL, 0), &empty, &err));
    assert_int_equal(json_kind_of(json_get(empty, "boot_aggregate")), JSON_KIND_NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_logs_are_refused),
        cmocka_unit_test(an_event_log_shows_the_registers_it_extends),
        cmocka_unit_test(a_log_of_our_agent_shows_pcr_15),
        cmocka_unit_test(a_ccel_shows_all_runtime_registers),
        cmocka_unit_test(an_ima_list_shows_its_register_and_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
