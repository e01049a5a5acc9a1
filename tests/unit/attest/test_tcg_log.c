#include "tests/unit/unit.h"

#include "tests/unit/attest/tcg_make.h"

static const enum digest_alg sha256[] = {DIGEST_SHA256};
static const enum digest_alg both[] = {DIGEST_SHA1, DIGEST_SHA256};

static const uint8_t separator[4] = {0};
static const char locality3[] = "StartupLocality\0\3";

/* Three events in two banks. */
static void make_small_log(struct buf *log)
{
    make_spec_id(log, both, 2);
    make_event(log, both, 2, 1, EV_S_CRTM_VERSION, span_of_str("v1"));
    make_event(log, both, 2, 7, EV_SEPARATOR, SPAN_OF_ARRAY(separator));
    make_event(log, both, 2, 4, EV_EFI_ACTION, span_of_str("boot!"));
}

static void parse_refuses_a_log_cut_anywhere(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct tcg_log ret;
    struct err err;
    size_t whole = 0;

    (void)state;
    make_small_log(&log);
    for (size_t len = 0; len < log.len; len++) {
        /* Exact allocation, so that a read past the end is seen. */
        uint8_t *cut = (uint8_t *)mem_copy(log.data, len);

        if (tcg_log_parse(span_of(cut, len), &ret, &err) == 0)
            whole++;
        free(cut);
    }
    /* What is cut between two events is a shorter log; the header alone is one too. */
    assert_int_equal(whole, 3);
    assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
    assert_int_equal(ret.count, 3);
}

static void parse_refuses_sizes_near_the_ends_of_their_type(void **state)
{
    static const uint32_t sizes[] = {6, 0x7fffffff, 0x80000000, 0xfffffffb, 0xffffffff};
    struct tcg_log ret;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        OWNED_BUF log = BUF_OF(4096);
        uint8_t size[4] = {(uint8_t)sizes[i], (uint8_t)(sizes[i] >> 8), (uint8_t)(sizes[i] >> 16),
                           (uint8_t)(sizes[i] >> 24)};

        make_small_log(&log);
        memcpy(log.data + log.len - 5 - 4, size, 4);
        assert_fails(tcg_log_parse(buf_span(&log), &ret, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, "event 2 at byte"));
    }
}

static void parse_refuses_an_undeclared_algorithm(void **state)
{
    const enum digest_alg other[] = {DIGEST_SHA384};
    OWNED_BUF log = BUF_OF(4096);
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    make_event(&log, other, 1, 0, EV_IPL, span_of_str("x"));
    assert_fails(tcg_log_parse(buf_span(&log), &ret, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "0x000c is not declared"));
}

static void parse_refuses_two_digests_of_one_bank(void **state)
{
    const enum digest_alg twice[] = {DIGEST_SHA256, DIGEST_SHA256};
    OWNED_BUF log = BUF_OF(4096);
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_spec_id(&log, both, 2);
    make_event(&log, twice, 2, 0, EV_IPL, span_of_str("x"));
    assert_fails(tcg_log_parse(buf_span(&log), &ret, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "two digests"));
}

static void parse_refuses_more_or_no_digests(void **state)
{
    const enum digest_alg three[] = {DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA1};
    struct tcg_log ret;
    struct err err;

    (void)state;
    for (size_t count = 0; count <= 3; count += 3) {
        OWNED_BUF log = BUF_OF(4096);

        make_spec_id(&log, both, 2);
        make_event(&log, three, count, 0, EV_IPL, span_of_str("x"));
        assert_fails(tcg_log_parse(buf_span(&log), &ret, &err), ERR_INPUT);
    }
}

static void parse_refuses_a_register_that_is_not_there(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    make_event(&log, sha256, 1, 24, EV_IPL, span_of_str("x"));
    assert_fails(tcg_log_parse(buf_span(&log), &ret, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "register 24"));
}

static void parse_lets_notes_name_no_register(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_legacy_event(&log, 0, EV_S_CRTM_VERSION, span_of_str("v"));
    make_legacy_event(&log, 0xffffffff, EV_NO_ACTION, span_of_str("Windows AIK"));
    assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
    make_legacy_event(&log, 0xffffffff, EV_IPL, span_of_str("x"));
    assert_fails(tcg_log_parse(buf_span(&log), &ret, &err), ERR_INPUT);
}

static void parse_refuses_bad_declarations(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
        const char *why;
    } rows[] = {
        {32 + 24, 0, "0 algorithms"},     {32 + 24, 9, "9 algorithms"},
        {32 + 27, 0x80, "algorithms"},    {32 + 30, 32, "digests of 32 bytes"},
        {32 + 28, 0x0b, "digests of 20"}, {32 + 36, 7, "vendor information"},
    };
    struct tcg_log ret;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF log = BUF_OF(4096);

        make_spec_id(&log, both, 2);
        log.data[rows[i].at] = rows[i].byte;
        assert_fails(tcg_log_parse(buf_span(&log), &ret, &err), ERR_INPUT);
        if (strstr(err.text, rows[i].why) == NULL)
            fail_msg("row %zu: %s", i, err.text);
    }
}

static void parse_refuses_an_algorithm_declared_twice(void **state)
{
    const enum digest_alg twice[] = {DIGEST_SHA256, DIGEST_SHA256};
    OWNED_BUF log = BUF_OF(4096);
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_spec_id(&log, twice, 2);
    assert_fails(tcg_log_parse(buf_span(&log), &ret, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "declared twice"));
}

static void parse_stops_at_its_ceiling_of_events(void **state)
{
    OWNED_BUF log = BUF_OF(TCG_LOG_SIZE_MAX);
    struct tcg_log ret;
    struct err err;

    (void)state;
    for (int i = 0; i < TCG_LOG_EVENTS_MAX; i++)
        make_legacy_event(&log, 1, EV_IPL, span_of_str("x"));
    assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
    assert_int_equal(ret.count, TCG_LOG_EVENTS_MAX);
    make_legacy_event(&log, 1, EV_IPL, span_of_str("x"));
    assert_fails(tcg_log_parse(buf_span(&log), &ret, &err), ERR_INPUT);
}

static void parse_cuts_padding_of_zeros_and_ones(void **state)
{
    for (int byte = 0; byte <= 0xff; byte += 0xff) {
        OWNED_BUF log = BUF_OF(4096);
        struct tcg_log ret;
        struct err err;
        size_t end;

        (void)state;
        make_small_log(&log);
        end = log.len;
        memset(buf_grow(&log, 1000), byte, 1000);
        assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
        assert_int_equal(ret.count, 3);
        assert_int_equal(ret.in.len, end);
        log.data[log.len - 1] ^= 1;
        assert_fails(tcg_log_parse(buf_span(&log), &ret, &err), ERR_INPUT);
    }
}

static void parse_keeps_data_that_looks_like_padding(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct tcg_cursor cursor;
    struct tcg_event event;
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    make_event(&log, sha256, 1, 7, EV_SEPARATOR, SPAN_OF_ARRAY(separator));
    memset(buf_grow(&log, 64), 0, 64);
    assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
    cursor = tcg_log_begin(&ret);
    assert_true(tcg_log_next(&cursor, &event));
    assert_int_equal(event.data.len, 4);
    assert_false(tcg_log_next(&cursor, &event));
}

static void replay_extends_every_bank(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct pcr_bank bank, expected;
    uint8_t digest[DIGEST_SIZE_MAX];
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_small_log(&log);
    assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        assert_ok(tcg_log_replay(&ret, both[i], &bank, &err));
        assert_int_equal(bank.set, 1u << 1 | 1u << 4 | 1u << 7);
        pcr_bank_init(&expected, both[i]);
        digest_of(both[i], span_of_str("boot!"), digest);
        assert_ok(pcr_bank_extend(&expected, 4, span_of(digest, digest_size(both[i])), &err));
        assert_true(span_equal(pcr_bank_get(&bank, 4), pcr_bank_get(&expected, 4)));
    }
    assert_fails(tcg_log_replay(&ret, DIGEST_SHA384, &bank, &err), ERR_NOT_FOUND);
}

static void replay_leaves_out_what_is_not_extended(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct pcr_bank bank;
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    make_event(&log, sha256, 1, 5, EV_NO_ACTION, span_of_str("a note"));
    assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
    assert_ok(tcg_log_replay(&ret, DIGEST_SHA256, &bank, &err));
    assert_int_equal(bank.set, 0);
    assert_true(span_is_zero(pcr_bank_get(&bank, 5)));
}

static void replay_refuses_an_event_without_its_digest(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct pcr_bank bank;
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_spec_id(&log, both, 2);
    make_event(&log, sha256, 1, 5, EV_IPL, span_of_str("x"));
    assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
    assert_ok(tcg_log_replay(&ret, DIGEST_SHA256, &bank, &err));
    assert_fails(tcg_log_replay(&ret, DIGEST_SHA1, &bank, &err), ERR_INPUT);
}

static void replay_starts_pcr_0_at_the_locality(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct pcr_bank bank, expected;
    uint8_t digest[SHA256_SIZE];
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    make_event(&log, sha256, 1, 0, EV_NO_ACTION, SPAN_OF_ARRAY(locality3));
    /* The signature with another length is something else. */
    make_event(&log, sha256, 1, 0, EV_NO_ACTION, span_of(locality3, 16));
    make_event(&log, sha256, 1, 0, EV_S_CRTM_VERSION, span_of_str("v"));
    log.data[log.len - 1] = 'v';
    assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
    assert_false(ret.has_locality); /* a C string has one byte more: 18 */

    buf_reset(&log);
    make_spec_id(&log, sha256, 1);
    make_event(&log, sha256, 1, 0, EV_NO_ACTION, span_of(locality3, 17));
    make_event(&log, sha256, 1, 0, EV_S_CRTM_VERSION, span_of_str("v"));
    assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
    assert_true(ret.has_locality);
    assert_int_equal(ret.locality, 3);
    assert_ok(tcg_log_replay(&ret, DIGEST_SHA256, &bank, &err));
    pcr_bank_init(&expected, DIGEST_SHA256);
    expected.value[0][31] = 3;
    digest_of(DIGEST_SHA256, span_of_str("v"), digest);
    assert_ok(pcr_bank_extend(&expected, 0, SPAN_OF_ARRAY(digest), &err));
    assert_true(span_equal(pcr_bank_get(&bank, 0), pcr_bank_get(&expected, 0)));
}

static void parse_refuses_two_localities(void **state)
{
    char other[17];
    OWNED_BUF log = BUF_OF(4096);
    struct tcg_log ret;
    struct err err;

    (void)state;
    memcpy(other, locality3, sizeof(other));
    other[16] = 1;
    make_spec_id(&log, sha256, 1);
    make_event(&log, sha256, 1, 0, EV_NO_ACTION, SPAN_OF_ARRAY(other));
    assert_fails(tcg_log_parse(buf_span(&log), &ret, &err), ERR_INPUT);

    other[16] = 0;
    buf_reset(&log);
    make_spec_id(&log, sha256, 1);
    make_event(&log, sha256, 1, 0, EV_NO_ACTION, span_of(locality3, 17));
    make_event(&log, sha256, 1, 0, EV_NO_ACTION, SPAN_OF_ARRAY(other));
    assert_fails(tcg_log_parse(buf_span(&log), &ret, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "locality 3 and from 0"));
}

static void event_measures_only_what_its_digest_is_of(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct tcg_cursor cursor;
    struct tcg_event event;
    struct tcg_log ret;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    make_event_of(&log, sha256, 1, 8, EV_IPL, span_of_str("linux /good"),
                  span_of_str("linux /evil"));
    assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
    cursor = tcg_log_begin(&ret);
    assert_true(tcg_log_next(&cursor, &event));
    assert_false(tcg_event_measures(&event, DIGEST_SHA256, event.data));
    assert_true(tcg_event_measures(&event, DIGEST_SHA256, span_of_str("linux /good")));
    assert_false(tcg_event_measures(&event, DIGEST_SHA1, span_of_str("linux /good")));
}

static void an_unknown_declared_algorithm_is_stepped_over(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct pcr_bank bank;
    struct tcg_log ret;
    enum digest_alg best;
    struct err err;

    (void)state;
    make_spec_id(&log, both, 2);
    log.data[32 + 28] = 0x77; /* the SHA-1 bank becomes one that nobody knows */
    make_event(&log, both, 2, 3, EV_IPL, span_of_str("x"));
    log.data[32 + 37 + 12] = 0x77;
    assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
    assert_ok(tcg_log_replay(&ret, DIGEST_SHA256, &bank, &err));
    assert_true(pcr_bank_has(&bank, 3));
    assert_ok(tcg_log_choose_bank(&ret, &best, &err));
    assert_int_equal(best, DIGEST_SHA256);
}

static void the_old_format_has_one_bank(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct pcr_bank bank;
    struct tcg_log ret;
    enum digest_alg best;
    struct err err;

    (void)state;
    make_legacy_event(&log, 0, EV_S_CRTM_VERSION, span_of_str("v"));
    make_legacy_event(&log, 7, EV_SEPARATOR, SPAN_OF_ARRAY(separator));
    assert_ok(tcg_log_parse(buf_span(&log), &ret, &err));
    assert_false(ret.agile);
    assert_int_equal(ret.count, 2);
    assert_ok(tcg_log_choose_bank(&ret, &best, &err));
    assert_int_equal(best, DIGEST_SHA1);
    assert_ok(tcg_log_replay(&ret, best, &bank, &err));
    assert_int_equal(bank.set, 1u << 0 | 1u << 7);
}

static void types_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(tcg_event_type_name(EV_SEPARATOR), "EV_SEPARATOR");
    assert_string_equal(tcg_event_type_name(0x800000e0), "EV_EFI_VARIABLE_AUTHORITY");
    assert_null(tcg_event_type_name(0x12345678));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_refuses_a_log_cut_anywhere),
        cmocka_unit_test(parse_refuses_sizes_near_the_ends_of_their_type),
        cmocka_unit_test(parse_refuses_an_undeclared_algorithm),
        cmocka_unit_test(parse_refuses_two_digests_of_one_bank),
        cmocka_unit_test(parse_refuses_more_or_no_digests),
        cmocka_unit_test(parse_refuses_a_register_that_is_not_there),
        cmocka_unit_test(parse_lets_notes_name_no_register),
        cmocka_unit_test(parse_refuses_bad_declarations),
        cmocka_unit_test(parse_refuses_an_algorithm_declared_twice),
        cmocka_unit_test(parse_stops_at_its_ceiling_of_events),
        cmocka_unit_test(parse_cuts_padding_of_zeros_and_ones),
        cmocka_unit_test(parse_keeps_data_that_looks_like_padding),
        cmocka_unit_test(replay_extends_every_bank),
        cmocka_unit_test(replay_leaves_out_what_is_not_extended),
        cmocka_unit_test(replay_refuses_an_event_without_its_digest),
        cmocka_unit_test(replay_starts_pcr_0_at_the_locality),
        cmocka_unit_test(parse_refuses_two_localities),
        cmocka_unit_test(event_measures_only_what_its_digest_is_of),
        cmocka_unit_test(an_unknown_declared_algorithm_is_stepped_over),
        cmocka_unit_test(the_old_format_has_one_bank),
        cmocka_unit_test(types_have_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
