#include "tests/unit/unit.h"

#include "lib/attest/evidence/pb_reader.h"
#include "lib/attest/evidence/pb_writer.h"

static void what_is_empty_is_left_out(void **state)
{
    OWNED_BUF out = BUF_OF(64);

    (void)state;
    pb_add_bytes(&out, 1, span_of(NULL, 0));
    assert_int_equal(out.len, 0);
    pb_add_number(&out, 1, 0);
    assert_int_equal(out.len, 2);
}

static void what_is_written_is_read_again(void **state)
{
    static const uint64_t numbers[] = {0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX};
    OWNED_BUF out = BUF_OF(1 * KIB);
    struct pb_field field;
    struct pb_reader r;
    struct err err;

    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(numbers); i++)
        pb_add_number(&out, 15 + i, numbers[i]);
    pb_add_bytes(&out, 1, span_of_str("bytes"));
    r = pb_reader_of(buf_span(&out));
    for (uint32_t i = 0; i < COUNT_OF(numbers); i++) {
        assert_true(pb_next(&r, &field));
        assert_int_equal(field.number, 15 + i);
        assert_int_equal(field.wire, PB_VARINT);
        assert_true(field.value == numbers[i]);
    }
    assert_true(pb_next(&r, &field));
    assert_true(span_equal(field.bytes, span_of_str("bytes")));
    assert_false(pb_next(&r, &field));
    assert_ok(pb_check(&r, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_empty_is_left_out),
        cmocka_unit_test(what_is_written_is_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
