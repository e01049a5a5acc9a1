#include "tests/unit/unit.h"

#include "services/grpc-gateway/grpc/frame.h"

/* Reads all in pieces of step bytes; returns how many messages, -1 on an error. */
static int read_all(struct grpc_frame *frame, struct span in, size_t step, struct buf *out,
                    struct err *err)
{
    int messages = 0;

    for (size_t at = 0; at < in.len; at += step) {
        struct span part = span_part(in, at, step);

        for (;;) {
            enum grpc_piece piece;
            struct span bytes;

            if (grpc_frame_next(frame, &part, &piece, &bytes, err) < 0)
                return -1;
            if (piece == GRPC_PIECE_NONE)
                break;
            if (piece == GRPC_PIECE_BYTES)
                buf_add_span(out, bytes);
            else
                messages++;
        }
        assert_int_equal(part.len, 0);
    }
    return messages;
}

static void messages_come_whole_whatever_the_pieces(void **state)
{
    static const uint8_t in[] = {0, 0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 'd'};
    struct err err;

    (void)state;
    for (size_t step = 1; step <= sizeof(in); step++) {
        struct grpc_frame frame = {.max = 3};
        OWNED_BUF out = BUF_OF(16);

        assert_int_equal(read_all(&frame, SPAN_OF_ARRAY(in), step, &out, &err), 3);
        assert_string_equal(buf_str(&out), "abcd");
        assert_true(grpc_frame_is_between(&frame));
    }
}

static void what_is_no_frame_is_refused(void **state)
{
    static const struct {
        uint8_t prefix[5];
        enum err_kind kind;
    } rows[] = {
        {{1, 0, 0, 0, 1}, ERR_UNSUPPORTED},
        {{2, 0, 0, 0, 1}, ERR_MALFORMED},
        {{0, 0, 0, 0, 4}, ERR_TOO_LARGE},
        {{0, 0xff, 0xff, 0xff, 0xff}, ERR_TOO_LARGE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct grpc_frame frame = {.max = 3};
        OWNED_BUF out = BUF_OF(16);
        struct err err;

        assert_fails(read_all(&frame, SPAN_OF_ARRAY(rows[i].prefix), 5, &out, &err), rows[i].kind);
    }
}

static void an_end_within_a_message_is_seen(void **state)
{
    static const uint8_t in[] = {0, 0, 0, 0, 2, 'a'};
    struct err err;

    (void)state;
    for (size_t length = 1; length <= sizeof(in); length++) {
        struct grpc_frame frame = {.max = 3};
        OWNED_BUF out = BUF_OF(16);

        assert_int_equal(read_all(&frame, span_of(in, length), 1, &out, &err), 0);
        assert_false(grpc_frame_is_between(&frame));
    }
}

static void a_prefix_is_read_back(void **state)
{
    struct grpc_frame frame = {.max = UINT32_MAX};
    enum grpc_piece piece;
    uint8_t prefix[GRPC_PREFIX_SIZE];
    struct span in = SPAN_OF_ARRAY(prefix), bytes;
    struct err err;

    (void)state;
    grpc_frame_write_prefix(prefix, 0x01020304);
    assert_ok(grpc_frame_next(&frame, &in, &piece, &bytes, &err));
    assert_int_equal(piece, GRPC_PIECE_NONE);
    assert_int_equal(frame.left, 0x01020304);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_whole_whatever_the_pieces),
        cmocka_unit_test(what_is_no_frame_is_refused),
        cmocka_unit_test(an_end_within_a_message_is_seen),
        cmocka_unit_test(a_prefix_is_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
