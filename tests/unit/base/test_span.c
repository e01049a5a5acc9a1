#include "tests/unit/unit.h"

#include "lib/base/span.h"

static void parts_are_cut_to_what_is_there(void **state)
{
    struct span text = span_of_str("hello");

    (void)state;
    assert_true(span_equal(span_part(text, 1, 3), span_of_str("ell")));
    assert_true(span_equal(span_part(text, 3, SIZE_MAX), span_of_str("lo")));
    assert_int_equal(span_part(text, 5, 1).len, 0);
    assert_int_equal(span_part(text, SIZE_MAX, SIZE_MAX).len, 0);
    assert_null(span_part(span_of(NULL, 0), 0, 1).data);
}

static void equality_is_of_length_and_bytes(void **state)
{
    (void)state;
    assert_true(span_equal(span_of(NULL, 0), span_of_str("")));
    assert_true(span_equal(span_of_str(NULL), span_of_str("")));
    assert_false(span_equal(span_of_str("a"), span_of_str("ab")));
    assert_false(span_equal(span_of_str("a"), span_of_str("b")));
}

static void zeros_are_seen(void **state)
{
    static const uint8_t bytes[4] = {0, 0, 0, 1};

    (void)state;
    assert_true(span_is_zero(span_of(NULL, 0)));
    assert_true(span_is_zero(span_of(bytes, 3)));
    assert_false(span_is_zero(SPAN_OF_ARRAY(bytes)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_cut_to_what_is_there),
        cmocka_unit_test(equality_is_of_length_and_bytes),
        cmocka_unit_test(zeros_are_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
