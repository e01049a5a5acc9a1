#include "tests/unit/unit.h"

#include "lib/httpc/sse.h"

/* What the listener heard, as "id|type|data;". */
struct heard {
    struct buf text;
    int refuse_at; /* the listener fails at this event; 0: never */
    int count;
};

static int listen_to(void *ctx, const struct sse_event *event, struct err *err)
{
    struct heard *heard = ctx;

    if (++heard->count == heard->refuse_at)
        return err_set(err, ERR_STATE, "enough");
    buf_printf(&heard->text, "%s|%s|%.*s;", event->id, event->type, (int)event->data.len,
               (const char *)event->data.data);
    return 0;
}

/* The same whatever pieces the stream comes in. */
static void assert_hears(const char *stream, const char *wanted)
{
    for (size_t piece = 1; piece <= strlen(stream) + 1; piece++) {
        OWNED_SSE sse;
        struct heard heard = {.text = BUF_OF(64 * KIB)};
        struct err err;

        sse_init(&sse);
        for (size_t at = 0; at < strlen(stream); at += piece)
            assert_ok(
                sse_feed(&sse, span_part(span_of_str(stream), at, piece), listen_to, &heard, &err));
        assert_string_equal(buf_str(&heard.text), wanted);
        buf_done(&heard.text);
    }
}

static void events_have_id_type_and_data(void **state)
{
    (void)state;
    assert_hears("id: 1\nevent: vm.created\ndata: {}\n\n", "1|vm.created|{};");
    assert_hears("data: a\n\ndata: b\n\n", "|message|a;|message|b;");
}

static void lines_end_in_lf_cr_or_both(void **state)
{
    (void)state;
    assert_hears("id:1\r\ndata:a\r\n\r\nid:2\rdata:b\r\r", "1|message|a;2|message|b;");
}

static void several_lines_of_data_are_joined(void **state)
{
    (void)state;
    assert_hears("data: a\ndata:\ndata:  b\n\n", "|message|a\n\n b;");
}

static void comments_and_unknown_fields_are_skipped(void **state)
{
    (void)state;
    assert_hears(": keep alive\n\nretry: 10\nfoo: bar\nnonsense\ndata: a\n\n", "|message|a;");
}

static void an_event_without_data_is_none(void **state)
{
    (void)state;
    assert_hears("id: 7\nevent: x\n\ndata: a\n\n", "7|message|a;");
    assert_hears("data\n\n", "|message|;");
}

static void what_is_not_ended_is_not_told(void **state)
{
    (void)state;
    assert_hears("data: a\n\ndata: b\n", "|message|a;");
}

static void a_reset_forgets_what_is_half_read_but_not_the_id(void **state)
{
    OWNED_SSE sse;
    struct heard heard = {.text = BUF_OF(KIB)};
    struct err err;

    (void)state;
    sse_init(&sse);
    assert_ok(
        sse_feed(&sse, span_of_str("id: 3\ndata: a\n\ndata: lost\nev"), listen_to, &heard, &err));
    sse_reset(&sse);
    assert_string_equal(sse.id, "3");
    assert_ok(sse_feed(&sse, span_of_str("data: b\n\n"), listen_to, &heard, &err));
    assert_string_equal(buf_str(&heard.text), "3|message|a;3|message|b;");
    buf_done(&heard.text);
}

static void an_event_over_the_ceiling_is_refused(void **state)
{
    OWNED_SSE sse;
    struct heard heard = {.text = BUF_OF(KIB)};
    OWNED(free_str) char *block = mem_zeroed(64 * KIB, 1);
    struct err err;
    int result = 0;

    (void)state;
    sse_init(&sse);
    memset(block, 'x', 64 * KIB);
    assert_ok(sse_feed(&sse, span_of_str("data: "), listen_to, &heard, &err));
    for (int i = 0; i < 17 && result == 0; i++)
        result = sse_feed(&sse, span_of(block, 64 * KIB), listen_to, &heard, &err);
    assert_int_equal(result, -1);
    assert_int_equal(err.kind, ERR_TOO_LARGE);
}

static void many_small_lines_over_the_ceiling_are_refused(void **state)
{
    OWNED_SSE sse;
    struct heard heard = {.text = BUF_OF(KIB)};
    OWNED_BUF lines = BUF_OF(64 * KIB);
    struct err err;
    int result = 0;

    (void)state;
    sse_init(&sse);
    while (lines.len + 8 < 64 * KIB)
        buf_add_str(&lines, "data: a\n");
    for (int i = 0; i < 100 && result == 0; i++)
        result = sse_feed(&sse, buf_span(&lines), listen_to, &heard, &err);
    assert_int_equal(result, -1);
    assert_int_equal(err.kind, ERR_TOO_LARGE);
}

static void the_listener_may_end_it(void **state)
{
    OWNED_SSE sse;
    struct heard heard = {.text = BUF_OF(KIB), .refuse_at = 2};
    struct err err;

    (void)state;
    sse_init(&sse);
    assert_fails(
        sse_feed(&sse, span_of_str("data: a\n\ndata: b\n\ndata: c\n\n"), listen_to, &heard, &err),
        ERR_STATE);
    assert_int_equal(heard.count, 2);
    buf_done(&heard.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_have_id_type_and_data),
        cmocka_unit_test(lines_end_in_lf_cr_or_both),
        cmocka_unit_test(several_lines_of_data_are_joined),
        cmocka_unit_test(comments_and_unknown_fields_are_skipped),
        cmocka_unit_test(an_event_without_data_is_none),
        cmocka_unit_test(what_is_not_ended_is_not_told),
        cmocka_unit_test(a_reset_forgets_what_is_half_read_but_not_the_id),
        cmocka_unit_test(an_event_over_the_ceiling_is_refused),
        cmocka_unit_test(many_small_lines_over_the_ceiling_are_refused),
        cmocka_unit_test(the_listener_may_end_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
