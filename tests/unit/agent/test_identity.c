#include "tests/unit/unit.h"

#include "lib/crypto/key.h"
#include "services/agent-api/identity/identity.h"

static void certificate_key_and_pin_belong_together(void **state)
{
    struct identity identity;
    OWNED_KEY *certified = NULL;
    OWNED_KEY *private = NULL;
    uint8_t spki_sha256[SHA256_SIZE];
    OWNED_BUF pin = BUF_OF(100);
    struct err err;

    (void)state;
    assert_ok(identity_make(1800000000, &identity, &err));
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

static void every_life_has_its_own_key(void **state)
{
    struct identity first, second;
    struct err err;

    (void)state;
    assert_ok(identity_make(0, &first, &err)); /* a clock that nobody has set */
    assert_ok(identity_make(1800000000, &second, &err));
    assert_string_not_equal(first.pin, second.pin);
    identity_done(&first);
    identity_done(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_key_and_pin_belong_together),
        cmocka_unit_test(every_life_has_its_own_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
