#include "tests/unit/unit.h"

#include "lib/base/buf.h"

static void nothing_goes_past_the_ceiling(void **state)
{
    OWNED_BUF buf = BUF_OF(4);
    struct err err;

    (void)state;
    buf_add_str(&buf, "abc");
    buf_add_str(&buf, "de");
    assert_true(buf.overflow);
    assert_string_equal(buf_str(&buf), "abc");
    buf_add_str(&buf, "f"); /* would fit, but something is missing before it */
    assert_string_equal(buf_str(&buf), "abc");
    assert_null(buf_grow(&buf, 1));
    assert_fails(buf_check(&buf, "name", &err), ERR_TOO_LARGE);
    assert_string_equal(err.text, "name: over the limit of 4 bytes");
}

static void every_way_to_add_keeps_the_ceiling(void **state)
{
    (void)state;
    for (int way = 0; way < 8; way++) {
        OWNED_BUF buf = BUF_OF(way == 0 ? 0 : 1);

        switch (way) {
        case 0: buf_add_u8(&buf, 1); break;
        case 1: buf_add_be16(&buf, 1); break;
        case 2: buf_add_be32(&buf, 1); break;
        case 3: buf_add_le16(&buf, 1); break;
        case 4: buf_add_le32(&buf, 1); break;
        case 5: buf_add_le64(&buf, 1); break;
        case 6: buf_printf(&buf, "%d", 10); break;
        default: buf_add_span(&buf, span_of_str("ab")); break;
        }
        assert_true(buf.overflow);
        assert_true(buf.len <= buf.max);
    }
}

static void huge_lengths_do_not_wrap(void **state)
{
    OWNED_BUF buf = BUF_OF(16);

    (void)state;
    buf_add_str(&buf, "abc");
    assert_null(buf_grow(&buf, SIZE_MAX));
    assert_true(buf.overflow);
    assert_int_equal(buf.len, 3);
}

static void an_empty_buffer_is_the_empty_text(void **state)
{
    OWNED_BUF buf = BUF_OF(0);
    OWNED(free_str) char *text = NULL;
    struct err err;

    (void)state;
    assert_string_equal(buf_str(&buf), "");
    assert_int_equal(buf_span(&buf).len, 0);
    buf_add(&buf, NULL, 0);
    assert_ok(buf_check(&buf, "x", &err));
    text = buf_take(&buf);
    assert_string_equal(text, "");
}

static void numbers_have_their_byte_order(void **state)
{
    static const uint8_t wanted[] = {1, 2, 3, 0, 0, 4, 5, 6, 0, 8,   7,
                                     0, 0, 9, 0, 0, 0, 0, 0, 0, 0x80};
    OWNED_BUF buf = BUF_OF(64);

    (void)state;
    buf_add_u8(&buf, 1);
    buf_add_be16(&buf, 0x0203);
    buf_add_be32(&buf, 0x00000405);
    buf_add_le16(&buf, 6);
    buf_add_le32(&buf, 0x0708);
    buf_add_le64(&buf, 0x8000000000000009);
    assert_int_equal(buf.len, sizeof(wanted));
    assert_memory_equal(buf.data, wanted, sizeof(wanted));
}

static void it_grows_and_stays_a_string(void **state)
{
    OWNED_BUF buf = BUF_OF(100000);

    (void)state;
    for (int i = 0; i < 10000; i++) {
        buf_printf(&buf, "%d,", i % 10);
        assert_int_equal(buf.data[buf.len], '\0');
    }
    assert_int_equal(buf.len, 20000);
    assert_int_equal(strlen(buf_str(&buf)), 20000);
}

static void it_fills_to_the_last_byte(void **state)
{
    OWNED_BUF buf = BUF_OF(1000);
    struct err err;

    (void)state;
    for (int i = 0; i < 1000; i++)
        buf_add_u8(&buf, 'x');
    assert_ok(buf_check(&buf, "x", &err));
    assert_int_equal(strlen(buf_str(&buf)), 1000);
}

static void the_front_can_be_dropped(void **state)
{
    OWNED_BUF buf = BUF_OF(16);

    (void)state;
    buf_drop_front(&buf, 5);
    buf_add_str(&buf, "abcdef");
    buf_drop_front(&buf, 2);
    assert_string_equal(buf_str(&buf), "cdef");
    buf_drop_front(&buf, 100);
    assert_string_equal(buf_str(&buf), "");
}

static void a_cut_takes_off_what_came_last(void **state)
{
    OWNED_BUF buf = {.max = 100, .secret = true};

    (void)state;
    buf_cut(&buf, 0);
    buf_add_str(&buf, "abcdef");
    buf_cut(&buf, 6);
    buf_cut(&buf, 100);
    assert_string_equal(buf_str(&buf), "abcdef");
    buf_cut(&buf, 2);
    assert_string_equal(buf_str(&buf), "ab");
    assert_memory_equal(buf.data + 2, "\0\0\0\0", 4);
    buf_add_str(&buf, "x");
    assert_string_equal(buf_str(&buf), "abx");
}

static void taking_leaves_an_empty_buffer_of_the_same_ceiling(void **state)
{
    OWNED_BUF buf = BUF_OF(8);
    OWNED(free_str) char *text = NULL;

    (void)state;
    buf_add_str(&buf, "abc");
    text = buf_take(&buf);
    assert_string_equal(text, "abc");
    assert_null(buf.data);
    assert_int_equal(buf.max, 8);
}

static void reset_forgets_the_overflow(void **state)
{
    OWNED_BUF buf = BUF_OF(3);
    struct err err;

    (void)state;
    buf_add_str(&buf, "abcd");
    buf_reset(&buf);
    buf_add_str(&buf, "abc");
    assert_ok(buf_check(&buf, "x", &err));
    assert_string_equal(buf_str(&buf), "abc");
}

static void secrets_survive_growth_and_are_wiped_by_reset(void **state)
{
    OWNED_BUF buf = BUF_OF(10000);

    (void)state;
    buf.secret = true;
    for (int i = 0; i < 1000; i++)
        buf_add_str(&buf, "secret");
    assert_int_equal(strlen(buf_str(&buf)), 6000);
    buf_reset(&buf);
    assert_true(span_is_zero(span_of(buf.data, buf.room)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_goes_past_the_ceiling),
        cmocka_unit_test(every_way_to_add_keeps_the_ceiling),
        cmocka_unit_test(huge_lengths_do_not_wrap),
        cmocka_unit_test(an_empty_buffer_is_the_empty_text),
        cmocka_unit_test(numbers_have_their_byte_order),
        cmocka_unit_test(it_grows_and_stays_a_string),
        cmocka_unit_test(it_fills_to_the_last_byte),
        cmocka_unit_test(the_front_can_be_dropped),
        cmocka_unit_test(a_cut_takes_off_what_came_last),
        cmocka_unit_test(taking_leaves_an_empty_buffer_of_the_same_ceiling),
        cmocka_unit_test(reset_forgets_the_overflow),
        cmocka_unit_test(secrets_survive_growth_and_are_wiped_by_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
