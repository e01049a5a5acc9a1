#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/ccel.h"
#include "tests/unit/attest/tcg_make.h"

static const enum digest_alg sha256[] = {DIGEST_SHA256};
static const enum digest_alg sha384[] = {DIGEST_SHA384};

static void parse_refuses_registers_that_nobody_extends(void **state)
{
    static const uint32_t bad[] = {0, 5, 23};
    struct tcg_log ret;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        OWNED_BUF log = BUF_OF(4096);

        make_spec_id(&log, sha384, 1);
        make_event(&log, sha384, 1, bad[i], EV_IPL, span_of_str("x"));
        assert_fails(ccel_parse(buf_span(&log), &ret, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, "no runtime register"));
    }
}

static void parse_refuses_the_old_format(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_legacy_event(&log, 1, EV_IPL, span_of_str("x"));
    assert_fails(ccel_parse(buf_span(&log), &ret, &err), ERR_INPUT);
}

static void replay_refuses_a_log_without_sha384(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct pcr_bank bank;
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    make_event(&log, sha256, 1, 1, EV_IPL, span_of_str("x"));
    assert_ok(ccel_parse(buf_span(&log), &ret, &err));
    assert_fails(ccel_replay(&ret, &bank, &err), ERR_NOT_FOUND);
}

static void replay_counts_registers_from_one(void **state)
{
    uint8_t both[2 * SHA384_SIZE] = {0}, expected[SHA384_SIZE];
    OWNED_BUF log = BUF_OF(4096);
    struct pcr_bank bank;
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_spec_id(&log, sha384, 1);
    make_event(&log, sha384, 1, 4, EV_IPL, span_of_str("x"));
    make_event(&log, sha384, 1, 0, EV_NO_ACTION, span_of_str("a note"));
    assert_ok(ccel_parse(buf_span(&log), &ret, &err));
    assert_ok(ccel_replay(&ret, &bank, &err));
    assert_int_equal(bank.set, 1u << 3);
    digest_of(DIGEST_SHA384, span_of_str("x"), both + SHA384_SIZE);
    digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(both), expected);
    assert_memory_equal(bank.value[3], expected, sizeof(expected));
}

/* --- genuine logs ---------------------------------------------------------------------------- */

static void replay_file(const char *name, struct pcr_bank *bank)
{
    OWNED_BUF bytes = BUF_OF(TCG_LOG_SIZE_MAX);
    struct tcg_log log;
    struct err err;

    vector_read(name, &bytes);
    assert_ok(ccel_parse(buf_span(&bytes), &log, &err));
    assert_ok(ccel_replay(&log, bank, &err));
}

static void replay_gives_the_registers_of_trustee(void **state)
{
    OWNED_JSON *cases =
        (need_vectors(), vector_read_json("ccel/trustee-eventlog/expected-rtmr-open.json"));
    const struct json *entry;
    const char *file = NULL;

    (void)state;
    assert_true(json_count(cases) >= 3);
    while ((entry = json_next(cases, &file)) != NULL) {
        struct pcr_bank bank;
        char path[256];

        snprintf(path, sizeof(path), "ccel/trustee-eventlog/%s", file);
        replay_file(path, &bank);
        for (unsigned i = 0; i < RTMR_COUNT; i++) {
            char key[8], text[2 * SHA384_SIZE + 1];

            snprintf(key, sizeof(key), "rtmr%u", i);
            text_hex(bank.value[i], SHA384_SIZE, text);
            assert_string_equal(text, json_get_str(entry, key));
        }
    }
}

/* One byte of a Go string literal; moves at. */
static uint8_t go_byte(const char **at)
{
    static const char escapes[] = "abfnrtv\\\"";
    static const char values[] = "\a\b\f\n\r\t\v\\\"";
    const char *found;
    uint8_t byte = 0;
    char hex[3];
    struct err err;

    if (**at != '\\')
        return (uint8_t) * (*at)++;
    if ((*at)[1] == 'x') {
        snprintf(hex, sizeof(hex), "%.2s", *at + 2);
        assert_ok(text_parse_hex(hex, &byte, 1, &err));
        *at += 4;
        return byte;
    }
    found = strchr(escapes, (*at)[1]);
    assert_non_null(found);
    *at += 2;
    return (uint8_t)values[found - escapes];
}

/* The RTMRs of one log in the Go source of its test. */
static void read_go_registers(const char *source, const char *variable, struct pcr_bank *ret)
{
    const char *at = strstr(source, variable);

    assert_non_null(at);
    for (unsigned i = 0; i < 3; i++) {
        at = strstr(at, "[]byte(\"");
        assert_non_null(at);
        at += strlen("[]byte(\"");
        for (size_t n = 0; n < SHA384_SIZE; n++)
            ret->value[i][n] = go_byte(&at);
        assert_int_equal(*at, '"');
    }
}

static void replay_gives_the_registers_of_go_eventlog(void **state)
{
    static const char *const files[] = {
        "ccel/go-eventlog/cos-113-intel-tdx-dupe-separator-unpadded.bin",
        "ccel/go-eventlog/cos-113-intel-tdx-dupe-separator.bin",
    };
    OWNED_BUF source = BUF_OF(1 * MIB);
    struct pcr_bank expected, bank;

    (void)state;
    need_vectors();
    vector_read("ccel/go-eventlog/expected-from-cceventlog_test.txt", &source);
    read_go_registers(buf_str(&source), "COS113TDXUnpadded", &expected);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        replay_file(files[i], &bank);
        for (unsigned n = 0; n < 3; n++)
            assert_memory_equal(bank.value[n], expected.value[n], SHA384_SIZE);
    }
}

/* Hygon's log has an SM3 bank only: well formed, and of no use here. */
static void a_log_with_sm3_only_is_read_and_not_replayed(void **state)
{
    OWNED_BUF bytes = BUF_OF(TCG_LOG_SIZE_MAX);
    struct pcr_bank bank;
    struct tcg_log log;
    struct err err;

    (void)state;
    need_vectors();
    vector_read("ccel/trustee-eventlog/CCEL_data_csv", &bytes);
    assert_ok(ccel_parse(buf_span(&bytes), &log, &err));
    assert_int_equal(log.count, 82);
    assert_fails(ccel_replay(&log, &bank, &err), ERR_NOT_FOUND);
}

/* Event for event what others read: registers, digests and bytes. */
static void check_claims(const char *name)
{
    OWNED(free_str) char *log_name = mem_copy(name, strlen(name) - strlen("_out.json"));
    OWNED_JSON *claims = vector_read_json(name);
    const struct json *list = json_get(claims, "uefi_event_logs");
    OWNED_BUF bytes = BUF_OF(TCG_LOG_SIZE_MAX);
    struct tcg_cursor cursor;
    struct tcg_event event;
    struct tcg_log log;
    struct err err;

    vector_read(log_name, &bytes);
    if (tcg_log_parse(buf_span(&bytes), &log, &err) < 0)
        fail_msg("%s: %s", log_name, err.text);
    cursor = tcg_log_begin(&log);
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *claim = json_at(list, i), *digests = json_get(claim, "digests");
        OWNED_BUF data = BUF_OF(16 * MIB), digest = BUF_OF(DIGEST_SIZE_MAX);

        assert_true(tcg_log_next(&cursor, &event));
        assert_int_equal(event.index, json_get_int(claim, "index"));
        assert_ok(text_decode_base64(span_of_str(json_get_str(claim, "event")), &data, &err));
        assert_true(span_equal(event.data, buf_span(&data)));
        assert_int_equal(event.digest_count, json_count(digests));
        vector_hex(json_get_str(json_at(digests, 0), "digest"), &digest);
        assert_true(span_equal(event.digests[0].value, buf_span(&digest)));
    }
    assert_false(tcg_log_next(&cursor, &event));
}

static void every_event_is_what_trustee_reads(void **state)
{
    (void)state;
    need_vectors();
    assert_true(vector_each("ccel/trustee-eventlog", "_out.json", check_claims) >= 4);
}

/* The ACPI table that says where a log lies is none; all else in the folder is one. */
static void check_any(const char *name)
{
    OWNED_BUF bytes = BUF_OF(TCG_LOG_SIZE_MAX);
    struct pcr_bank bank;
    struct tcg_log log;
    struct err err;

    vector_read(name, &bytes);
    if (span_equal(span_part(buf_span(&bytes), 0, 4), span_of_str("CCEL"))) {
        assert_fails(ccel_parse(buf_span(&bytes), &log, &err), ERR_INPUT);
        return;
    }
    if (ccel_parse(buf_span(&bytes), &log, &err) < 0 || ccel_replay(&log, &bank, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    assert_int_equal(bank.set & 1, 1);
}

static void every_log_of_go_eventlog_is_read(void **state)
{
    (void)state;
    need_vectors();
    assert_true(vector_each("ccel/go-eventlog", ".bin", check_any) >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_refuses_registers_that_nobody_extends),
        cmocka_unit_test(parse_refuses_the_old_format),
        cmocka_unit_test(replay_refuses_a_log_without_sha384),
        cmocka_unit_test(replay_counts_registers_from_one),
        cmocka_unit_test(replay_gives_the_registers_of_trustee),
        cmocka_unit_test(replay_gives_the_registers_of_go_eventlog),
        cmocka_unit_test(a_log_with_sm3_only_is_read_and_not_replayed),
        cmocka_unit_test(every_event_is_what_trustee_reads),
        cmocka_unit_test(every_log_of_go_eventlog_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
