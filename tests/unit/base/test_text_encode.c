#include "tests/unit/unit.h"

#include "lib/base/text.h"

static struct err err;

static void bad_hex_is_refused(void **state)
{
    static const char *const texts[] = {"0", "0g", "g0", "0 ", "0x00", "00 00"};
    uint8_t bytes[4];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        OWNED_BUF out = BUF_OF(64);

        assert_fails(text_decode_hex(span_of_str(texts[i]), &out, &err), ERR_INPUT);
    }
    assert_fails(text_parse_hex("00112233", bytes, 3, &err), ERR_INPUT);
    assert_fails(text_parse_hex("0011223", bytes, 4, &err), ERR_INPUT);
    assert_fails(text_parse_hex("0011223g", bytes, 4, &err), ERR_INPUT);
}

static void hex_over_the_ceiling_is_too_large(void **state)
{
    OWNED_BUF out = BUF_OF(2);

    (void)state;
    assert_fails(text_decode_hex(span_of_str("001122"), &out, &err), ERR_TOO_LARGE);
}

static void hex_goes_both_ways(void **state)
{
    uint8_t bytes[4];
    char text[9];

    (void)state;
    assert_ok(text_parse_hex("00fF10aB", bytes, 4, &err));
    text_hex(bytes, 4, text);
    assert_string_equal(text, "00ff10ab");
    assert_ok(text_parse_hex("", bytes, 0, &err));
    text_hex(bytes, 0, text);
    assert_string_equal(text, "");
}

static void bad_base64_is_refused(void **state)
{
    static const char *const texts[] = {"A",
                                        "AA",
                                        "AAA",
                                        "AA=",
                                        "A===",
                                        "====",
                                        "AA=A",
                                        "AB==",
                                        "AAB=",
                                        "A-A_",
                                        "AAAA\n",
                                        "AA A",
                                        "=AAA",
                                        "AA==AAAA",
                                        "AAA\0",
                                        "\xff"
                                        "AAA"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        OWNED_BUF out = BUF_OF(64);

        if (text_decode_base64(span_of_str(texts[i]), &out, &err) == 0)
            fail_msg("accepted '%s'", texts[i]);
        assert_int_equal(err.kind, ERR_INPUT);
    }
}

static void bad_base64url_is_refused(void **state)
{
    static const char *const texts[] = {"A", "AA==", "A+A/", "AB", "AAB", "AAAAA", "AA\n"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        OWNED_BUF out = BUF_OF(64);

        assert_fails(text_decode_base64url(span_of_str(texts[i]), &out, &err), ERR_INPUT);
    }
}

/* RFC 4648, section 10, and the two characters in which the alphabets differ. */
static void base64_matches_the_vectors(void **state)
{
    static const char *const cases[][3] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/", "-_-_"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_BUF out = BUF_OF(64);

        text_encode_base64(span_of_str(cases[i][0]), &out);
        assert_string_equal(buf_str(&out), cases[i][1]);
        buf_reset(&out);
        text_encode_base64url(span_of_str(cases[i][0]), &out);
        assert_string_equal(buf_str(&out), cases[i][2]);
        buf_reset(&out);
        assert_ok(text_decode_base64(span_of_str(cases[i][1]), &out, &err));
        assert_string_equal(buf_str(&out), cases[i][0]);
        buf_reset(&out);
        assert_ok(text_decode_base64url(span_of_str(cases[i][2]), &out, &err));
        assert_string_equal(buf_str(&out), cases[i][0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_hex_is_refused),
        cmocka_unit_test(hex_over_the_ceiling_is_too_large),
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(bad_base64_is_refused),
        cmocka_unit_test(bad_base64url_is_refused),
        cmocka_unit_test(base64_matches_the_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
