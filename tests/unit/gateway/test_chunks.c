/* A run request in pieces. */
#include "tests/unit/unit.h"

#include "services/grpc-gateway/cvms/chunks.h"

#include <string.h>

#define PATIENCE 30000

struct outcome {
    struct buf whole;
    bool is_whole;
};

static int add(struct chunks *chunks, const char *id, struct span bytes, bool is_last,
               struct outcome *ret, struct err *err)
{
    Cvms__RunReqChunks piece = CVMS__RUN_REQ_CHUNKS__INIT;

    piece.id = (char *)(uintptr_t)id;
    piece.data = (ProtobufCBinaryData){bytes.len, (uint8_t *)(uintptr_t)bytes.data};
    piece.is_last = is_last;
    return chunks_add(chunks, &piece, 1000, &ret->whole, &ret->is_whole, err);
}

static void add_part(struct chunks *chunks, const char *id, const char *text)
{
    struct outcome out = {.whole = BUF_OF(ORDER_SIZE_MAX)};
    struct err err;

    assert_ok(add(chunks, id, span_of_str(text), false, &out, &err));
    assert_false(out.is_whole);
    buf_done(&out.whole);
}

static void assert_whole(struct chunks *chunks, const char *id, const char *last,
                         const char *wanted)
{
    struct outcome out = {.whole = BUF_OF(ORDER_SIZE_MAX)};
    struct err err;

    assert_ok(add(chunks, id, span_of_str(last), true, &out, &err));
    assert_true(out.is_whole);
    assert_string_equal(buf_str(&out.whole), wanted);
    buf_done(&out.whole);
}

static void pieces_of_two_orders_are_kept_apart(void **state)
{
    struct chunks chunks;

    (void)state;
    chunks_init(&chunks, PATIENCE);
    add_part(&chunks, "a", "on");
    add_part(&chunks, "b", "tw");
    add_part(&chunks, "a", "e");
    assert_whole(&chunks, "b", "o", "two");
    assert_whole(&chunks, "a", "", "one");
    assert_whole(&chunks, "a", "again", "again");
    chunks_done(&chunks);
}

static void one_that_is_too_long_is_refused_once(void **state)
{
    struct outcome out = {.whole = BUF_OF(ORDER_SIZE_MAX)};
    OWNED_BUF much = BUF_OF(ORDER_SIZE_MAX);
    struct chunks chunks;
    struct err err;

    (void)state;
    chunks_init(&chunks, PATIENCE);
    memset(buf_grow(&much, ORDER_SIZE_MAX), 'x', ORDER_SIZE_MAX);
    assert_ok(add(&chunks, "a", buf_span(&much), false, &out, &err));
    assert_fails(add(&chunks, "a", span_of_str("y"), false, &out, &err), ERR_TOO_LARGE);
    assert_ok(add(&chunks, "a", span_of_str("y"), false, &out, &err));
    assert_ok(add(&chunks, "a", span_of_str(""), true, &out, &err));
    assert_false(out.is_whole);
    assert_whole(&chunks, "a", "small", "small");
    buf_done(&out.whole);
    chunks_done(&chunks);
}

static void more_at_once_than_may_be_are_refused(void **state)
{
    char id[CHUNKS_ID_MAX + 2];
    struct outcome out = {.whole = BUF_OF(64)};
    struct chunks chunks;
    struct err err;

    (void)state;
    chunks_init(&chunks, PATIENCE);
    for (int i = 0; i < CHUNKS_ORDERS_MAX; i++)
        add_part(&chunks, (const char *[]){"a", "b", "c", "d"}[i], "x");
    assert_fails(add(&chunks, "e", span_of_str(""), true, &out, &err), ERR_TOO_MANY);
    assert_whole(&chunks, "a", "", "x");
    memset(id, 'i', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    assert_fails(add(&chunks, id, span_of_str(""), true, &out, &err), ERR_INPUT);
    id[CHUNKS_ID_MAX] = '\0';
    assert_ok(add(&chunks, id, span_of_str(""), true, &out, &err));
    buf_done(&out.whole);
    chunks_done(&chunks);
}

static void one_that_does_not_go_on_is_given_up(void **state)
{
    char id[CHUNKS_ID_MAX + 1];
    struct chunks chunks;

    (void)state;
    chunks_init(&chunks, PATIENCE);
    add_part(&chunks, "slow", "x");
    assert_false(chunks_expire(&chunks, 1000 + PATIENCE - 1, id));
    assert_true(chunks_expire(&chunks, 1000 + PATIENCE, id));
    assert_string_equal(id, "slow");
    assert_false(chunks_expire(&chunks, 1000 + PATIENCE, id));
    assert_whole(&chunks, "slow", "y", "y");
    chunks_done(&chunks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_two_orders_are_kept_apart),
        cmocka_unit_test(one_that_is_too_long_is_refused_once),
        cmocka_unit_test(more_at_once_than_may_be_are_refused),
        cmocka_unit_test(one_that_does_not_go_on_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
