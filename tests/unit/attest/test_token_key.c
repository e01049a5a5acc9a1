#include "tests/unit/unit.h"

#include "lib/attest/token_key.h"
#include "tests/fakes/fake_pki.h"

static void what_is_no_key_is_refused(void **state)
{
    struct key *key = NULL;
    struct err err;

    (void)state;
    assert_fails(token_key_load(span_of(NULL, 0), &key, &err), ERR_INPUT);
    assert_fails(token_key_load(span_of_str("secret"), &key, &err), ERR_INPUT);
    assert_null(key);
}

static void every_form_of_a_key_is_taken(void **state)
{
    const struct fake_cert cert = {.subject = "signer",
                                   .issuer = "signer",
                                   .serial = 1,
                                   .not_before = 1000000000,
                                   .not_after = 2000000000};
    struct buf forms[] = {BUF_OF(8 * KIB), BUF_OF(8 * KIB), BUF_OF(8 * KIB), BUF_OF(8 * KIB)};
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    key_write_public_pem(key, &forms[0]);
    key_write_spki(key, &forms[1]);
    fake_cert_make(&cert, key, key, &forms[2]);
    fake_pem("CERTIFICATE", buf_span(&forms[2]), &forms[3]);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        OWNED_KEY *read = NULL;

        assert_ok(token_key_load(buf_span(&forms[i]), &read, &err));
        assert_true(key_equal(key, read));
        buf_done(&forms[i]);
    }
}

/* A private key given in its place would be a mistake worth telling. */
static void a_private_key_is_refused(void **state)
{
    OWNED_BUF pem = BUF_OF(8 * KIB);
    OWNED_KEY *key = NULL;
    struct key *read = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    assert_ok(key_write_private_pem(key, &pem, &err));
    assert_fails(token_key_load(buf_span(&pem), &read, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(every_form_of_a_key_is_taken),
        cmocka_unit_test(a_private_key_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
