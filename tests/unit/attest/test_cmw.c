#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/cmw.h"
#include "lib/cbor/write.h"

struct seen {
    size_t count;
    char types[64][CMW_TYPE_SIZE];
    uint64_t formats[64], indicators[64];
    size_t lens[64];
};

static void note(const struct cmw_record *record, void *with)
{
    struct seen *seen = with;

    memcpy(seen->types[seen->count], record->type, CMW_TYPE_SIZE);
    seen->formats[seen->count] = record->format;
    seen->indicators[seen->count] = record->indicator;
    seen->lens[seen->count] = record->value.len;
    seen->count++;
}

static int walk(const char *bytes, size_t len, struct seen *seen, struct err *err)
{
    *seen = (struct seen){0};
    return cmw_walk(span_of(bytes, len), note, seen, err);
}

static void malformed_wrappers_are_refused_before_any_visit(void **state)
{
    static const char *const texts[] = {
        "[",
        "[]",
        "[\"a/b\"]",
        "[\"a/b\",1]",
        "[1.5,\"AA\"]",
        "[-1,\"AA\"]",
        "[\"\",\"AA\"]",
        "[\"a/b\",\"AA\",0]",
        "[\"a/b\",\"AA\",16]",
        "[\"a/b\",\"AA\",\"x\"]",
        "[\"a/b\",\"AA\",4,4]",
        "[\"a/b\",\"AA==\"]",
        "[\"a/b\",\"A\"]",
        "{}",
        "{\"a\":1}",
        "{\"a\":[\"a/b\",\"AA\"],\"b\":[]}",
        "{\"a\":[\"a/b\",\"AA\"],\"a\":[\"a/b\",\"AA\"]}",
        "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[\"a/b\",\"AA\"]}}}}}",
        "[\"a/b\",\"AA\"] x",
    };
    struct seen seen;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (walk(texts[i], strlen(texts[i]), &seen, &err) == 0)
            fail_msg("'%s' was taken", texts[i]);
        assert_int_equal(seen.count, 0);
    }
}

static void malformed_cbor_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        {"", 0},
        {"\x80", 1},
        {"\x82\x01\x01", 3},     /* a value that is no bytes */
        {"\x82\x20\x40", 3},     /* a negative type */
        {"\x83\x01\x40\x00", 4}, /* no indicator set */
        {"\x83\x01\x40\x20", 4},
        {"\xa0", 1},
        {"\xa1\x01\x40", 3},
        {"\x9f\x01\x40\xff", 4},         /* an indefinite list */
        {"\xda\x63\x74\x01\x00\x40", 6}, /* below the first tag */
        {"\xda\x63\x74\x02\x00\x40", 6}, /* no format has it */
        {"\xda\x63\x74\x01\x01\x01", 6}, /* not around bytes */
        {"\x82\x01\x40\x00", 4},         /* bytes after the end */
    };
    struct seen seen;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (walk(rows[i].bytes, rows[i].len, &seen, &err) == 0)
            fail_msg("row %zu was taken", i);
}

static void more_messages_than_the_ceiling_are_refused(void **state)
{
    OWNED_BUF many = BUF_OF(4 * KIB);
    struct err err;

    (void)state;
    cbor_add_map(&many, CMW_RECORDS_MAX + 1);
    for (uint64_t i = 0; i <= CMW_RECORDS_MAX; i++) {
        cbor_add_uint(&many, i);
        buf_add(&many, "\x82\x01\x40", 3);
    }
    assert_fails(cmw_walk(buf_span(&many), NULL, NULL, &err), ERR_INPUT);
}

static void every_form_is_read(void **state)
{
    static const char json[] = "{\"__cmwc_t\":\"tag:x\",\"a\":[\"a/b\",\"AAE\",4],"
                               "\"b\":{\"c\":[263,\"\"]}}";
    struct seen seen;
    struct err err;

    (void)state;
    assert_ok(walk(json, strlen(json), &seen, &err));
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.types[0], "a/b");
    assert_int_equal(seen.lens[0], 2);
    assert_int_equal(seen.formats[1], 263);
    assert_int_equal(seen.indicators[1], CMW_EVIDENCE);

    assert_ok(walk("\x83\x63"
                   "a/b"
                   "\x41\x07\x02",
                   8, &seen, &err));
    assert_int_equal(seen.indicators[0], CMW_ENDORSEMENTS);
    /* TN(263) = 0x63740101 + 256 + 8 (RFC 9277, 4.3) */
    assert_ok(walk("\xda\x63\x74\x02\x09\x41\x07", 7, &seen, &err));
    assert_int_equal(seen.formats[0], 263);
    assert_string_equal(seen.types[0], "");
}

static void wrappers_of_others_are_read(void **state)
{
    static const struct {
        const char *name;
        size_t count;
        const char *first;
    } rows[] = {
        {"cmw/veraison-cmw/collection-cbor-ok.cbor", 3, "application/signed-corim+cbor"},
        {"cmw/veraison-cmw/collection-cbor-ok-2.cbor", 1, "application/vnd.1"},
        {"cmw/veraison-cmw/collection-ok.json", 2, "application/vnd.a"},
        {"cmw/veraison-cmw/x509-cert+json-cmw.der", 2, "application/vnd.a"},
    };

    (void)state;
    (void)need_vectors();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF bytes = BUF_OF(64 * KIB);
        struct seen seen = {0};
        struct err err;

        vector_read(rows[i].name, &bytes);
        assert_ok(cmw_walk(buf_span(&bytes), note, &seen, &err));
        assert_int_equal(seen.count, rows[i].count);
        assert_string_equal(seen.types[0], rows[i].first);
        for (size_t len = 0; len < bytes.len; len += 3)
            if (cmw_walk(span_of(bytes.data, len), NULL, NULL, &err) == 0)
                fail_msg("%s: %zu bytes were taken", rows[i].name, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_wrappers_are_refused_before_any_visit),
        cmocka_unit_test(malformed_cbor_is_refused),
        cmocka_unit_test(more_messages_than_the_ceiling_are_refused),
        cmocka_unit_test(every_form_is_read),
        cmocka_unit_test(wrappers_of_others_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
