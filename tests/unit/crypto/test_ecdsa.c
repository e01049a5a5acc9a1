#include "tests/unit/unit.h"

#include "lib/crypto/ecdsa.h"
#include "lib/crypto/verify.h"

/* n of P-384 and P-256. */
static const struct {
    enum key_type curve;
    size_t size;
    const char *order;
} curves[] = {
    {KEY_P384, 48,
     "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
     "581a0db248b0a77aecec196accc52973"},
    {KEY_P256, 32, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"},
};

/* r and s as given: a number below ten, or n plus it when above is set. */
static void put(uint8_t *half, size_t curve, int value, bool above)
{
    struct err err;

    memset(half, 0, curves[curve].size);
    if (above)
        assert_ok(text_parse_hex(curves[curve].order, half, curves[curve].size, &err));
    half[curves[curve].size - 1] = (uint8_t)(half[curves[curve].size - 1] + value);
}

static void both_halves_lie_between_zero_and_the_order(void **state)
{
    static const struct {
        int value;
        bool above;
        const char *refusal;
    } rows[] = {{0, false, "of the signature is zero"},
                {1, false, NULL},
                {-1, true, NULL},
                {0, true, "of the signature is not below the curve's order"},
                {1, true, "of the signature is not below the curve's order"}};

    (void)state;
    for (size_t curve = 0; curve < COUNT_OF(curves); curve++)
        for (size_t row = 0; row < COUNT_OF(rows); row++)
            for (int half = 0; half < 2; half++) {
                struct span signature = {NULL, 2 * curves[curve].size};
                uint8_t bytes[96];
                char expected[80];
                struct err err;

                put(bytes, curve, 5, false);
                put(bytes + curves[curve].size, curve, 5, false);
                put(bytes + (half ? curves[curve].size : 0), curve, rows[row].value,
                    rows[row].above);
                signature.data = bytes;
                if (rows[row].refusal == NULL) {
                    assert_ok(ecdsa_check_range(curves[curve].curve, signature, &err));
                    continue;
                }
                assert_fails(ecdsa_check_range(curves[curve].curve, signature, &err),
                             ERR_UNTRUSTED);
                snprintf(expected, sizeof(expected), "%c %s", "rs"[half], rows[row].refusal);
                assert_string_equal(err.text, expected);
            }
}

static void other_lengths_are_refused(void **state)
{
    uint8_t bytes[200];
    struct err err;

    (void)state;
    memset(bytes, 1, sizeof(bytes));
    for (size_t len = 0; len < sizeof(bytes); len++) {
        assert_int_equal(ecdsa_check_range(KEY_P384, span_of(bytes, len), &err),
                         len == 96 ? 0 : -1);
        assert_int_equal(ecdsa_check_range(KEY_P256, span_of(bytes, len), &err),
                         len == 64 ? 0 : -1);
    }
}

static void verification_looks_at_the_range(void **state)
{
    uint8_t zeros[96] = {0};
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P384, 0, &key, &err));
    assert_fails(verify_signature(key, VERIFY_ECDSA, DIGEST_SHA384, span_of("m", 1),
                                  SPAN_OF_ARRAY(zeros), &err),
                 ERR_UNTRUSTED);
    assert_string_equal(err.text, "r of the signature is zero");
}

static void der_becomes_two_halves(void **state)
{
    static const uint8_t good[] = {0x30, 7, 2, 2, 0, 0x80, 2, 1, 5};
    static const struct {
        uint8_t bytes[12];
        size_t len;
    } bad[] = {
        {{0}, 0},
        {{0x30, 7, 2, 2, 0, 0x80, 2, 1}, 8},        /* cut */
        {{0x30, 7, 2, 2, 0, 0x80, 2, 1, 5, 0}, 10}, /* followed */
        {{0x30, 7, 2, 2, 0, 0x01, 2, 1, 5}, 9},     /* not minimal */
        {{0x30, 6, 2, 1, 0x80, 2, 1, 5}, 8},        /* negative */
        {{0x30, 3, 2, 1, 5}, 5},                    /* one number */
        {{0x31, 7, 2, 2, 0, 0x80, 2, 1, 5}, 9},     /* a set */
    };
    uint8_t out[ECDSA_SIGNATURE_MAX], wide[40] = {0x30, 38, 2, 33, 1};
    struct err err;
    size_t length;

    (void)state;
    assert_ok(ecdsa_from_der(KEY_P256, SPAN_OF_ARRAY(good), out, &length, &err));
    assert_int_equal(length, 64);
    assert_int_equal(out[31], 0x80);
    assert_int_equal(out[63], 5);
    assert_true(span_is_zero(span_of(out, 31)));
    assert_ok(ecdsa_from_der(KEY_P384, SPAN_OF_ARRAY(good), out, &length, &err));
    assert_int_equal(length, 96);
    assert_int_equal(out[95], 5);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_fails(
            ecdsa_from_der(KEY_P256, span_of(bad[i].bytes, bad[i].len), out, &length, &err),
            ERR_UNTRUSTED);
    wide[37] = 2, wide[38] = 1, wide[39] = 1; /* r of 33 bytes: too long for one curve only */
    assert_fails(ecdsa_from_der(KEY_P256, SPAN_OF_ARRAY(wide), out, &length, &err), ERR_UNTRUSTED);
    assert_ok(ecdsa_from_der(KEY_P384, SPAN_OF_ARRAY(wide), out, &length, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_halves_lie_between_zero_and_the_order),
        cmocka_unit_test(other_lengths_are_refused),
        cmocka_unit_test(verification_looks_at_the_range),
        cmocka_unit_test(der_becomes_two_halves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
