#include "tests/unit/unit.h"

#include "lib/crypto/sign.h"

/* RFC 9421, appendix B.1. */
#define RFC_ED25519_PRIVATE                                                                        \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n"                           \
    "-----END PRIVATE KEY-----\n"
#define RFC_P256_PRIVATE                                                                           \
    "-----BEGIN EC PRIVATE KEY-----\n"                                                             \
    "MHcCAQEEIFKbhfNZfpDsW43+0+JjUr9K+bTeuxopu653+hBaXGA7oAoGCCqGSM49\n"                           \
    "AwEHoUQDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM\n"                           \
    "4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==\n"                                                       \
    "-----END EC PRIVATE KEY-----\n"
#define RFC_RSA_PUBLIC                                                                             \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2\n"                           \
    "+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+\n"                           \
    "oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq\n"                           \
    "gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W\n"                           \
    "Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4\n"                           \
    "aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI\n"                           \
    "2wIDAQAB\n"                                                                                   \
    "-----END PUBLIC KEY-----\n"

static struct key *generated(enum key_type type)
{
    struct key *key = NULL;
    struct err err;

    assert_ok(key_generate(type, 2048, &key, &err));
    return key;
}

static int verify_base64(const struct key *key, const char *message, const char *signature,
                         struct err *err)
{
    OWNED_BUF bytes = BUF_OF(1024);

    if (text_decode_base64(span_of_str(signature), &bytes, err) < 0)
        return -1;
    return sign_verify(key, span_of_str(message), buf_span(&bytes), err);
}

static void any_changed_bit_is_refused(void **state)
{
    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        OWNED_KEY *key = generated((enum key_type)type);
        OWNED_BUF signature = BUF_OF(1024);
        struct span message = span_of_str("hello");
        struct err err;

        assert_ok(sign_message(key, message, &signature, &err));
        assert_ok(sign_verify(key, message, buf_span(&signature), &err));
        assert_fails(sign_verify(key, span_of_str("hellp"), buf_span(&signature), &err),
                     ERR_UNTRUSTED);
        for (size_t i = 0; i < signature.len; i++) {
            signature.data[i] ^= 1;
            assert_fails(sign_verify(key, message, buf_span(&signature), &err), ERR_UNTRUSTED);
            signature.data[i] ^= 1;
        }
    }
}

static void any_other_length_is_refused(void **state)
{
    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        OWNED_KEY *key = generated((enum key_type)type);
        OWNED_BUF signature = BUF_OF(1024);
        struct span message = span_of_str("hello");
        struct err err;

        assert_ok(sign_message(key, message, &signature, &err));
        for (size_t len = 0; len < signature.len; len++)
            assert_fails(sign_verify(key, message, span_of(signature.data, len), &err),
                         ERR_UNTRUSTED);
        buf_add_u8(&signature, 0);
        assert_fails(sign_verify(key, message, buf_span(&signature), &err), ERR_UNTRUSTED);
        assert_fails(sign_verify(key, message, span_of(NULL, 0), &err), ERR_UNTRUSTED);
    }
}

static void another_key_is_refused(void **state)
{
    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        OWNED_KEY *key = generated((enum key_type)type);
        OWNED_BUF signature = BUF_OF(1024);
        struct err err;

        assert_ok(sign_message(key, span_of_str("hello"), &signature, &err));
        for (int other = 0; other < KEY_TYPE_COUNT; other++) {
            OWNED_KEY *stranger = generated((enum key_type)other);

            assert_fails(sign_verify(stranger, span_of_str("hello"), buf_span(&signature), &err),
                         ERR_UNTRUSTED);
        }
    }
}

static void zero_halves_are_refused(void **state)
{
    static const uint8_t zeros[96];
    OWNED_KEY *p256 = generated(KEY_P256);
    OWNED_KEY *p384 = generated(KEY_P384);
    struct err err;

    (void)state;
    assert_fails(sign_verify(p256, span_of_str("x"), span_of(zeros, 64), &err), ERR_UNTRUSTED);
    assert_fails(sign_verify(p384, span_of_str("x"), span_of(zeros, 96), &err), ERR_UNTRUSTED);
}

static void a_public_key_cannot_sign(void **state)
{
    OWNED_KEY *key = NULL;
    OWNED_BUF out = BUF_OF(1024);
    struct err err;

    (void)state;
    assert_ok(key_load_public_pem(span_of_str(RFC_RSA_PUBLIC), &key, &err));
    assert_fails(sign_message(key, span_of_str("x"), &out, &err), ERR_INPUT);
    assert_int_equal(out.len, 0);
}

static void signatures_have_the_length_of_the_rfc(void **state)
{
    static const size_t lengths[] = {
        [KEY_RSA] = 256, [KEY_P256] = 64, [KEY_P384] = 96, [KEY_ED25519] = 64};

    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        OWNED_KEY *key = generated((enum key_type)type);
        struct err err;

        for (int i = 0; i < 20; i++) {
            OWNED_BUF out = BUF_OF(1024);

            assert_ok(sign_message(key, span_of(NULL, 0), &out, &err));
            assert_int_equal(out.len, lengths[type]);
            assert_ok(sign_verify(key, span_of(NULL, 0), buf_span(&out), &err));
        }
        assert_int_equal(sign_alg_of(key), type);
    }
    assert_string_equal(sign_alg_names[SIGN_RSA_PSS_SHA512], "rsa-pss-sha512");
    assert_string_equal(sign_alg_names[SIGN_ED25519], "ed25519");
    assert_null(sign_alg_names[SIGN_ALG_COUNT]);
}

static void a_full_buffer_is_an_error(void **state)
{
    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        OWNED_KEY *key = generated((enum key_type)type);
        OWNED_BUF out = BUF_OF(63);
        struct err err;

        assert_fails(sign_message(key, span_of_str("x"), &out, &err), ERR_TOO_LARGE);
    }
}

/* RFC 9421, appendix B.2.6. Ed25519 signatures are deterministic. */
static void ed25519_makes_the_signature_of_the_rfc(void **state)
{
    static const char message[] =
        "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n"
        "\"@authority\": example.com\n\"content-type\": application/json\n"
        "\"content-length\": 18\n\"@signature-params\": (\"date\" \"@method\" \"@path\" "
        "\"@authority\" \"content-type\" \"content-length\");created=1618884473;"
        "keyid=\"test-key-ed25519\"";
    OWNED_BUF signature = BUF_OF(1024);
    OWNED_BUF text = BUF_OF(1024);
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_load_private_pem(span_of_str(RFC_ED25519_PRIVATE), &key, &err));
    assert_ok(sign_message(key, span_of_str(message), &signature, &err));
    text_encode_base64(buf_span(&signature), &text);
    assert_string_equal(buf_str(&text), "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9ED"
                                        "gwUPiu4A0w6vuQv5lIp5WPpBKRCw==");
}

/* Appendix B.2.4. */
static void p256_accepts_the_signature_of_the_rfc(void **state)
{
    static const char message[] =
        "\"@status\": 200\n\"content-type\": application/json\n\"content-digest\": "
        "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5"
        "aGgfLQ==:\n\"content-length\": 23\n\"@signature-params\": (\"@status\" \"content-type\" "
        "\"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-ecc-p256\"";
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_load_private_pem(span_of_str(RFC_P256_PRIVATE), &key, &err));
    assert_ok(verify_base64(key, message,
                            "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCd"
                            "lYUEkLIj+32oiasw==",
                            &err));
}

/* Appendix B.2.1. */
static void rsa_pss_accepts_the_signature_of_the_rfc(void **state)
{
    static const char message[] = "\"@signature-params\": ();created=1618884473;"
                                  "keyid=\"test-key-rsa-pss\";nonce=\"b3k2pp5k7z-50gnwp.yemd\"";
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_load_public_pem(span_of_str(RFC_RSA_PUBLIC), &key, &err));
    assert_ok(verify_base64(
        key, message,
        "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf"
        "8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2Vj"
        "BqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAn"
        "LH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==",
        &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_changed_bit_is_refused),
        cmocka_unit_test(any_other_length_is_refused),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(zero_halves_are_refused),
        cmocka_unit_test(a_public_key_cannot_sign),
        cmocka_unit_test(signatures_have_the_length_of_the_rfc),
        cmocka_unit_test(a_full_buffer_is_an_error),
        cmocka_unit_test(ed25519_makes_the_signature_of_the_rfc),
        cmocka_unit_test(p256_accepts_the_signature_of_the_rfc),
        cmocka_unit_test(rsa_pss_accepts_the_signature_of_the_rfc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
