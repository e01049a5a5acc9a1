#include "tests/unit/unit.h"

#include "services/grpc-gateway/grpc/text.h"

static void a_status_message_is_a_header_value(void **state)
{
    OWNED_BUF out = BUF_OF(128);

    (void)state;
    grpc_text_encode_message("100% sure: \n\xc3\xa4~\x7f", &out);
    assert_string_equal(buf_str(&out), "100%25 sure: %0A%C3%A4~%7F");
}

static void the_peers_words_are_printable(void **state)
{
    OWNED_BUF out = BUF_OF(1 * KIB), cut = BUF_OF(1 * KIB);

    (void)state;
    grpc_text_decode_message("100%25 sure:%0a%C3%A4%zz%4%", 200, &out);
    assert_string_equal(buf_str(&out), "100% sure:\\x0a\xc3\xa4%zz%4%");
    grpc_text_decode_message("abcdef", 3, &cut);
    assert_string_equal(buf_str(&cut), "abc");
}

static void a_timeout_has_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1S", 1000},       {"100m", 100},       {"1u", 1},
        {"1n", 1},          {"1000001n", 2},     {"0m", 0},
        {"2M", 120000},     {"1H", 3600000},     {"99999999H", 99999999LL * 3600000},
        {"99999999n", 100}, {"00000001S", 1000},
    };
    static const char *const bad[] = {"",    "S",          "1",   "1s",  "1SS",
                                      "-1S", "123456789S", " 1S", "1.5S"};
    struct err err;
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_ok(grpc_text_parse_timeout(rows[i].text, &ms, &err));
        assert_int_equal(ms, rows[i].ms);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_fails(grpc_text_parse_timeout(bad[i], &ms, &err), ERR_INPUT);
}

static void the_content_type_is_that_of_grpc(void **state)
{
    (void)state;
    assert_true(grpc_text_is_content_type("application/grpc"));
    assert_true(grpc_text_is_content_type("application/grpc+proto"));
    assert_true(grpc_text_is_content_type("application/grpc;x"));
    assert_false(grpc_text_is_content_type("application/grpc-web"));
    assert_false(grpc_text_is_content_type("application/json"));
    assert_false(grpc_text_is_content_type(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_peers_words_are_printable),
        cmocka_unit_test(a_status_message_is_a_header_value),
        cmocka_unit_test(a_timeout_has_a_unit),
        cmocka_unit_test(the_content_type_is_that_of_grpc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
