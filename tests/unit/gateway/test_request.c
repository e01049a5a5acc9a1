#include "tests/unit/unit.h"

#include "services/grpc-gateway/attested/request.h"

/* --- the frame ------------------------------------------------------------------------------- */

static void only_a_request_that_could_be_one_is_waited_for(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool is_frame;
        size_t whole;
    } rows[] = {
        {"", 0, false, 0},
        {"P", 1, false, 0},
        {"PRI * HTTP/2.0", 14, false, 0},
        {"\x01", 1, true, 0},
        {"\x01\x00\x00\x00", 4, true, 0},
        {"\x01\x00\x00\x00\x00", 5, true, 5},
        {"\x01\x00\x00\x00\x07rest", 9, true, 12},
        {"\x01\x00\x00\x10\x00", 5, true, 4101},
    };
    struct err err;
    bool is_frame;
    size_t whole;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_ok(
            attested_frame_measure(span_of(rows[i].bytes, rows[i].len), &is_frame, &whole, &err));
        assert_int_equal(is_frame, rows[i].is_frame);
        assert_int_equal(whole, rows[i].whole);
    }
}

static void another_frame_and_one_that_is_too_long_are_refused(void **state)
{
    static const char *const rows[] = {"\x02\x01\x01\x01\x01", "\x03\x01\x01\x01\x01",
                                       "\x01\x00\x00\x10\x01", "\x01\xff\xff\xff\xff",
                                       "\x16\x03\x01\x01\x01", "GET /"};
    struct err err;
    bool is_frame;
    size_t whole;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_fails(attested_frame_measure(span_of(rows[i], 5), &is_frame, &whole, &err),
                     ERR_INPUT);
    assert_fails(attested_frame_measure(span_of("\0", 1), &is_frame, &whole, &err), ERR_INPUT);
}

/* --- the request ----------------------------------------------------------------------------- */

#define SIGNATURES "000d000400020403"
#define EVIDENCE   "ff000000"
#define CONTEXT    "03c0ffee"

static int parse(const char *hex, struct attested_request *ret, struct err *err)
{
    OWNED_BUF frame = BUF_OF(4 * KIB);
    uint8_t *exact;
    int result;

    buf_add_str(&frame, "head:");
    assert_int_equal(text_decode_hex(span_of_str(hex), &frame, err), 0);
    exact = (uint8_t *)mem_copy(frame.data, frame.len); /* so that a byte too far is noticed */
    result = attested_request_parse(span_of(exact, frame.len), ret, err);
    free(exact);
    return result;
}

static void what_those_clients_say_is_read(void **state)
{
    static const char bytes[] = "\x01\x00\x00\x00\x16"
                                "\x11\x00\x00\x12\x03\xc0\xff\xee\x00\x0c"
                                "\x00\x0d\x00\x04\x00\x02\x04\x03\xff\x00\x00\x00";
    struct attested_request request;
    struct err err;

    (void)state;
    assert_ok(attested_request_parse(span_of(bytes, sizeof(bytes) - 1), &request, &err));
    assert_true(span_equal(request.context, span_of("\xc0\xff\xee", 3)));
    assert_int_equal(request.message.len, 22);
    assert_int_equal(request.message.data[0], 17);
}

static void what_is_no_request_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "11",
        "11000012" CONTEXT "000c" SIGNATURES "ff0000",      /* cut */
        "11000012" CONTEXT "000c" SIGNATURES EVIDENCE "00", /* something after it */
        "11000013" CONTEXT "000c" SIGNATURES EVIDENCE,      /* another length */
        "11000012" CONTEXT "000b" SIGNATURES EVIDENCE,
        "0b000012" CONTEXT "000c" SIGNATURES EVIDENCE, /* a Certificate */
        "11000006" CONTEXT "0000",
        "1100000a" CONTEXT "0004" EVIDENCE,   /* no schemes */
        "1100000e" CONTEXT "0008" SIGNATURES, /* no evidence wanted */
        "11000016" CONTEXT "0010" SIGNATURES EVIDENCE EVIDENCE,
        "1100001a" CONTEXT "0014" SIGNATURES SIGNATURES EVIDENCE,
        "11000013" CONTEXT "000d" SIGNATURES "ff00000100",
        "11000012" CONTEXT "000c000d000400020804" EVIDENCE, /* RSA only */
        "11000010" CONTEXT "000a000d00020000" EVIDENCE,     /* no scheme in the list */
        "11000013" CONTEXT "000d000d00050003040308" EVIDENCE,
        "11000012" CONTEXT "000c000d000400040403" EVIDENCE, /* the list says more than there is */
    };
    struct attested_request request;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (parse(rows[i], &request, &err) == 0)
            fail_msg("row %zu was taken", i);
    assert_ok(parse("11000012" CONTEXT "000c" SIGNATURES EVIDENCE, &request, &err));
    assert_ok(parse("11000016" CONTEXT "001012340000" SIGNATURES EVIDENCE, &request, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_request_that_could_be_one_is_waited_for),
        cmocka_unit_test(another_frame_and_one_that_is_too_long_are_refused),
        cmocka_unit_test(what_those_clients_say_is_read),
        cmocka_unit_test(what_is_no_request_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
