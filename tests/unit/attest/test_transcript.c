#include "tests/unit/unit.h"

#include "lib/attest/evidence/transcript.h"

#define CHANNEL_SIZE 275

static void set_hash(struct transcript *t, enum transcript_field field, const char *text)
{
    uint8_t hash[SHA256_SIZE];

    digest_of(DIGEST_SHA256, span_of_str(text), hash);
    transcript_set(t, field, hash);
}

/* The transcript of the published example. */
static void make_example(struct transcript *t)
{
    const struct transcript_logs logs = {.tcg = span_of_str("tcg"), .cel = span_of_str("cel")};
    uint8_t bytes[2][TRANSCRIPT_VALUE_SIZE], digest[SHA256_SIZE];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i / 32][i % 32] = (uint8_t)i;
    *t = (struct transcript){.kind = TRANSCRIPT_CHANNEL};
    transcript_set(t, TRANSCRIPT_NONCE, bytes[0]);
    transcript_set(t, TRANSCRIPT_EXPORTER, bytes[1]);
    set_hash(t, TRANSCRIPT_SERVER, "spki");
    set_hash(t, TRANSCRIPT_CONFIG, "{}");
    set_hash(t, TRANSCRIPT_MANIFEST, "manifest");
    set_hash(t, TRANSCRIPT_AK, "ak");
    transcript_hash_logs(&logs, digest);
    transcript_set(t, TRANSCRIPT_LOGS, digest);
}

static void encode_example(struct buf *out)
{
    struct transcript t;
    struct err err;

    make_example(&t);
    assert_ok(transcript_encode(&t, out, &err));
    assert_int_equal(out->len, CHANNEL_SIZE);
}

static void assert_refused(struct span in, const char *words)
{
    struct transcript t;
    struct err err;

    assert_fails(transcript_parse(in, &t, &err), ERR_INPUT);
    if (strstr(err.text, words) == NULL)
        fail_msg("expected '%s', got '%s'", words, err.text);
}

/* --- what is refused ------------------------------------------------------------------------- */

static void every_truncation_is_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(TRANSCRIPT_SIZE_MAX);

    (void)state;
    encode_example(&bytes);
    for (size_t len = 0; len < bytes.len; len++)
        assert_refused(span_of(bytes.data, len), len < 19 ? "label" : "ends at byte");
}

static void a_byte_after_the_end_is_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(TRANSCRIPT_SIZE_MAX);

    (void)state;
    encode_example(&bytes);
    buf_add_u8(&bytes, 0);
    assert_refused(buf_span(&bytes), "after its end at byte 275");
}

static void an_unknown_label_is_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(TRANSCRIPT_SIZE_MAX);

    (void)state;
    encode_example(&bytes);
    bytes.data[18] = '2';
    assert_refused(buf_span(&bytes), "label");
}

/* 31, 33 and 2^32 - 1 bytes. */
static void a_field_of_another_length_is_refused_by_its_offset(void **state)
{
    static const uint8_t lengths[][4] = {
        {0, 0, 0, 31}, {0, 0, 0, 33}, {0xff, 0xff, 0xff, 0xff}, {0x80, 0, 0, 32}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        OWNED_BUF bytes = BUF_OF(TRANSCRIPT_SIZE_MAX);

        encode_example(&bytes);
        memcpy(bytes.data + 19 + 36, lengths[i], 4);
        assert_refused(buf_span(&bytes), "'exporter' at byte 55 has");
    }
}

static void a_kind_has_the_fields_it_needs_and_no_others(void **state)
{
    static const struct {
        enum transcript_kind kind;
        enum transcript_field field;
        bool there;
        const char *words;
    } rows[] = {
        {TRANSCRIPT_CHANNEL, TRANSCRIPT_NONCE, false, "needs a field 'nonce'"},
        {TRANSCRIPT_CHANNEL, TRANSCRIPT_EXPORTER, false, "needs a field 'exporter'"},
        {TRANSCRIPT_CHANNEL, TRANSCRIPT_SERVER, false, "needs a field 'server'"},
        {TRANSCRIPT_BOOT, TRANSCRIPT_NONCE, false, "needs a field 'nonce'"},
        {TRANSCRIPT_BOOT, TRANSCRIPT_EXPORTER, true, "cannot have a field 'exporter'"},
        {TRANSCRIPT_BOOT, TRANSCRIPT_CLIENT, true, "cannot have a field 'client'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF bytes = BUF_OF(TRANSCRIPT_SIZE_MAX);
        struct transcript t;
        struct err err;

        make_example(&t);
        t.kind = rows[i].kind;
        t.has[TRANSCRIPT_EXPORTER] = t.kind == TRANSCRIPT_CHANNEL;
        t.has[rows[i].field] = rows[i].there;
        assert_fails(transcript_encode(&t, &bytes, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, rows[i].words));
    }
}

/* The same, in bytes that no encoder of ours writes. */
static void a_boot_transcript_with_an_exporter_is_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(TRANSCRIPT_SIZE_MAX), boot = BUF_OF(TRANSCRIPT_SIZE_MAX);

    (void)state;
    encode_example(&bytes);
    buf_add_be32(&boot, 12);
    buf_add_str(&boot, "cocos/boot/1");
    buf_add_span(&boot, span_part(buf_span(&bytes), 19, bytes.len));
    assert_refused(buf_span(&boot), "cannot have a field 'exporter'");
}

/* --- what holds ------------------------------------------------------------------------------ */

static void assert_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    char text[2 * SHA512_SIZE + 1];

    text_hex(bytes, len, text);
    assert_string_equal(text, hex);
}

static void the_published_example_holds(void **state)
{
    OWNED_BUF bytes = BUF_OF(TRANSCRIPT_SIZE_MAX);
    uint8_t report_data[SHA512_SIZE], extra_data[SHA256_SIZE];

    (void)state;
    encode_example(&bytes);
    transcript_report_data(buf_span(&bytes), report_data);
    transcript_extra_data(report_data, extra_data);
    assert_hex(report_data, sizeof(report_data),
               "05903890bface2d1eb916993d831a698fb760457c189262213bc79d9f1348a10"
               "67b0a6755d5c16becc7a3755e3814774d56d7b31e5128de39c0f5180e30a0502");
    assert_hex(extra_data, sizeof(extra_data),
               "6c2badbdb509b7965f624a270d79be2984f531521058589ee2c5a7315ad2b2e4");
}

static void a_callers_transcript_names_no_connection_and_is_no_other_kind(void **state)
{
    OWNED_BUF bytes = BUF_OF(TRANSCRIPT_SIZE_MAX), other = BUF_OF(TRANSCRIPT_SIZE_MAX);
    struct transcript t;
    struct err err;

    (void)state;
    make_example(&t);
    t.kind = TRANSCRIPT_LEGACY;
    assert_fails(transcript_encode(&t, &bytes, &err), ERR_INPUT); /* it has an exporter */
    t.has[TRANSCRIPT_EXPORTER] = false;
    transcript_set(&t, TRANSCRIPT_CLIENT, t.value[TRANSCRIPT_NONCE]);
    assert_fails(transcript_encode(&t, &bytes, &err), ERR_INPUT);
    t.has[TRANSCRIPT_CLIENT] = t.has[TRANSCRIPT_SERVER] = false;
    assert_fails(transcript_encode(&t, &bytes, &err), ERR_INPUT);
    t.has[TRANSCRIPT_SERVER] = true;
    assert_ok(transcript_encode(&t, &bytes, &err));
    t.kind = TRANSCRIPT_BOOT;
    assert_ok(transcript_encode(&t, &other, &err));
    assert_false(span_equal(buf_span(&bytes), buf_span(&other)));
}

static void what_is_encoded_parses_back(void **state)
{
    (void)state;
    for (int kind = 0; kind < TRANSCRIPT_KIND_COUNT; kind++) {
        OWNED_BUF bytes = BUF_OF(TRANSCRIPT_SIZE_MAX), again = BUF_OF(TRANSCRIPT_SIZE_MAX);
        struct transcript t, parsed;
        struct err err;

        make_example(&t);
        t.kind = (enum transcript_kind)kind;
        t.has[TRANSCRIPT_EXPORTER] = kind == TRANSCRIPT_CHANNEL;
        assert_ok(transcript_encode(&t, &bytes, &err));
        assert_ok(transcript_parse(buf_span(&bytes), &parsed, &err));
        assert_int_equal(parsed.kind, kind);
        assert_int_equal(transcript_get(&parsed, TRANSCRIPT_CLIENT).len, 0);
        assert_true(span_equal(transcript_get(&parsed, TRANSCRIPT_LOGS),
                               transcript_get(&t, TRANSCRIPT_LOGS)));
        assert_ok(transcript_encode(&parsed, &again, &err));
        assert_true(span_equal(buf_span(&bytes), buf_span(&again)));
    }
}

static void moving_bytes_between_logs_changes_their_digest(void **state)
{
    const struct transcript_logs one = {.tcg = span_of_str("ab"), .ima = span_of_str("c")};
    const struct transcript_logs other = {.tcg = span_of_str("a"), .ima = span_of_str("bc")};
    uint8_t digests[2][SHA256_SIZE];

    (void)state;
    transcript_hash_logs(&one, digests[0]);
    transcript_hash_logs(&other, digests[1]);
    assert_memory_not_equal(digests[0], digests[1], SHA256_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_byte_after_the_end_is_refused),
        cmocka_unit_test(an_unknown_label_is_refused),
        cmocka_unit_test(a_field_of_another_length_is_refused_by_its_offset),
        cmocka_unit_test(a_kind_has_the_fields_it_needs_and_no_others),
        cmocka_unit_test(a_boot_transcript_with_an_exporter_is_refused),
        cmocka_unit_test(the_published_example_holds),
        cmocka_unit_test(a_callers_transcript_names_no_connection_and_is_no_other_kind),
        cmocka_unit_test(what_is_encoded_parses_back),
        cmocka_unit_test(moving_bytes_between_logs_changes_their_digest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
