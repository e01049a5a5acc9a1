#include "tests/unit/unit.h"

#include "lib/crypto/curve.h"

#include <openssl/core_names.h>

#include <pthread.h>

static const struct {
    enum key_type type;
    const char *name;
    size_t size;
} curves[] = {{KEY_P256, "P-256", 65}, {KEY_P384, "P-384", 97}};

static size_t make_point(const char *curve, uint8_t to[static 97])
{
    OPENSSL_OWNED(EVP_PKEY) *pkey = EVP_EC_gen(curve);
    size_t len = 0;

    assert_non_null(pkey);
    assert_int_equal(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, to, 97, &len),
                     1);
    return len;
}

static void assert_no_key(enum key_type type, const uint8_t *point, size_t len)
{
    assert_null(curve_key(type, span_of(point, len)));
    ERR_clear_error();
}

static void other_forms_of_a_point_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(curves); i++) {
        uint8_t point[97];
        size_t len = make_point(curves[i].name, point);
        const uint8_t odd = point[len - 1] & 1;

        for (size_t cut = 0; cut < len; cut++)
            assert_no_key(curves[i].type, point, cut);
        point[0] = 2 + odd; /* compressed */
        assert_no_key(curves[i].type, point, 1 + (len - 1) / 2);
        point[0] = 6 + odd; /* both forms at once */
        assert_no_key(curves[i].type, point, len);
        assert_no_key(curves[i].type, (const uint8_t *)"", 1); /* the point at infinity */
    }
}

static void a_point_with_a_bit_flipped_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(curves); i++) {
        uint8_t point[97];
        size_t len = make_point(curves[i].name, point);

        for (size_t bit = 0; bit < 8 * len; bit++) {
            point[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_no_key(curves[i].type, point, len);
            point[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

/* P-256 has a point whose x is 0; the field's prime is 0 as well, and fits. */
static void coordinates_are_below_the_prime(void **state)
{
    static const uint8_t y[] = {
        0x66, 0x48, 0x5c, 0x78, 0x0e, 0x2f, 0x83, 0xd7, 0x24, 0x33, 0xbd,
        0x5d, 0x84, 0xa0, 0x6b, 0xb6, 0x54, 0x1c, 0x2a, 0xf3, 0x1d, 0xae,
        0x87, 0x17, 0x28, 0xbf, 0x85, 0x6a, 0x17, 0x4f, 0x93, 0xf4,
    };
    static const uint8_t prime[] = {
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    };
    OPENSSL_OWNED(EVP_PKEY) *pkey = NULL;
    uint8_t point[65] = {4};

    (void)state;
    memcpy(point + 33, y, sizeof(y));
    pkey = curve_key(KEY_P256, SPAN_OF_ARRAY(point));
    assert_non_null(pkey);
    memcpy(point + 1, prime, sizeof(prime));
    assert_no_key(KEY_P256, point, sizeof(point));
}

static void other_types_have_no_curve(void **state)
{
    uint8_t point[97];
    size_t len = make_point("P-256", point);

    (void)state;
    assert_no_key(KEY_ED25519, point, len);
    assert_no_key(KEY_RSA, point, len);
    assert_no_key(KEY_RSA, point, 0);
    assert_no_key(KEY_P384, point, len);
}

static void a_key_is_its_point(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(curves); i++) {
        uint8_t points[2][97], read[97];
        EVP_PKEY *keys[2];
        size_t len = 0;

        for (size_t j = 0; j < 2; j++) {
            assert_int_equal(make_point(curves[i].name, points[j]), curves[i].size);
            keys[j] = curve_key(curves[i].type, span_of(points[j], curves[i].size));
            assert_non_null(keys[j]);
        }
        for (size_t j = 0; j < 2; j++) {
            assert_int_equal(EVP_PKEY_get_octet_string_param(keys[j], OSSL_PKEY_PARAM_PUB_KEY, read,
                                                             sizeof(read), &len),
                             1);
            assert_int_equal(len, curves[i].size);
            assert_memory_equal(read, points[j], len);
            EVP_PKEY_free(keys[j]);
        }
    }
}

static void *make_keys(void *point)
{
    for (int i = 0; i < 200; i++) {
        EVP_PKEY *pkey = curve_key(KEY_P256, span_of(point, 65));

        if (pkey == NULL)
            return NULL;
        EVP_PKEY_free(pkey);
    }
    return point;
}

static void threads_share_the_curves(void **state)
{
    pthread_t threads[4];
    uint8_t point[97];

    (void)state;
    make_point("P-256", point);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_keys, point), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        void *result = NULL;

        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, point);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_forms_of_a_point_are_refused),
        cmocka_unit_test(a_point_with_a_bit_flipped_is_refused),
        cmocka_unit_test(coordinates_are_below_the_prime),
        cmocka_unit_test(other_types_have_no_curve),
        cmocka_unit_test(a_key_is_its_point),
        cmocka_unit_test(threads_share_the_curves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
