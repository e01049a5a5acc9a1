#include "tests/unit/unit.h"

#include "lib/base/crc32.h"

static void the_known_answers_come_out(void **state)
{
    (void)state;
    assert_int_equal(crc32_add(0, span_of(NULL, 0)), 0);
    assert_int_equal(crc32_add(0, span_of_str("123456789")), 0xcbf43926);
    assert_int_equal(crc32_add(0, span_of_str("hello\n")), 0x363a3020);
}

static void pieces_give_the_sum_of_the_whole(void **state)
{
    (void)state;
    assert_int_equal(crc32_add(crc32_add(0, span_of_str("1234")), span_of_str("56789")),
                     0xcbf43926);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_known_answers_come_out),
        cmocka_unit_test(pieces_give_the_sum_of_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
