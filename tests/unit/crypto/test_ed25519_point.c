#include "tests/unit/unit.h"

#include "lib/crypto/ed25519_point.h"
#include "lib/crypto/key.h"

static bool is_sound(const char *hex)
{
    uint8_t point[ED25519_POINT_SIZE];
    struct err err;

    assert_ok(text_parse_hex(hex, point, sizeof(point), &err));
    return ed25519_point_is_sound(point);
}

static void points_of_small_order_are_refused(void **state)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(points); i++)
        assert_false(is_sound(points[i]));
}

/* p, p + 1 and the largest number: second names of small y. */
static void second_encodings_are_refused(void **state)
{
    (void)state;
    assert_false(is_sound("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));
    assert_false(is_sound("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));
    assert_false(is_sound("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));
    assert_false(is_sound("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"));
}

/* y = 2 has no x; y = 3 has; 4/5 is the base point. */
static void bytes_that_are_no_point_are_refused(void **state)
{
    (void)state;
    assert_false(is_sound("0200000000000000000000000000000000000000000000000000000000000000"));
    assert_false(is_sound("0200000000000000000000000000000000000000000000000000000000000080"));
    assert_true(is_sound("0300000000000000000000000000000000000000000000000000000000000000"));
    assert_true(is_sound("5866666666666666666666666666666666666666666666666666666666666666"));
}

static void generated_keys_are_sound(void **state)
{
    struct err err;

    (void)state;
    for (int i = 0; i < 20; i++) {
        OWNED_KEY *key = NULL;

        assert_ok(key_generate(KEY_ED25519, 0, &key, &err)); /* checks the point itself */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_of_small_order_are_refused),
        cmocka_unit_test(second_encodings_are_refused),
        cmocka_unit_test(bytes_that_are_no_point_are_refused),
        cmocka_unit_test(generated_keys_are_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
