#include "tests/unit/unit.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_depends_on_the_secret_and_on_its_use),
        cmocka_unit_test(the_secret_itself_is_no_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
