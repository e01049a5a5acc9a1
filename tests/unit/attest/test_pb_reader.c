#include "tests/unit/unit.h"

#include "lib/attest/evidence/pb_reader.h"

/* The number of fields; SIZE_MAX when malformed. */
static size_t count_fields(const void *bytes, size_t len)
{
    struct pb_reader r = pb_reader_of(span_of(bytes, len));
    struct pb_field field;
    size_t count = 0;
    struct err err;

    while (pb_next(&r, &field))
        count++;
    return pb_check(&r, &err) < 0 ? SIZE_MAX : count;
}

static void malformed_fields_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        {"\x08", 1},                                              /* no value */
        {"\x08\x80", 2},                                          /* unfinished number */
        {"\x08\x80\x00", 3},                                      /* overlong number */
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11},     /* 65 bits */
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12}, /* eleven bytes */
        {"\x00\x00", 2},                                          /* field number 0 */
        {"\x0b", 1},                                              /* groups are not used */
        {"\x0e\x00", 2},                                          /* wire type 6 */
        {"\x0a\x05"
         "abcd",
         6},                                                  /* length over the end */
        {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}, /* length of 2^64 - 1 */
        {"\x09\x01\x02", 3},                                  /* short fixed64 */
        {"\x0d\x01", 2},                                      /* short fixed32 */
        {"\x88\x80\x80\x80\x10\x00", 6},                      /* tag over 32 bits */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (count_fields(rows[i].bytes, rows[i].len) != SIZE_MAX)
            fail_msg("row %zu", i);
}

static void fields_are_read(void **state)
{
    static const char message[] =
        "\x08\x96\x01\x12\x03"
        "abc\x19........\x25....\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    struct pb_reader r = pb_reader_of(span_of(message, sizeof(message) - 1));
    struct pb_field field;
    struct err err;

    (void)state;
    assert_true(pb_next(&r, &field));
    assert_int_equal(field.number, 1);
    assert_int_equal(field.value, 150);
    assert_true(pb_next(&r, &field));
    assert_int_equal(field.number, 2);
    assert_true(span_equal(field.bytes, span_of_str("abc")));
    assert_true(pb_next(&r, &field));
    assert_int_equal(field.wire, PB_FIXED64);
    assert_true(pb_next(&r, &field));
    assert_int_equal(field.wire, PB_FIXED32);
    assert_true(pb_next(&r, &field));
    assert_true(field.value == UINT64_MAX);
    assert_false(pb_next(&r, &field));
    assert_ok(pb_check(&r, &err));
}

static void an_empty_message_has_no_fields(void **state)
{
    (void)state;
    assert_int_equal(count_fields("", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_fields_are_refused),
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(an_empty_message_has_no_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
