#include "tests/unit/unit.h"

#include "lib/crypto/hkdf.h"
#include "lib/crypto/key.h"
#include "services/agent-api/identity/keys.h"

static void a_key_depends_on_the_secret_and_on_its_use(void **state)
{
    uint8_t cdi[DICE_CDI_SIZE] = {0};
    OWNED_KEY *tls = NULL;
    OWNED_KEY *seal = NULL;
    OWNED_KEY *again = NULL;
    OWNED_KEY *other = NULL;
    struct err err;

    (void)state;
    assert_ok(identity_derive_key(cdi, IDENTITY_TLS, &tls, &err));
    assert_ok(identity_derive_key(cdi, IDENTITY_SEAL, &seal, &err));
    assert_ok(identity_derive_key(cdi, IDENTITY_TLS, &again, &err));
    cdi[31] ^= 1;
    assert_ok(identity_derive_key(cdi, IDENTITY_TLS, &other, &err));
    assert_true(key_equal(tls, again));
    assert_false(key_equal(tls, seal));
    assert_false(key_equal(tls, other));
}

/* A key that the profile derives from the same secret is another one: a secret has one meaning. */
static void the_secret_itself_is_no_seed(void **state)
{
    uint8_t cdi[DICE_CDI_SIZE] = {7};
    OWNED_KEY *tls = NULL;
    OWNED_KEY *layer = NULL;
    struct err err;

    (void)state;
    assert_ok(identity_derive_key(cdi, IDENTITY_TLS, &tls, &err));
    assert_ok(dice_derive_key(cdi, KEY_P256, &layer, &err));
    assert_false(key_equal(tls, layer));
}

/* As docs and headers have it, so that a release derives the keys of the one before. */
static void a_seed_is_the_hkdf_of_the_secret_by_the_name_of_the_use(void **state)
{
    const uint8_t cdi[DICE_CDI_SIZE] = {1, 2, 3};
    const struct hkdf hkdf = {.alg = DIGEST_SHA512,
                              .secret = SPAN_OF_ARRAY(cdi),
                              .info = span_of_str("cocos/key/1/receipt")};
    uint8_t seed[DICE_CDI_SIZE];
    OWNED_KEY *receipt = NULL;
    OWNED_KEY *expected = NULL;
    struct err err;

    (void)state;
    hkdf_derive(&hkdf, seed, sizeof(seed));
    assert_ok(dice_derive_key(seed, KEY_P384, &expected, &err));
    assert_ok(identity_derive_key(cdi, IDENTITY_RECEIPT, &receipt, &err));
    assert_true(key_equal(receipt, expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_depends_on_the_secret_and_on_its_use),
        cmocka_unit_test(the_secret_itself_is_no_seed),
        cmocka_unit_test(a_seed_is_the_hkdf_of_the_secret_by_the_name_of_the_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
