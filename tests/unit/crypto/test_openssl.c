#include "tests/unit/unit.h"

#include "lib/crypto/openssl.h"

static void a_failure_takes_openssls_reason_along(void **state)
{
    const uint8_t *at = (const uint8_t *)"junk";
    struct err err;

    (void)state;
    assert_null(d2i_PUBKEY(NULL, &at, 4));
    assert_int_equal(openssl_fail(&err, ERR_INPUT, "key '%s'", "k"), -1);
    assert_true(text_starts_with(err.text, "key 'k': "));
    assert_int_equal(ERR_peek_error(), 0);
}

static void a_failure_without_a_reason_stands_alone(void **state)
{
    struct err err;

    (void)state;
    ERR_clear_error();
    assert_int_equal(openssl_fail(&err, ERR_UNTRUSTED, "key"), -1);
    assert_string_equal(err.text, "key");
    assert_int_equal(err.kind, ERR_UNTRUSTED);
}

static void memory_bios_are_copied_whole(void **state)
{
    OPENSSL_OWNED(BIO) *bio = BIO_new(BIO_s_mem());
    OWNED_BUF out = BUF_OF(64);

    (void)state;
    openssl_add_bio(bio, &out);
    assert_int_equal(out.len, 0);
    BIO_write(bio, "hello", 5);
    openssl_add_bio(bio, &out);
    assert_string_equal(buf_str(&out), "hello");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_takes_openssls_reason_along),
        cmocka_unit_test(a_failure_without_a_reason_stands_alone),
        cmocka_unit_test(memory_bios_are_copied_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
