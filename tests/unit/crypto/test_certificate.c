#include "tests/unit/unit.h"

#include "lib/crypto/openssl.h"
#include "lib/crypto/x509_make.h"

/* A self-signed certificate for key, as PEM and DER. */
static void make(const struct key *key, struct buf *pem, struct buf *der)
{
    struct x509_subject subject = {.common_name = "x", .not_after = 1};
    OPENSSL_OWNED(X509) *certificate = NULL;
    uint8_t *bytes = NULL;
    struct err err;
    int len;

    assert_ok(x509_make(&subject, key, span_of(NULL, 0), key, pem, &err));
    assert_ok(certificate_parse(buf_span(pem), &certificate, &err));
    len = i2d_X509(certificate, &bytes);
    buf_add(der, bytes, (size_t)len);
    OPENSSL_free(bytes);
}

static void what_is_no_certificate_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "junk", "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n",
        "-----BEGIN PUBLIC KEY-----\nAQID\n-----END PUBLIC KEY-----\n"};
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_fails(key_load_certificate(span_of_str(texts[i]), &key, &err), ERR_INPUT);
}

static void bytes_missing_or_after_the_end_are_refused(void **state)
{
    OWNED_KEY *key = NULL, *loaded = NULL;
    OWNED_BUF pem = BUF_OF(8192);
    OWNED_BUF der = BUF_OF(8192);
    OWNED_BUF twice = BUF_OF(8192);
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_ED25519, 0, &key, &err));
    make(key, &pem, &der);
    for (size_t len = 0; len < der.len; len++)
        assert_fails(key_load_certificate(span_of(der.data, len), &loaded, &err), ERR_INPUT);
    buf_add_u8(&der, 0);
    assert_fails(key_load_certificate(buf_span(&der), &loaded, &err), ERR_INPUT);
    buf_add_span(&twice, buf_span(&pem));
    buf_add_span(&twice, buf_span(&pem));
    assert_fails(key_load_certificate(buf_span(&twice), &loaded, &err), ERR_INPUT);
}

static void keys_that_we_would_not_take_are_refused(void **state)
{
    OPENSSL_OWNED(EVP_PKEY) *pkey = EVP_EC_gen("secp256k1");
    OPENSSL_OWNED(X509) *certificate = X509_new();
    OWNED_KEY *key = NULL;
    uint8_t *der = NULL;
    struct err err;
    int len;

    (void)state;
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 0));
    assert_int_equal(X509_set_pubkey(certificate, pkey), 1);
    assert_true(X509_sign(certificate, pkey, EVP_sha256()) > 0);
    len = i2d_X509(certificate, &der);
    assert_fails(key_load_certificate(span_of(der, (size_t)len), &key, &err), ERR_INPUT);
    assert_true(text_starts_with(err.text, "certificate: public key: is neither"));
    OPENSSL_free(der);
}

static void the_key_is_that_of_the_certificate(void **state)
{
    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        OWNED_KEY *key = NULL, *from_pem = NULL, *from_der = NULL;
        OWNED_BUF pem = BUF_OF(8192);
        OWNED_BUF der = BUF_OF(8192);
        struct err err;

        assert_ok(key_generate((enum key_type)type, 2048, &key, &err));
        make(key, &pem, &der);
        assert_ok(key_load_certificate(buf_span(&pem), &from_pem, &err));
        assert_ok(key_load_certificate(buf_span(&der), &from_der, &err));
        assert_true(key_equal(key, from_pem) && key_equal(key, from_der));
        assert_false(key_is_private(from_pem));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_certificate_is_refused),
        cmocka_unit_test(bytes_missing_or_after_the_end_are_refused),
        cmocka_unit_test(keys_that_we_would_not_take_are_refused),
        cmocka_unit_test(the_key_is_that_of_the_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
