#include "tests/unit/unit.h"

#include "lib/attest/evidence/run_log.h"

static void add(struct buf *log, uint64_t recnum, enum run_event event, const char *text)
{
    uint8_t digest[SHA256_SIZE];

    digest_of(DIGEST_SHA256, span_of_str(text), digest);
    run_log_add(log, recnum, event, digest);
}

/* The vector of the contract. */
static void a_log_gives_the_register_of_the_contract(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    char hex[2 * SHA256_SIZE + 1];
    struct run_log run;
    struct err err;

    (void)state;
    add(&log, 0, RUN_CONFIG, "{}");
    add(&log, 1, RUN_MANIFEST, "manifest");
    assert_ok(run_log_read(buf_span(&log), &run, &err));
    text_hex(run.pcr, sizeof(run.pcr), hex);
    assert_string_equal(hex, "7c7d3281549cb2d19d3029041e2ac094a934f91a023793bf01ba1be80a925a44");
    assert_true(run.has_config);
    assert_int_equal(run.manifests, 1);
}

static void the_last_manifest_counts(void **state)
{
    uint8_t expected[SHA256_SIZE];
    OWNED_BUF log = BUF_OF(4096);
    struct run_log run;
    struct err err;

    (void)state;
    add(&log, 0, RUN_CONFIG, "{}");
    add(&log, 1, RUN_MANIFEST, "first");
    add(&log, 2, RUN_MANIFEST, "second");
    assert_ok(run_log_read(buf_span(&log), &run, &err));
    assert_int_equal(run.manifests, 2);
    digest_of(DIGEST_SHA256, span_of_str("second"), expected);
    assert_memory_equal(run.manifest, expected, SHA256_SIZE);
    digest_of(DIGEST_SHA256, span_of_str("{}"), expected);
    assert_memory_equal(run.config, expected, SHA256_SIZE);
}

static void events_in_another_order_are_refused(void **state)
{
    static const enum run_event orders[][2] = {
        {RUN_MANIFEST, RUN_CONFIG}, {RUN_CONFIG, RUN_CONFIG}, {RUN_MANIFEST, RUN_MANIFEST}};
    struct run_log run;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        OWNED_BUF log = BUF_OF(4096);

        add(&log, 0, orders[i][0], "a");
        add(&log, 1, orders[i][1], "b");
        assert_fails(run_log_read(buf_span(&log), &run, &err), ERR_INPUT);
    }
}

static void strangers_in_our_register_are_refused(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct run_log run;
    struct err err;

    (void)state;
    add(&log, 0, RUN_CONFIG, "{}");
    memcpy(strstr(buf_str(&log), "cocos"), "sococ", 5);
    assert_fails(run_log_read(buf_span(&log), &run, &err), ERR_INPUT);
}

static void other_registers_are_passed_over(void **state)
{
    static const char foreign[] =
        "{\"recnum\":0,\"pcr\":11,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":"
        "\"1111111111111111111111111111111111111111111111111111111111111111\"}],"
        "\"content_type\":\"systemd\",\"content\":{}}\n";
    OWNED_BUF log = BUF_OF(4096);
    struct run_log run;
    struct err err;

    (void)state;
    buf_add_str(&log, foreign);
    assert_ok(run_log_read(buf_span(&log), &run, &err));
    assert_false(run.has_config);
    assert_true(span_is_zero(SPAN_OF_ARRAY(run.pcr)));
    add(&log, 1, RUN_CONFIG, "{}");
    assert_ok(run_log_read(buf_span(&log), &run, &err));
    assert_true(run.has_config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_gives_the_register_of_the_contract),
        cmocka_unit_test(the_last_manifest_counts),
        cmocka_unit_test(events_in_another_order_are_refused),
        cmocka_unit_test(strangers_in_our_register_are_refused),
        cmocka_unit_test(other_registers_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
