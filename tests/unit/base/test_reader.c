#include "tests/unit/unit.h"

#include "lib/base/reader.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void a_short_read_sticks(void **state)
{
    struct reader r = reader_of(span_of(bytes, 3));
    uint8_t copy[4] = {0xff, 0xff, 0xff, 0xff};

    (void)state;
    assert_int_equal(read_u8(&r), 1);
    assert_int_equal(read_le32(&r), 0);
    assert_true(r.short_read);
    assert_int_equal(r.at, 1);
    assert_int_equal(read_u8(&r), 0); /* there is one, but the order is lost */
    read_bytes(&r, copy, 2);
    assert_memory_equal(copy, "\0\0\xff\xff", 4);
    assert_null(read_span(&r, 1).data);
    assert_int_equal(read_span(&r, 0).len, 0);
    read_skip(&r, 1);
    assert_int_equal(r.at, 1);
}

static void huge_lengths_do_not_wrap(void **state)
{
    struct reader r = reader_of(SPAN_OF_ARRAY(bytes));

    (void)state;
    read_skip(&r, 4);
    read_skip(&r, UINT64_MAX);
    assert_true(r.short_read);
    assert_int_equal(r.at, 4);

    r = reader_of(SPAN_OF_ARRAY(bytes));
    read_skip(&r, 4);
    assert_int_equal(read_span(&r, UINT64_MAX - 3).len, 0);
    assert_true(r.short_read);
}

static void nothing_can_be_read_from_nothing(void **state)
{
    struct reader r = reader_of(span_of(NULL, 0));

    (void)state;
    assert_true(reader_at_end(&r));
    assert_int_equal(read_span(&r, 0).len, 0);
    assert_false(r.short_read);
    assert_int_equal(read_u8(&r), 0);
    assert_true(r.short_read);
}

static void numbers_have_their_byte_order(void **state)
{
    struct reader r = reader_of(SPAN_OF_ARRAY(bytes));

    (void)state;
    assert_int_equal(read_le16(&r), 0x0201);
    assert_int_equal(read_be16(&r), 0x0304);
    assert_int_equal(read_be24(&r), 0x050607);
    r.at = 0;
    assert_int_equal(read_le32(&r), 0x04030201);
    assert_int_equal(read_be32(&r), 0x05060708);
    r.at = 0;
    assert_true(read_le64(&r) == 0x0807060504030201);
    r.at = 1;
    assert_true(read_be64(&r) == 0x0203040506070809);
    assert_true(reader_at_end(&r) && !r.short_read);
}

static void spans_are_borrowed_from_the_input(void **state)
{
    struct reader r = reader_of(SPAN_OF_ARRAY(bytes));
    struct span part;
    uint8_t copy[3];

    (void)state;
    read_skip(&r, 2);
    part = read_span(&r, 3);
    assert_ptr_equal(part.data, bytes + 2);
    assert_int_equal(part.len, 3);
    read_bytes(&r, copy, 3);
    assert_memory_equal(copy, bytes + 5, 3);
    assert_ptr_equal(reader_rest(&r).data, bytes + 8);
    assert_int_equal(reader_rest(&r).len, 1);
    assert_false(reader_at_end(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_read_sticks),
        cmocka_unit_test(huge_lengths_do_not_wrap),
        cmocka_unit_test(nothing_can_be_read_from_nothing),
        cmocka_unit_test(numbers_have_their_byte_order),
        cmocka_unit_test(spans_are_borrowed_from_the_input),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
