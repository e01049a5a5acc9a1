/* What is new in the end of a log. */
#include "tests/unit/unit.h"

#include "services/grpc-gateway/cvms/log_tail.h"

#include <string.h>

static struct buf told;

static void on_line(void *ctx, struct span line)
{
    (void)ctx;
    buf_add_span(&told, line);
    buf_add_u8(&told, '|');
}

static void assert_told(struct log_tail *tail, const char *kept, const char *wanted)
{
    told = BUF_OF(64 * KIB);
    log_tail_feed(tail, span_of_str(kept), on_line, NULL);
    assert_string_equal(buf_str(&told), wanted);
    buf_done(&told);
}

static void a_line_is_told_once_and_when_it_is_whole(void **state)
{
    struct log_tail tail;

    (void)state;
    log_tail_init(&tail);
    assert_told(&tail, "", "");
    assert_told(&tail, "a\nb", "a|");
    assert_told(&tail, "a\nb", "");
    assert_told(&tail, "a\nbc\n\nd\n", "bc|d|");
    assert_told(&tail, "a\nbc\n\nd\nend", "");
    told = BUF_OF(64 * KIB);
    log_tail_flush(&tail, on_line, NULL);
    log_tail_flush(&tail, on_line, NULL);
    assert_string_equal(buf_str(&told), "end|");
    buf_done(&told);
    log_tail_done(&tail);
}

static void what_is_not_kept_any_more_was_told_or_is_missed(void **state)
{
    struct log_tail tail;

    (void)state;
    log_tail_init(&tail);
    assert_told(&tail, "a\nb\n", "a|b|");
    assert_told(&tail, "[2 bytes before this are not kept]\nb\nc\n", "c|");
    assert_told(&tail, "[8 bytes before this are not kept]\ne\n",
                "[2 bytes were said too fast to be kept]|e|");
    log_tail_done(&tail);
}

static void a_note_that_is_none_is_a_line(void **state)
{
    struct log_tail tail;

    (void)state;
    log_tail_init(&tail);
    assert_told(&tail, "[x bytes before this are not kept]\n",
                "[x bytes before this are not kept]|");
    log_tail_done(&tail);
}

static void a_line_without_end_is_cut(void **state)
{
    struct log_tail tail;
    char text[5001];

    (void)state;
    memset(text, 'x', 5000);
    text[4999] = '\n';
    text[5000] = '\0';
    log_tail_init(&tail);
    told = BUF_OF(64 * KIB);
    log_tail_feed(&tail, span_of_str(text), on_line, NULL);
    assert_int_equal(told.len, 4999 + 2);
    assert_int_equal(told.data[4096], '|');
    buf_done(&told);
    log_tail_done(&tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_told_once_and_when_it_is_whole),
        cmocka_unit_test(what_is_not_kept_any_more_was_told_or_is_missed),
        cmocka_unit_test(a_note_that_is_none_is_a_line),
        cmocka_unit_test(a_line_without_end_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
