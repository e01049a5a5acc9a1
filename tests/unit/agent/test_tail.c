#include "tests/unit/unit.h"

#include "services/agent-api/engine/tail.h"

static void expect(struct tail *tail, const char *expected)
{
    OWNED_BUF text = BUF_OF(tail_read_max(tail));

    tail_read(tail, &text);
    assert_false(text.overflow);
    assert_string_equal(buf_str(&text), expected);
}

static void what_fits_is_kept_whole(void **state)
{
    OWNED_OF(tail) *tail = tail_new(10);

    (void)state;
    expect(tail, "");
    tail_add(tail, span_of_str("01234"));
    expect(tail, "01234");
    tail_add(tail, span_of_str("56789"));
    expect(tail, "0123456789");
}

static void of_more_the_end_is_kept(void **state)
{
    OWNED_OF(tail) *tail = tail_new(10);

    (void)state;
    tail_add(tail, span_of_str("0123456789"));
    tail_add(tail, span_of_str("abc"));
    expect(tail, "[3 bytes before this are not kept]\n3456789abc");
    tail_add(tail, span_of_str("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    expect(tail, "[39 bytes before this are not kept]\nQRSTUVWXYZ");
    tail_add(tail, span_of_str("!"));
    expect(tail, "[40 bytes before this are not kept]\nRSTUVWXYZ!");
}

/* The same numbers every time. */
static unsigned chance(unsigned below)
{
    static uint32_t seed = 1;

    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* Against a plain text, across the growth of the ring. */
static void pieces_of_any_size_agree_with_a_plain_text(void **state)
{
    const size_t max = 10000;
    OWNED_OF(tail) *tail = tail_new(max);
    OWNED_BUF whole = BUF_OF(1 * MIB);

    (void)state;
    for (int i = 0; i < 300; i++) {
        char piece[700];
        size_t len = chance(sizeof(piece));
        OWNED_BUF text = BUF_OF(tail_read_max(tail));

        for (size_t k = 0; k < len; k++)
            piece[k] = (char)('a' + chance(26));
        tail_add(tail, span_of(piece, len));
        buf_add(&whole, piece, len);
        tail_read(tail, &text);
        if (whole.len <= max) {
            assert_string_equal(buf_str(&text), buf_str(&whole));
        } else {
            assert_memory_equal(text.data + text.len - max, whole.data + whole.len - max, max);
            assert_true(text.len > max);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_kept_whole),
        cmocka_unit_test(of_more_the_end_is_kept),
        cmocka_unit_test(pieces_of_any_size_agree_with_a_plain_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
