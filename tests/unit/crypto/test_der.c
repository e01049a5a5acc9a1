#include "tests/unit/unit.h"

#include "lib/crypto/der.h"

#define BYTES(text) span_of(text, sizeof(text) - 1)

static void elements_are_taken_in_order(void **state)
{
    struct der outer = der_of(BYTES("\x30\x08\x02\x01\x05\x04\x03"
                                    "abc"));
    struct der d = der_of(der_take(&outer, DER_SEQUENCE));

    (void)state;
    assert_true(der_end(&outer));
    assert_true(der_next_is(&d, DER_INTEGER));
    assert_int_equal(der_u64(&d), 5);
    assert_true(der_more(&d));
    assert_false(der_end(&d));
    assert_true(span_equal(der_take(&d, DER_OCTET_STRING), span_of("abc", 3)));
    assert_true(der_end(&d));
    assert_false(der_more(&d));
}

static void a_whole_element_keeps_its_header(void **state)
{
    struct der d = der_of(BYTES("\x04\x01x\x05\x00"));
    unsigned tag;

    (void)state;
    assert_true(span_equal(der_whole(&d, DER_OCTET_STRING), BYTES("\x04\x01x")));
    assert_int_equal(der_any(&d, &tag).len, 0);
    assert_int_equal(tag, DER_NULL);
    der_any(&d, &tag);
    assert_int_equal(tag, 0);
    assert_true(d.bad);
}

static void what_was_bad_once_stays_bad(void **state)
{
    struct der d = der_of(BYTES("\x02\x01\x05\x02\x01\x06"));

    (void)state;
    assert_int_equal(der_take(&d, DER_OCTET_STRING).len, 0);
    assert_int_equal(der_take(&d, DER_INTEGER).len, 0);
    assert_false(der_end(&d));
    assert_false(der_next_is(&d, DER_INTEGER));
    assert_int_equal(d.at, 0);
}

static void lengths_are_definite_minimal_and_within(void **state)
{
    static const struct span bad[] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"\x04", 1},
        {(const uint8_t *)"\x04\x01", 2},
        {(const uint8_t *)"\x04\x80\x00\x00", 4},                 /* indefinite */
        {(const uint8_t *)"\x04\x81\x01x", 4},                    /* one byte was enough */
        {(const uint8_t *)"\x04\x82\x00\x01x", 5},                /* leading zero */
        {(const uint8_t *)"\x04\x84\xff\xff\xff\xff", 6},         /* near 2^32 */
        {(const uint8_t *)"\x04\x85\x01\x00\x00\x00\x00", 7},     /* too many bytes */
        {(const uint8_t *)"\x04\x88\xff\xff\xff\xff\xff\xff", 8}, /* cut */
        {(const uint8_t *)"\x1f\x81\x01\x00", 4},                 /* a long tag number */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct der d = der_of(bad[i]);
        unsigned tag;

        der_any(&d, &tag);
        if (!d.bad)
            fail_msg("row %zu was taken", i);
    }
}

static void long_lengths_are_read(void **state)
{
    static uint8_t bytes[4 + 300] = {0x04, 0x82, 300 >> 8, 300 & 0xff};
    struct der d = der_of(SPAN_OF_ARRAY(bytes));

    (void)state;
    assert_int_equal(der_take(&d, DER_OCTET_STRING).len, 300);
    assert_true(der_end(&d));
}

static void integers_are_minimal(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool integer, positive;
        uint64_t value;
    } rows[] = {
        {"\x02\x01\x00", 3, true, true, 0},
        {"\x02\x01\x7f", 3, true, true, 127},
        {"\x02\x02\x00\x80", 4, true, true, 128},
        {"\x02\x02\x00\x7f", 4, false, false, 0},
        {"\x02\x01\x80", 3, true, false, 0},
        {"\x02\x02\xff\x7f", 4, true, false, 0},
        {"\x02\x02\xff\x80", 4, false, false, 0},
        {"\x02\x00", 2, false, false, 0},
        {"\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff", 11, true, true, UINT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct der a = der_of(span_of(rows[i].bytes, rows[i].len)), b = a;

        der_integer(&a);
        assert_int_equal(!a.bad, rows[i].integer);
        assert_true(der_u64(&b) == rows[i].value);
        assert_int_equal(!b.bad, rows[i].positive);
    }
}

static void a_number_over_64_bits_is_no_u64(void **state)
{
    struct der d = der_of(BYTES("\x02\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00"));

    (void)state;
    assert_int_equal(der_u64(&d), 0);
    assert_true(d.bad);
}

static void booleans_and_bits_have_one_form(void **state)
{
    struct der yes = der_of(BYTES("\x01\x01\xff")), no = der_of(BYTES("\x01\x01\x00"));
    struct der odd = der_of(BYTES("\x01\x01\x01")), bits = der_of(BYTES("\x03\x03\x00\xab\xcd"));
    struct der part = der_of(BYTES("\x03\x02\x04\xa0")), none = der_of(BYTES("\x03\x00"));

    (void)state;
    assert_true(der_boolean(&yes));
    assert_false(der_boolean(&no));
    assert_true(der_end(&no));
    der_boolean(&odd);
    assert_true(odd.bad);
    assert_true(span_equal(der_bits(&bits), BYTES("\xab\xcd")));
    der_bits(&part);
    assert_true(part.bad);
    der_bits(&none);
    assert_true(none.bad);
}

static void oids_are_compared_and_told(void **state)
{
    static const struct {
        const char *dotted;
        struct span content;
    } rows[] = {
        {"1.2.840.113549.1.1.1", {(const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9}},
        {"2.5.29.15", {(const uint8_t *)"\x55\x1d\x0f", 3}},
        {"1.3.6.1.4.1.3704.1.3.1",
         {(const uint8_t *)"\x2b\x06\x01\x04\x01\x9c\x78\x01\x03\x01", 10}},
        {"2.999.1", {(const uint8_t *)"\x88\x37\x01", 3}},
        {"0.9", {(const uint8_t *)"\x09", 1}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF content = BUF_OF(32);
        OWNED_BUF text = BUF_OF(64);

        der_add_oid(rows[i].dotted, &content);
        assert_true(span_equal(buf_span(&content), rows[i].content));
        der_oid_text(rows[i].content, &text);
        assert_string_equal(buf_str(&text), rows[i].dotted);
        assert_true(der_oid_is(rows[i].content, rows[i].dotted));
        assert_false(der_oid_is(rows[i].content, "1.2.3"));
        assert_false(
            der_oid_is(span_part(rows[i].content, 0, rows[i].content.len - 1), rows[i].dotted));
    }
}

static void what_is_no_oid_is_told_as_such(void **state)
{
    OWNED_BUF text = BUF_OF(64);

    (void)state;
    der_oid_text(BYTES(""), &text);
    der_oid_text(BYTES("\x2a\x86"), &text);
    assert_string_equal(buf_str(&text), "??");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_taken_in_order),
        cmocka_unit_test(a_whole_element_keeps_its_header),
        cmocka_unit_test(what_was_bad_once_stays_bad),
        cmocka_unit_test(lengths_are_definite_minimal_and_within),
        cmocka_unit_test(long_lengths_are_read),
        cmocka_unit_test(integers_are_minimal),
        cmocka_unit_test(a_number_over_64_bits_is_no_u64),
        cmocka_unit_test(booleans_and_bits_have_one_form),
        cmocka_unit_test(oids_are_compared_and_told),
        cmocka_unit_test(what_is_no_oid_is_told_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
