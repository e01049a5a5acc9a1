/* Unpacking of LZMA streams. */
#include "tests/unit/unit.h"

#include "lib/lzma/lzma.h"
#include "tests/unit/lzma/lzma_make.h"

static const char content[] = "the same words, the same words, the same words, and the end";

static void make(struct buf *stream)
{
    make_lzma(span_of(content, sizeof(content)), stream);
}

static void stream_cut_anywhere_is_refused(void **state)
{
    OWNED_BUF stream = BUF_OF(1 * MIB), out = BUF_OF(1 * KIB);
    struct err err;

    (void)state;
    make(&stream);
    buf_add_str(&out, "before");
    for (size_t len = 0; len + 16 < stream.len; len++) { /* then come the end mark and the flush */
        assert_fails(lzma_unpack(span_of(stream.data, len), &out, &err), ERR_INPUT);
        assert_string_equal(buf_str(&out), "before");
    }
}

static void content_over_the_ceiling_is_refused_before_it_is_made(void **state)
{
    OWNED_BUF stream = BUF_OF(1 * MIB), out = BUF_OF(sizeof(content) - 1);
    struct err err;

    (void)state;
    make(&stream);
    assert_fails(lzma_unpack(buf_span(&stream), &out, &err), ERR_TOO_LARGE);
    assert_null(out.data);
}

static void stream_without_a_size_is_refused(void **state)
{
    OWNED_BUF stream = BUF_OF(1 * MIB), out = BUF_OF(1 * KIB);
    struct err err;

    (void)state;
    make(&stream);
    memset(stream.data + 5, 0xff, 8);
    assert_fails(lzma_unpack(buf_span(&stream), &out, &err), ERR_INPUT);
}

static void stream_that_says_more_or_less_than_it_has_is_refused(void **state)
{
    OWNED_BUF stream = BUF_OF(1 * MIB), out = BUF_OF(1 * KIB);
    struct err err;

    (void)state;
    make(&stream);
    stream.data[5]++;
    assert_fails(lzma_unpack(buf_span(&stream), &out, &err), ERR_INPUT);
    stream.data[5] -= 2;
    assert_fails(lzma_unpack(buf_span(&stream), &out, &err), ERR_INPUT);
}

static void content_comes_out_behind_what_is_there(void **state)
{
    OWNED_BUF stream = BUF_OF(1 * MIB), out = BUF_OF(1 * KIB);
    struct err err;

    (void)state;
    make(&stream);
    buf_add_str(&stream, "padding behind the stream");
    buf_add_str(&out, ":");
    assert_ok(lzma_unpack(buf_span(&stream), &out, &err));
    assert_int_equal(out.len, sizeof(content) + 1);
    assert_memory_equal(out.data + 1, content, sizeof(content));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_cut_anywhere_is_refused),
        cmocka_unit_test(content_over_the_ceiling_is_refused_before_it_is_made),
        cmocka_unit_test(stream_without_a_size_is_refused),
        cmocka_unit_test(stream_that_says_more_or_less_than_it_has_is_refused),
        cmocka_unit_test(content_comes_out_behind_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
