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

/* Long inputs go another way than short ones. */
static void long_inputs_are_the_sum_of_short_ones(void **state)
{
    uint8_t bytes[1027];
    uint32_t crc = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 24);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        assert_int_equal(crc32_add(0, span_of(bytes, len)), crc);
        if (len < sizeof(bytes))
            crc = crc32_add(crc, span_of(bytes + len, 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_known_answers_come_out),
        cmocka_unit_test(pieces_give_the_sum_of_the_whole),
        cmocka_unit_test(long_inputs_are_the_sum_of_short_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
