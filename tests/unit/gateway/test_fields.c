#include "tests/unit/unit.h"

#include "services/grpc-gateway/h2/fields.h"
#include "services/grpc-gateway/proto/fields.h"

static void header_fields_keep_their_order(void **state)
{
    OWNED_H2_FIELDS fields = H2_FIELDS_NEW;
    struct h2_field field;
    size_t at = 0;

    (void)state;
    h2_fields_add_str(&fields, "a", "1");
    h2_fields_add_str(&fields, "b", "");
    h2_fields_add_str(&fields, "a", "2");
    assert_string_equal(h2_fields_find(&fields, "a"), "1");
    assert_string_equal(h2_fields_find(&fields, "b"), "");
    assert_null(h2_fields_find(&fields, "c"));
    assert_int_equal(h2_fields_count(&fields, "a"), 2);
    for (size_t i = 0; i < 3; i++)
        assert_true(h2_fields_next(&fields, &at, &field));
    assert_string_equal(field.value, "2");
    assert_false(h2_fields_next(&fields, &at, &field));
}

static void header_fields_have_a_ceiling(void **state)
{
    OWNED_H2_FIELDS fields = H2_FIELDS_NEW;

    (void)state;
    for (size_t i = 0; i < 5000; i++)
        h2_fields_add_str(&fields, "name", "value");
    assert_true(fields.text.overflow);
    assert_null(h2_fields_find(&fields, "name")); /* a list that is not whole is none */
}

/* --- protobuf, as it comes --- */

/* "number:bytes" of every field of bytes that ends, joined; NULL and err on an error. */
static const char *read_all(struct span in, size_t step, struct buf *out, struct err *err)
{
    struct proto_fields fields = {0};
    struct proto_piece piece;
    bool within = false;

    for (size_t at = 0; at < in.len; at += step) {
        struct span part = span_part(in, at, step);

        do {
            if (proto_fields_next(&fields, &part, &piece, err) < 0)
                return NULL;
            if (piece.number != 0 && !within)
                buf_printf(out, "%u:", piece.number);
            within = piece.number != 0 ? !piece.is_end : within;
            buf_add_span(out, piece.bytes);
            if (piece.number != 0 && piece.is_end)
                buf_add_u8(out, ' ');
        } while (piece.number != 0);
    }
    return proto_fields_end(&fields, err) < 0 ? NULL : buf_str(out);
}

static void fields_of_bytes_are_handed_on_and_others_passed_over(void **state)
{
    static const uint8_t in[] = {
        0x0a, 3,    'a',  'b',  'c',                /* 1: bytes */
        0x10, 0xff, 0x01,                           /* 2: a number */
        0x19, 1,    2,    3,    4,    5, 6,   7, 8, /* 3: of 64 bits */
        0x25, 1,    2,    3,    4,                  /* 4: of 32 bits */
        0x12, 0,                                    /* 2: empty bytes */
        0xfa, 0xff, 0xff, 0xff, 0x0f, 1, 'z',       /* 2^29 - 1 */
        0x0a, 1,    'd',                            /* 1 again */
    };
    struct err err;

    (void)state;
    for (size_t step = 1; step <= sizeof(in); step++) {
        OWNED_BUF out = BUF_OF(64);

        assert_string_equal(read_all(SPAN_OF_ARRAY(in), step, &out, &err),
                            "1:abc 2: 536870911:z 1:d ");
    }
}

static void what_is_no_wire_format_is_refused(void **state)
{
    static const struct {
        uint8_t bytes[12];
        size_t len;
    } rows[] = {
        {{0x00}, 1},                                                              /* field 0 */
        {{0x0b}, 1},                                                              /* a group */
        {{0x0c}, 1},                                                              /* its end */
        {{0x0e}, 1},                                                              /* type 6 */
        {{0x80, 0x80, 0x80, 0x80, 0x10}, 5},                                      /* 2^29 */
        {{0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 11}, /* 65 bits */
        {{0x0a}, 1},                                                              /* no length */
        {{0x0a, 2, 'x'}, 3},                                                      /* cut */
        {{0x25, 1, 2, 3}, 4},                                                     /* cut */
        {{0x10, 0x80}, 2},                                                        /* cut */
        {{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 11}, /* 2^64 - 1 */
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF out = BUF_OF(64);

        assert_null(read_all(span_of(rows[i].bytes, rows[i].len), 1, &out, &err));
        assert_int_equal(err.kind, ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_fields_keep_their_order),
        cmocka_unit_test(header_fields_have_a_ceiling),
        cmocka_unit_test(fields_of_bytes_are_handed_on_and_others_passed_over),
        cmocka_unit_test(what_is_no_wire_format_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
