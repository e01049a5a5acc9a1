#include "tests/unit/unit.h"

#include "lib/crypto/hkdf.h"

static void assert_derives(const char *secret, const char *salt, const char *info, const char *okm)
{
    struct buf bytes[3] = {BUF_OF(256), BUF_OF(256), BUF_OF(256)};
    uint8_t out[82];
    char hex[165];
    size_t len = strlen(okm) / 2;
    struct err err;

    assert_ok(text_decode_hex(span_of_str(secret), &bytes[0], &err));
    assert_ok(text_decode_hex(span_of_str(salt), &bytes[1], &err));
    assert_ok(text_decode_hex(span_of_str(info), &bytes[2], &err));
    hkdf_derive(&(struct hkdf){DIGEST_SHA256, buf_span(&bytes[0]), buf_span(&bytes[1]),
                               buf_span(&bytes[2])},
                out, len);
    text_hex(out, len, hex);
    assert_string_equal(hex, okm);
    for (size_t i = 0; i < 3; i++)
        buf_done(&bytes[i]);
}

/* RFC 5869, appendix A. */
static void the_published_examples_hold(void **state)
{
    (void)state;
    assert_derives("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
                   "f0f1f2f3f4f5f6f7f8f9",
                   "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                   "34007208d5b887185865");
    assert_derives("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
                   "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                   "9d201395faa4b61a96c8");
}

/* A longer output begins with the shorter one. */
static void length_changes_nothing_before_it(void **state)
{
    const struct hkdf in = {DIGEST_SHA512, span_of_str("secret"), span_of_str("salt"),
                            span_of_str("info")};
    uint8_t all[HKDF_OUT_MAX], part[HKDF_OUT_MAX];

    (void)state;
    hkdf_derive(&in, all, sizeof(all));
    for (size_t len = 0; len < 200; len++) {
        hkdf_derive(&in, part, len);
        assert_memory_equal(part, all, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_examples_hold),
        cmocka_unit_test(length_changes_nothing_before_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
