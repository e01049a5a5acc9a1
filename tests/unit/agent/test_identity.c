#include "tests/unit/unit.h"

#include "lib/crypto/key.h"
#include "services/agent-api/identity/identity.h"

static void make(uint8_t fill, struct identity *ret)
{
    OWNED_IDENTITY_SEED seed = IDENTITY_SEED_NONE;
    struct err err;

    memset(seed.cdi, fill, sizeof(seed.cdi));
    buf_add_str(&seed.chain[IDENTITY_RECEIPT], "chain");
    assert_ok(identity_make(&seed, fill == 0 ? 0 : 1800000000, ret, &err));
}

static void certificate_key_and_pin_belong_together(void **state)
{
    struct identity identity;
    OWNED_KEY *certified = NULL;
    OWNED_KEY *private = NULL;
    uint8_t spki_sha256[SHA256_SIZE];
    OWNED_BUF pin = BUF_OF(100);
    struct err err;

    (void)state;
    make(1, &identity);
    assert_ok(key_load_certificate(buf_span(&identity.certificate), &certified, &err));
    assert_ok(key_load_private_pem(buf_span(&identity.key), &private, &err));
    assert_true(key_equal(certified, private));
    assert_int_equal(key_type_of(private), KEY_P256);

    key_identity(certified, spki_sha256);
    assert_memory_equal(identity.spki_sha256, spki_sha256, SHA256_SIZE);
    buf_add_str(&pin, "sha256//");
    text_encode_base64(SPAN_OF_ARRAY(spki_sha256), &pin);
    assert_string_equal(identity.pin, buf_str(&pin));
    identity_done(&identity);
}

static void another_secret_gives_other_keys_and_the_same_the_same(void **state)
{
    struct identity first, again, other;

    (void)state;
    make(0, &first); /* also with a clock that nobody has set */
    make(0, &again);
    make(1, &other);
    assert_string_equal(first.pin, again.pin);
    assert_string_not_equal(first.pin, other.pin);
    for (int use = 0; use < IDENTITY_USE_COUNT; use++) {
        assert_true(key_equal(first.keys[use], again.keys[use]));
        assert_false(key_equal(first.keys[use], other.keys[use]));
    }
    identity_done(&first);
    identity_done(&again);
    identity_done(&other);
}

static void each_use_has_a_key_and_its_chain(void **state)
{
    struct identity identity;

    (void)state;
    make(1, &identity);
    assert_false(key_equal(identity.keys[IDENTITY_TLS], identity.keys[IDENTITY_SEAL]));
    assert_int_equal(key_type_of(identity.keys[IDENTITY_TLS]), KEY_P256);
    assert_int_equal(key_type_of(identity.keys[IDENTITY_RECEIPT]), KEY_P384);
    assert_int_equal(key_type_of(identity.keys[IDENTITY_SEAL]), KEY_P256);
    for (int use = 0; use < IDENTITY_USE_COUNT; use++)
        assert_true(key_is_private(identity.keys[use]));
    assert_string_equal(buf_str(&identity.chains[IDENTITY_RECEIPT]), "chain");
    assert_int_equal(identity.chains[IDENTITY_TLS].len, 0);
    identity_done(&identity);
    assert_null(identity.keys[IDENTITY_TLS]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_key_and_pin_belong_together),
        cmocka_unit_test(another_secret_gives_other_keys_and_the_same_the_same),
        cmocka_unit_test(each_use_has_a_key_and_its_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
