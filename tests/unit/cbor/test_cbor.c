#include "tests/unit/attest/vectors.h"

#include "lib/cbor/cbor.h"

/* Parses hex; the bytes live until the next call. */
static int parse_hex(const char *hex, enum cbor_rules rules, struct cbor *ret, struct err *err)
{
    static uint8_t *bytes;
    size_t len = strlen(hex) / 2;

    free(bytes);
    bytes = (uint8_t *)mem_copy("", 0);
    bytes = mem_resize(bytes, len + 1, 1);
    assert_int_equal(text_parse_hex(hex, bytes, len, err), 0);
    bytes = mem_resize(bytes, len > 0 ? len : 1, 1); /* so that a read past the end is seen */
    return cbor_parse(span_of(bytes, len), rules, ret, err);
}

struct bad_row {
    const char *hex, *why;
};

static void assert_rows_refused(const struct bad_row *rows, size_t count, enum cbor_rules rules)
{
    for (size_t i = 0; i < count; i++) {
        struct cbor doc;
        struct err err;

        assert_fails(parse_hex(rows[i].hex, rules, &doc, &err), ERR_INPUT);
        if (strstr(err.text, rows[i].why) == NULL)
            fail_msg("%s: %s (expected: %s)", rows[i].hex, err.text, rows[i].why);
    }
}

/* RFC 8949, appendix F.1 among them. */
static void malformed_documents_are_refused(void **state)
{
    static const struct bad_row rows[] = {
        {"", "end comes inside"},
        {"18", "end comes inside"},
        {"19", "end comes inside"},
        {"1a0000", "end comes inside"},
        {"1b00000000", "end comes inside"},
        {"41", "longer than"},
        {"61", "longer than"},
        {"5affffffff00", "longer than"},
        {"5bffffffffffffffff010203", "longer than"},
        {"7b7fffffffffffffff010203", "longer than"},
        {"81", "end comes inside"},
        {"818181818181818181", "end comes inside"},
        {"9bffffffffffffffff00", "end comes inside"},
        {"a1", "end comes inside"},
        {"a100", "end comes inside"},
        {"a20102", "end comes inside"},
        {"bbffffffffffffffff0000", "end comes inside"},
        {"c0", "end comes inside"},
        {"1c", "not defined"},
        {"3e", "not defined"},
        {"fd", "not defined"},
        {"5f4100ff", "indefinite"},
        {"7f6100ff", "indefinite"},
        {"9fff", "indefinite"},
        {"bfff", "indefinite"},
        {"ff", "indefinite"},
        {"1800", "shortest"},
        {"1817", "shortest"},
        {"1900ff", "shortest"},
        {"1a0000ffff", "shortest"},
        {"1b00000000ffffffff", "shortest"},
        {"3817", "shortest"},
        {"5801aa", "shortest"},
        {"9800", "shortest"},
        {"b800", "shortest"},
        {"d80500", "shortest"},
        {"f820", "not assigned"},
        {"f818", "not assigned"},
        {"e0", "not assigned"},
        {"f3", "not assigned"},
        {"61ff", "UTF-8"},
        {"62c080", "UTF-8"},
        {"0000", "1 bytes after the end"},
        {"a201000100", "key twice"},
        {"a3020001000200", "key twice"},
        {"a2616100616100", "key twice"},
        {"a18080a0", "bytes after the end"},
        {"82a2030003000a", "key twice"},
    };

    (void)state;
    assert_rows_refused(rows, COUNT_OF(rows), CBOR_STRICT);
}

static void what_has_two_forms_is_refused_where_one_is_demanded(void **state)
{
    static const struct bad_row rows[] = {
        {"a202000100", "out of order"}, {"a261620061610a", "out of order"},
        {"a220000000", "out of order"}, {"a181a2020001000a", "out of order"},
        {"f93c00", "floating"},         {"fb3ff0000000000000", "floating"},
    };
    struct cbor doc;
    struct err err;

    (void)state;
    assert_rows_refused(rows, COUNT_OF(rows), CBOR_DETERMINISTIC);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (i != 3)
            assert_ok(parse_hex(rows[i].hex, CBOR_STRICT, &doc, &err));
    /* Numbers before negative ones before texts, each shorter first. */
    assert_ok(parse_hex("a5010018640020006161006261610a", CBOR_DETERMINISTIC, &doc, &err));
}

static void nesting_has_a_ceiling(void **state)
{
    char hex[2 * (CBOR_DEPTH_MAX + 1) + 1];
    struct cbor doc;
    struct err err;

    (void)state;
    for (size_t depth = 1; depth <= CBOR_DEPTH_MAX + 1; depth++) {
        hex[0] = '\0';
        for (size_t i = 1; i < depth; i++)
            memcpy(hex + 2 * (i - 1), i % 2 ? "81" : "c0", 3);
        memcpy(hex + 2 * (depth - 1), "00", 3);
        if (depth <= CBOR_DEPTH_MAX)
            assert_ok(parse_hex(hex, CBOR_STRICT, &doc, &err));
        else
            assert_fails(parse_hex(hex, CBOR_STRICT, &doc, &err), ERR_INPUT);
    }
    assert_non_null(strstr(err.text, "too deeply"));
}

static void large_maps_must_be_sorted(void **state)
{
    for (int sorted = 0; sorted < 2; sorted++) {
        OWNED_BUF bytes = BUF_OF(64 * KIB);
        struct cbor doc;
        struct err err;

        (void)state;
        buf_add(&bytes, "\xb9\x01\x2c", 3); /* 300 pairs */
        for (unsigned i = 0; i < 300; i++) {
            buf_add_u8(&bytes, 0x1a);
            buf_add_be32(&bytes, 0x10000 + (sorted ? i : (i ^ 1)));
            buf_add_u8(&bytes, 0);
        }
        if (sorted)
            assert_ok(cbor_parse(buf_span(&bytes), CBOR_STRICT, &doc, &err));
        else
            assert_fails(cbor_parse(buf_span(&bytes), CBOR_STRICT, &doc, &err), ERR_INPUT);
    }
}

static void numbers_are_read_to_their_ends(void **state)
{
    static const struct {
        const char *hex;
        bool fits;
        int64_t value;
    } rows[] = {
        {"00", true, 0},
        {"17", true, 23},
        {"1818", true, 24},
        {"1903e8", true, 1000},
        {"1b7fffffffffffffff", true, INT64_MAX},
        {"1b8000000000000000", false, 0},
        {"20", true, -1},
        {"3903e7", true, -1000},
        {"3b7fffffffffffffff", true, INT64_MIN},
        {"3b8000000000000000", false, 0},
        {"3bffffffffffffffff", false, 0},
        {"f4", false, 0},
        {"4101", false, 0},
    };
    struct cbor doc;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t value = 0;

        assert_ok(parse_hex(rows[i].hex, CBOR_STRICT, &doc, &err));
        assert_int_equal(cbor_int(doc, &value), rows[i].fits);
        assert_true(value == rows[i].value);
    }
    assert_ok(parse_hex("1bffffffffffffffff", CBOR_STRICT, &doc, &err));
    {
        uint64_t value = 0;

        assert_true(cbor_uint(doc, &value));
        assert_true(value == UINT64_MAX);
    }
}

/* {1: [h'cafe', "ab", true, null], -2: 18({"k": 1.5}), "t": undefined} */
static const char tree[] = "a3018442cafe626162f5f621d2a1616bf93e006174f7";

static void a_tree_is_walked(void **state)
{
    struct cbor doc, list, tagged;
    bool truth = false;
    struct err err;

    (void)state;
    assert_ok(parse_hex(tree, CBOR_STRICT, &doc, &err));
    assert_int_equal(doc.kind, CBOR_MAP);
    assert_int_equal(doc.number, 3);
    list = cbor_find_int(doc, 1);
    assert_int_equal(list.number, 4);
    assert_true(span_equal(cbor_bytes(cbor_at(list, 0)), span_of("\xca\xfe", 2)));
    assert_true(cbor_text_is(cbor_at(list, 1), "ab"));
    assert_true(cbor_bool(cbor_at(list, 2), &truth));
    assert_true(truth);
    assert_int_equal(cbor_at(list, 3).kind, CBOR_NULL);
    tagged = cbor_untag(cbor_find_int(doc, -2), 18);
    assert_int_equal(cbor_find_text(tagged, "k").kind, CBOR_FLOAT);
    assert_int_equal(cbor_find_text(doc, "t").kind, CBOR_UNDEFINED);
}

static void what_is_missing_is_none_all_the_way(void **state)
{
    struct cbor doc, none = {0};
    struct err err;
    bool truth;

    (void)state;
    assert_ok(parse_hex(tree, CBOR_STRICT, &doc, &err));
    assert_int_equal(cbor_at(cbor_find_int(doc, 1), 4).kind, CBOR_NONE);
    assert_int_equal(cbor_at(doc, 0).kind, CBOR_NONE);
    assert_int_equal(cbor_find_int(doc, 7).kind, CBOR_NONE);
    assert_int_equal(cbor_find_text(cbor_find_int(doc, 1), "a").kind, CBOR_NONE);
    assert_int_equal(cbor_untag(cbor_find_int(doc, -2), 19).kind, CBOR_NONE);
    assert_int_equal(cbor_untag(doc, 18).kind, CBOR_NONE);
    assert_int_equal(cbor_find_int(cbor_at(cbor_untag(none, 1), 3), 4).kind, CBOR_NONE);
    assert_int_equal(cbor_bytes(none).len, 0);
    assert_int_equal(cbor_text(doc).len, 0);
    assert_false(cbor_bool(none, &truth));
    assert_false(cbor_text_is(none, ""));
}

static void a_document_cut_anywhere_is_refused(void **state)
{
    char hex[sizeof(tree)];
    struct cbor doc;
    struct err err;

    (void)state;
    for (size_t len = 0; len + 1 < sizeof(tree); len += 2) {
        memcpy(hex, tree, len);
        hex[len] = '\0';
        assert_fails(parse_hex(hex, CBOR_STRICT, &doc, &err), ERR_INPUT);
    }
}

/* --- documents of others --------------------------------------------------------------------- */

static void check_document(const char *name)
{
    OWNED_BUF bytes = BUF_OF(1 * MIB);
    struct cbor doc;
    struct err err;

    vector_read(name, &bytes);
    if (cbor_parse(buf_span(&bytes), CBOR_STRICT, &doc, &err) < 0)
        fail_msg("%s: %s", name, err.text);
}

static void genuine_documents_are_strict_enough(void **state)
{
    (void)state;
    need_vectors();
    assert_true(vector_each("cmw/veraison-cmw", ".cbor", check_document) >= 2);
    assert_true(vector_each("corim/comid-testcases/testcases", ".cbor", check_document) >= 10);
    assert_true(vector_each("corim/corim-testcases/testcases", ".cbor", check_document) >= 5);
    assert_true(vector_each("dice/open-dice-known-values", ".cbor", check_document) >= 10);
    check_document("eat/trustee-cca/cca-example-token.cbor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_documents_are_refused),
        cmocka_unit_test(what_has_two_forms_is_refused_where_one_is_demanded),
        cmocka_unit_test(nesting_has_a_ceiling),
        cmocka_unit_test(large_maps_must_be_sorted),
        cmocka_unit_test(numbers_are_read_to_their_ends),
        cmocka_unit_test(a_tree_is_walked),
        cmocka_unit_test(what_is_missing_is_none_all_the_way),
        cmocka_unit_test(a_document_cut_anywhere_is_refused),
        cmocka_unit_test(genuine_documents_are_strict_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
