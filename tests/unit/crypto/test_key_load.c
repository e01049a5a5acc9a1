#include "tests/unit/unit.h"

#include "lib/crypto/openssl.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

static void add_spki(EVP_PKEY *pkey, struct buf *out)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(pkey, &der);

    assert_true(len > 0);
    buf_add(out, der, (size_t)len);
    OPENSSL_free(der);
}

static int load_public(EVP_PKEY *pkey, struct err *err)
{
    OWNED_BUF spki = BUF_OF(4096);
    OWNED_KEY *key = NULL;

    add_spki(pkey, &spki);
    return key_load_public_der(buf_span(&spki), &key, err);
}

static int load_private_text(const char *text, struct err *err)
{
    OWNED_KEY *key = NULL;

    return key_load_private_pem(span_of_str(text), &key, err);
}

static void other_types_are_refused(void **state)
{
    EVP_PKEY *keys[] = {EVP_EC_gen("secp256k1"), EVP_EC_gen("P-521"), EVP_EC_gen("brainpoolP256r1"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "X25519"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED448")};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        assert_non_null(keys[i]);
        assert_fails(load_public(keys[i], &err), ERR_INPUT);
        assert_non_null(strstr(err.text, "is neither RSA nor"));
        EVP_PKEY_free(keys[i]);
    }
}

/* RSASSA-PSS keys carry parameters that bind them to one scheme; our RSA keys are plain. */
static void restricted_rsa_keys_are_refused(void **state)
{
    OPENSSL_OWNED(EVP_PKEY_CTX) *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    OPENSSL_OWNED(EVP_PKEY) *pkey = NULL;
    struct err err;

    (void)state;
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
    assert_fails(load_public(pkey, &err), ERR_INPUT);
}

static void short_and_giant_rsa_keys_are_refused(void **state)
{
    OPENSSL_OWNED(EVP_PKEY) *pkey = EVP_RSA_gen(1024);
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_fails(load_public(pkey, &err), ERR_INPUT);
    assert_string_equal(err.text, "public key: RSA key of 1024 bits, expected 2048 to 8192");
    assert_fails(key_generate(KEY_RSA, 2047, &key, &err), ERR_INPUT);
    assert_fails(key_generate(KEY_RSA, 8193, &key, &err), ERR_INPUT);
}

/* A fresh RSA key whose SPKI ends in the exponent 65537, as 02 03 01 00 01. */
static void unusable_rsa_exponents_are_refused(void **state)
{
    static const uint8_t exponents[][3] = {{1, 0, 0}, {0, 0, 1}, {0, 0, 3}};
    OPENSSL_OWNED(EVP_PKEY) *pkey = EVP_RSA_gen(2048);
    OWNED_BUF spki = BUF_OF(4096);
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    add_spki(pkey, &spki);
    for (size_t i = 0; i < COUNT_OF(exponents); i++) {
        memcpy(spki.data + spki.len - 3, exponents[i], 3);
        assert_fails(key_load_public_der(buf_span(&spki), &key, &err), ERR_INPUT);
    }
}

static void unusual_forms_of_a_curve_key_are_refused(void **state)
{
    static const char *const params[][2] = {
        {OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"},
        {OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "hybrid"},
        {OSSL_PKEY_PARAM_EC_ENCODING, "explicit"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(params); i++) {
        OPENSSL_OWNED(EVP_PKEY) *pkey = EVP_EC_gen("P-256");

        assert_ok(load_public(pkey, &err));
        assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, params[i][0], params[i][1]), 1);
        assert_fails(load_public(pkey, &err), ERR_INPUT);
    }
}

static void points_off_the_curve_are_refused(void **state)
{
    static const char *const curves[] = {"P-256", "P-384"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(curves); i++) {
        OPENSSL_OWNED(EVP_PKEY) *pkey = EVP_EC_gen(curves[i]);
        OWNED_BUF spki = BUF_OF(4096);
        OWNED_KEY *key = NULL;

        add_spki(pkey, &spki);
        spki.data[spki.len - 1] ^= 1;
        assert_fails(key_load_public_der(buf_span(&spki), &key, &err), ERR_INPUT);
    }
}

static void weak_ed25519_keys_are_refused(void **state)
{
    uint8_t spki[44] = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00\x01";
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_fails(key_load_public_der(SPAN_OF_ARRAY(spki), &key, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "large order"));
}

static void only_the_canonical_der_is_taken(void **state)
{
    OPENSSL_OWNED(EVP_PKEY) *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    OWNED_BUF spki = BUF_OF(4096);
    OWNED_BUF ber = BUF_OF(4096);
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    add_spki(pkey, &spki);
    for (size_t len = 0; len < spki.len; len++)
        assert_fails(key_load_public_der(span_of(spki.data, len), &key, &err), ERR_INPUT);

    buf_add(&ber, "\x30\x81", 2); /* a long length where a short one does */
    buf_add_span(&ber, span_part(buf_span(&spki), 1, spki.len));
    assert_fails(key_load_public_der(buf_span(&ber), &key, &err), ERR_INPUT);
    buf_add_u8(&spki, 0);
    assert_fails(key_load_public_der(buf_span(&spki), &key, &err), ERR_INPUT);
    assert_string_equal(err.text, "public key: is no SubjectPublicKeyInfo in DER");
}

static void huge_keys_are_refused_unread(void **state)
{
    OWNED_BUF bytes = BUF_OF(128 * KIB);
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    memset(buf_grow(&bytes, 100 * KIB), '0', 100 * KIB);
    assert_fails(key_load_public_der(buf_span(&bytes), &key, &err), ERR_INPUT);
    assert_fails(key_load_public_pem(buf_span(&bytes), &key, &err), ERR_INPUT);
    assert_fails(key_load_private_pem(buf_span(&bytes), &key, &err), ERR_INPUT);
    assert_fails(key_load_certificate(buf_span(&bytes), &key, &err), ERR_INPUT);
}

static void a_private_key_is_no_public_key(void **state)
{
    OWNED_KEY *key = NULL, *again = NULL;
    OWNED_BUF private = BUF_OF(4096);
    OWNED_BUF public = BUF_OF(4096);
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    assert_ok(key_write_private_pem(key, &private, &err));
    key_write_public_pem(key, &public);
    assert_fails(key_load_public_pem(buf_span(&private), &again, &err), ERR_INPUT);
    assert_string_equal(err.text, "public key: PEM block is 'PRIVATE KEY', expected 'PUBLIC KEY'");
    assert_fails(key_load_private_pem(buf_span(&public), &again, &err), ERR_INPUT);
    assert_null(strstr(err.text, "-----"));
}

static void halves_that_do_not_match_are_refused(void **state)
{
    struct err err;

    (void)state;
    /* The P-256 key of RFC 9421, the last bits of its private half changed. */
    assert_fails(
        load_private_text("-----BEGIN EC PRIVATE KEY-----\n"
                          "MHcCAQEEIFKbhfNZfpDsW43+0+JjUr9K+bTeuxopu653+hBaXGA6oAoGCCqGSM49\n"
                          "AwEHoUQDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM\n"
                          "4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==\n"
                          "-----END EC PRIVATE KEY-----\n",
                          &err),
        ERR_INPUT);
    assert_non_null(strstr(err.text, "do not belong together"));
}

static void encrypted_private_keys_are_refused(void **state)
{
    OPENSSL_OWNED(EVP_PKEY) *pkey = EVP_EC_gen("P-256");
    OPENSSL_OWNED(BIO) *pkcs8 = BIO_new(BIO_s_mem());
    OPENSSL_OWNED(BIO) *legacy = BIO_new(BIO_s_mem());
    BIO *bios[] = {pkcs8, legacy};
    struct err err;

    (void)state;
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(pkcs8, pkey, EVP_aes_128_cbc(), "x", 1, NULL, NULL), 1);
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(legacy, pkey, EVP_aes_128_cbc(),
                                                          (const unsigned char *)"x", 1, NULL,
                                                          NULL),
                     1);
    for (size_t i = 0; i < COUNT_OF(bios); i++) {
        OWNED_BUF text = BUF_OF(4096);
        OWNED_KEY *key = NULL;

        openssl_add_bio(bios[i], &text);
        assert_fails(key_load_private_pem(buf_span(&text), &key, &err), ERR_INPUT);
    }
}

/* der as PEM under label. */
static void add_pem(const char *label, const uint8_t *der, int len, struct buf *out)
{
    OPENSSL_OWNED(BIO) *bio = BIO_new(BIO_s_mem());

    assert_true(PEM_write_bio(bio, label, "", der, len) > 0);
    openssl_add_bio(bio, out);
}

static void every_private_form_is_read(void **state)
{
    OPENSSL_OWNED(EVP_PKEY) *rsa = EVP_RSA_gen(2048);
    OPENSSL_OWNED(EVP_PKEY) *ec = EVP_EC_gen("P-384");
    struct {
        EVP_PKEY *pkey;
        const char *label;
    } cases[] = {{rsa, "RSA PRIVATE KEY"}, {rsa, "PRIVATE KEY"}, {ec, "EC PRIVATE KEY"}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_BUF text = BUF_OF(8192);
        OWNED_BUF longer = BUF_OF(8192);
        OWNED_KEY *key = NULL;
        uint8_t der[4096] = {0}, *at = der;
        int len = i2d_PrivateKey(cases[i].pkey, &at); /* PKCS#1 and SEC1 */
        struct err err;

        add_pem(cases[i].label, der, len, &text);
        assert_ok(key_load_private_pem(buf_span(&text), &key, &err));
        assert_true(key_is_private(key));
        assert_int_equal(EVP_PKEY_eq(key_handle(key), cases[i].pkey), 1);

        add_pem(cases[i].label, der, len + 1, &longer);
        assert_fails(key_load_private_pem(buf_span(&longer), &key, &err), ERR_INPUT);
    }
}

static void labels_bind_their_form(void **state)
{
    OPENSSL_OWNED(EVP_PKEY) *rsa = EVP_RSA_gen(2048);
    static const char *const labels[] = {"EC PRIVATE KEY", "PUBLIC KEY", "RSA PUBLIC KEY",
                                         "CERTIFICATE", "X"};
    uint8_t der[4096], *at = der;
    int len = i2d_PrivateKey(rsa, &at);
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(labels); i++) {
        OWNED_BUF text = BUF_OF(8192);
        OWNED_KEY *key = NULL;

        add_pem(labels[i], der, len, &text);
        assert_fails(key_load_private_pem(buf_span(&text), &key, &err), ERR_INPUT);
    }
}

static void errors_leave_nothing_in_openssls_queue(void **state)
{
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_fails(key_load_public_der(span_of_str("garbage"), &key, &err), ERR_INPUT);
    assert_fails(
        load_private_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", &err),
        ERR_INPUT);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_types_are_refused),
        cmocka_unit_test(restricted_rsa_keys_are_refused),
        cmocka_unit_test(short_and_giant_rsa_keys_are_refused),
        cmocka_unit_test(unusable_rsa_exponents_are_refused),
        cmocka_unit_test(unusual_forms_of_a_curve_key_are_refused),
        cmocka_unit_test(points_off_the_curve_are_refused),
        cmocka_unit_test(weak_ed25519_keys_are_refused),
        cmocka_unit_test(only_the_canonical_der_is_taken),
        cmocka_unit_test(huge_keys_are_refused_unread),
        cmocka_unit_test(a_private_key_is_no_public_key),
        cmocka_unit_test(halves_that_do_not_match_are_refused),
        cmocka_unit_test(encrypted_private_keys_are_refused),
        cmocka_unit_test(every_private_form_is_read),
        cmocka_unit_test(labels_bind_their_form),
        cmocka_unit_test(errors_leave_nothing_in_openssls_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
