#include "tests/unit/unit.h"

#include "lib/crypto/key.h"

static struct key *generated(enum key_type type)
{
    struct key *key = NULL;
    struct err err;

    assert_ok(key_generate(type, 2048, &key, &err));
    return key;
}

static void only_private_keys_can_be_written_whole(void **state)
{
    OWNED_KEY *key = generated(KEY_P256), *public = NULL;
    OWNED_BUF text = BUF_OF(4096);
    struct err err;

    (void)state;
    key_write_public_pem(key, &text);
    assert_ok(key_load_public_pem(buf_span(&text), &public, &err));
    assert_false(key_is_private(public));
    assert_fails(key_write_private_pem(public, &text, &err), ERR_INPUT);
}

static void a_full_buffer_is_an_error(void **state)
{
    OWNED_KEY *key = generated(KEY_P256);
    OWNED_BUF text = BUF_OF(20);
    struct err err;

    (void)state;
    assert_fails(key_write_private_pem(key, &text, &err), ERR_TOO_LARGE);
    key_write_spki(key, &text);
    assert_true(text.overflow);
}

static void what_is_written_can_be_loaded(void **state)
{
    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        OWNED_KEY *key = generated((enum key_type)type);
        OWNED_KEY *from_private = NULL, *from_public = NULL, *from_spki = NULL;
        OWNED_BUF private = BUF_OF(8192);
        OWNED_BUF public = BUF_OF(8192);
        OWNED_BUF spki = BUF_OF(8192);
        struct err err;

        assert_ok(key_write_private_pem(key, &private, &err));
        assert_true(private.secret);
        assert_true(text_starts_with(buf_str(&private), "-----BEGIN PRIVATE KEY-----\n"));
        key_write_public_pem(key, &public);
        assert_true(text_starts_with(buf_str(&public), "-----BEGIN PUBLIC KEY-----\n"));
        key_write_spki(key, &spki);

        assert_ok(key_load_private_pem(buf_span(&private), &from_private, &err));
        assert_ok(key_load_public_pem(buf_span(&public), &from_public, &err));
        assert_ok(key_load_public_der(buf_span(&spki), &from_spki, &err));
        assert_true(key_is_private(from_private) && !key_is_private(from_public));
        assert_true(key_equal(key, from_private) && key_equal(key, from_public) &&
                    key_equal(key, from_spki));
        assert_int_equal(key_type_of(from_spki), type);
    }
}

static void the_identity_is_the_digest_of_the_spki(void **state)
{
    OWNED_KEY *key = generated(KEY_ED25519), *other = generated(KEY_ED25519);
    uint8_t wanted[SHA256_SIZE], got[SHA256_SIZE];
    char text[KEY_IDENTITY_TEXT_SIZE], hex[KEY_IDENTITY_TEXT_SIZE];
    OWNED_BUF spki = BUF_OF(4096);

    (void)state;
    key_write_spki(key, &spki);
    digest_of(DIGEST_SHA256, buf_span(&spki), wanted);
    key_identity(key, got);
    assert_memory_equal(got, wanted, SHA256_SIZE);
    text_hex(wanted, SHA256_SIZE, hex);
    key_identity_text(key, text);
    assert_string_equal(text, hex);
    assert_false(key_equal(key, other));
}

static void types_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(key_type_names[KEY_RSA], "rsa");
    assert_string_equal(key_type_names[KEY_ED25519], "ed25519");
    assert_null(key_type_names[KEY_TYPE_COUNT]);
    key_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_private_keys_can_be_written_whole),
        cmocka_unit_test(a_full_buffer_is_an_error),
        cmocka_unit_test(what_is_written_can_be_loaded),
        cmocka_unit_test(the_identity_is_the_digest_of_the_spki),
        cmocka_unit_test(types_have_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
