#include "tests/unit/unit.h"

#include "lib/crypto/key_parts.h"

/* RFC 9053 test key "11", as the COSE working group publishes it. */
static const char x_hex[] = "bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff";
static const char y_hex[] = "20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e";

static void from_hex(const char *hex, uint8_t out[32])
{
    struct err err;

    assert_ok(text_parse_hex(hex, out, 32, &err));
}

static void points_off_the_curve_are_refused(void **state)
{
    uint8_t x[32], y[32];
    struct key *key;
    struct err err;

    (void)state;
    from_hex(x_hex, x);
    from_hex(y_hex, y);
    y[31] ^= 1;
    assert_fails(key_from_point(KEY_P256, SPAN_OF_ARRAY(x), SPAN_OF_ARRAY(y), &key, &err),
                 ERR_INPUT);
    assert_fails(key_from_point(KEY_P256, span_of(NULL, 0), span_of(NULL, 0), &key, &err),
                 ERR_INPUT);
    y[31] ^= 1;
    assert_fails(key_from_point(KEY_P384, SPAN_OF_ARRAY(x), SPAN_OF_ARRAY(y), &key, &err),
                 ERR_INPUT);
    assert_fails(key_from_point(KEY_RSA, SPAN_OF_ARRAY(x), SPAN_OF_ARRAY(y), &key, &err),
                 ERR_INPUT);
}

static void numbers_that_are_too_long_are_refused(void **state)
{
    uint8_t x[33], y[32], huge[5000];
    struct key *key;
    struct err err;

    (void)state;
    memset(huge, 0xff, sizeof(huge));
    x[0] = 1;
    from_hex(x_hex, x + 1);
    from_hex(y_hex, y);
    assert_fails(key_from_point(KEY_P256, SPAN_OF_ARRAY(x), SPAN_OF_ARRAY(y), &key, &err),
                 ERR_INPUT);
    assert_fails(key_from_rsa(SPAN_OF_ARRAY(huge), span_of("\3", 1), &key, &err), ERR_INPUT);
    assert_fails(key_from_ed25519(SPAN_OF_ARRAY(huge), &key, &err), ERR_INPUT);
    assert_fails(key_from_ed25519(span_of(huge, 31), &key, &err), ERR_INPUT);
}

static void short_rsa_keys_are_refused(void **state)
{
    uint8_t modulus[128];
    struct key *key;
    struct err err;

    (void)state;
    memset(modulus, 0xff, sizeof(modulus));
    assert_fails(key_from_rsa(SPAN_OF_ARRAY(modulus), span_of("\1\0\1", 3), &key, &err), ERR_INPUT);
    assert_fails(key_from_rsa(span_of(NULL, 0), span_of(NULL, 0), &key, &err), ERR_INPUT);
}

static void leading_zeros_do_not_matter(void **state)
{
    uint8_t x[34] = {0}, y[32];
    OWNED_KEY *plain = NULL, *padded = NULL;
    struct err err;

    (void)state;
    from_hex(x_hex, x + 2);
    from_hex(y_hex, y);
    assert_ok(key_from_point(KEY_P256, span_of(x + 2, 32), SPAN_OF_ARRAY(y), &plain, &err));
    assert_ok(key_from_point(KEY_P256, SPAN_OF_ARRAY(x), SPAN_OF_ARRAY(y), &padded, &err));
    assert_true(key_equal(plain, padded));
}

/* Takes the numbers out of a key's SPKI, which ends in them, and puts them together again. */
static void a_key_survives_being_taken_apart(void **state)
{
    static const enum key_type types[] = {KEY_P256, KEY_P384, KEY_ED25519};
    static const size_t sizes[] = {32, 48, 32};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        OWNED_KEY *pair = NULL, *again = NULL;
        OWNED_BUF spki = BUF_OF(4096);
        const uint8_t *end;

        assert_ok(key_generate(types[i], 0, &pair, &err));
        key_write_spki(pair, &spki);
        end = spki.data + spki.len;
        if (types[i] == KEY_ED25519)
            assert_ok(key_from_ed25519(span_of(end - 32, 32), &again, &err));
        else
            assert_ok(key_from_point(types[i], span_of(end - 2 * sizes[i], sizes[i]),
                                     span_of(end - sizes[i], sizes[i]), &again, &err));
        assert_true(key_equal(pair, again));
    }
}

static void an_rsa_key_survives_being_taken_apart(void **state)
{
    OWNED_KEY *pair = NULL, *again = NULL;
    OWNED_BUF spki = BUF_OF(4096);
    const uint8_t *end;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_RSA, 2048, &pair, &err));
    key_write_spki(pair, &spki);
    end = spki.data + spki.len; /* ... 00 modulus[256] 02 03 01 00 01 */
    assert_ok(key_from_rsa(span_of(end - 5 - 256, 256), span_of(end - 3, 3), &again, &err));
    assert_true(key_equal(pair, again));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_off_the_curve_are_refused),
        cmocka_unit_test(numbers_that_are_too_long_are_refused),
        cmocka_unit_test(short_rsa_keys_are_refused),
        cmocka_unit_test(leading_zeros_do_not_matter),
        cmocka_unit_test(a_key_survives_being_taken_apart),
        cmocka_unit_test(an_rsa_key_survives_being_taken_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
