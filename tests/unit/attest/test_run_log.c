#include "tests/unit/unit.h"

#include "lib/attest/evidence/run_log.h"

static void add(struct buf *log, uint64_t recnum, enum run_event event, const char *text)
{
    uint8_t digest[SHA256_SIZE];

    digest_of(DIGEST_SHA256, span_of_str(text), digest);
    run_log_add(log, recnum, event, digest);
}

static void add_end(struct buf *log, uint64_t recnum, const char *manifest)
{
    uint8_t digest[SHA256_SIZE], end[SHA256_SIZE];

    digest_of(DIGEST_SHA256, span_of_str(manifest), digest);
    run_end_digest(digest, end);
    run_log_add(log, recnum, RUN_END, end);
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
    add_end(&log, 2, "first");
    add(&log, 3, RUN_MANIFEST, "second");
    assert_ok(run_log_read(buf_span(&log), &run, &err));
    assert_int_equal(run.manifests, 2);
    assert_false(run.ended);
    digest_of(DIGEST_SHA256, span_of_str("second"), expected);
    assert_true(span_equal(run_log_manifest(&run), SPAN_OF_ARRAY(expected)));
    digest_of(DIGEST_SHA256, span_of_str("{}"), expected);
    assert_memory_equal(run.config, expected, SHA256_SIZE);
}

static void after_an_end_there_is_no_manifest(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct run_log run = {.manifests = 0};
    struct err err;

    (void)state;
    assert_int_equal(run_log_manifest(&run).len, 0);
    add(&log, 0, RUN_CONFIG, "{}");
    add(&log, 1, RUN_MANIFEST, "first");
    add_end(&log, 2, "first");
    assert_ok(run_log_read(buf_span(&log), &run, &err));
    assert_true(run.ended);
    assert_int_equal(run.manifests, 1); /* it was one of this machine, all the same */
    assert_int_equal(run_log_manifest(&run).len, 0);
}

/* By hand: SHA-256 of "cocos/end/1" and the manifest's digest, and one extend of both registers. */
static void an_end_is_extended_like_everything_else(void **state)
{
    static const char label[] = "cocos/end/1";
    uint8_t text[sizeof(label) - 1 + SHA256_SIZE], twice[2 * SHA256_SIZE], expected[SHA256_SIZE];
    uint8_t padded[2 * SHA384_SIZE] = {0}, rtmr[SHA384_SIZE];
    OWNED_BUF log = BUF_OF(4096);
    struct run_log before, after;
    struct err err;

    (void)state;
    add(&log, 0, RUN_CONFIG, "{}");
    add(&log, 1, RUN_MANIFEST, "first");
    assert_ok(run_log_read(buf_span(&log), &before, &err));
    add_end(&log, 2, "first");
    assert_ok(run_log_read(buf_span(&log), &after, &err));
    memcpy(text, label, sizeof(label) - 1);
    digest_of(DIGEST_SHA256, span_of_str("first"), text + sizeof(label) - 1);
    memcpy(twice, before.pcr, SHA256_SIZE);
    digest_of(DIGEST_SHA256, SPAN_OF_ARRAY(text), twice + SHA256_SIZE);
    digest_of(DIGEST_SHA256, SPAN_OF_ARRAY(twice), expected);
    assert_memory_equal(after.pcr, expected, SHA256_SIZE);
    memcpy(padded, before.rtmr, SHA384_SIZE);
    memcpy(padded + SHA384_SIZE, twice + SHA256_SIZE, SHA256_SIZE);
    digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(padded), rtmr);
    assert_memory_equal(after.rtmr, rtmr, SHA384_SIZE);
}

static void events_in_another_order_are_refused_by_their_names(void **state)
{
    static const struct {
        enum run_event order[5];
        size_t count;
        const char *told;
    } rows[] = {
        {{RUN_MANIFEST}, 1, "is a manifest where a configuration must be"},
        {{RUN_END}, 1, "is the end of a computation where a configuration must be"},
        {{RUN_CONFIG, RUN_CONFIG}, 2, "is a configuration where a manifest must be"},
        {{RUN_CONFIG, RUN_END}, 2, "is the end of a computation where a manifest must be"},
        {{RUN_CONFIG, RUN_MANIFEST, RUN_MANIFEST},
         3,
         "is a manifest where the end of a computation must be"},
        {{RUN_CONFIG, RUN_MANIFEST, RUN_CONFIG},
         3,
         "is a configuration where the end of a computation must be"},
        {{RUN_CONFIG, RUN_MANIFEST, RUN_END, RUN_END},
         4,
         "is the end of a computation where a manifest must be"},
        {{RUN_CONFIG, RUN_MANIFEST, RUN_END, RUN_MANIFEST, RUN_MANIFEST},
         5,
         "is a manifest where the end of a computation must be"},
    };
    struct run_log run;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF log = BUF_OF(4096);

        for (size_t j = 0; j < rows[i].count; j++)
            (rows[i].order[j] == RUN_END ? add_end(&log, j, "a")
                                         : add(&log, j, rows[i].order[j], "a"));
        assert_fails(run_log_read(buf_span(&log), &run, &err), ERR_INPUT);
        if (strstr(err.text, rows[i].told) == NULL)
            fail_msg("%zu: %s", i, err.text);
    }
}

static void the_end_of_another_computation_is_refused(void **state)
{
    OWNED_BUF log = BUF_OF(4096), bare = BUF_OF(4096);
    struct run_log run;
    struct err err;

    (void)state;
    add(&log, 0, RUN_CONFIG, "{}");
    add(&log, 1, RUN_MANIFEST, "first");
    buf_add_span(&bare, buf_span(&log));
    add_end(&log, 2, "second");
    assert_fails(run_log_read(buf_span(&log), &run, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "ends another computation"));
    add(&bare, 2, RUN_END, "first"); /* the manifest's digest as it is */
    assert_fails(run_log_read(buf_span(&bare), &run, &err), ERR_INPUT);
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
        cmocka_unit_test(after_an_end_there_is_no_manifest),
        cmocka_unit_test(an_end_is_extended_like_everything_else),
        cmocka_unit_test(events_in_another_order_are_refused_by_their_names),
        cmocka_unit_test(the_end_of_another_computation_is_refused),
        cmocka_unit_test(strangers_in_our_register_are_refused),
        cmocka_unit_test(other_registers_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
