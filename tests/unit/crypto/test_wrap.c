#include "tests/unit/unit.h"

#include "lib/crypto/key.h"
#include "lib/crypto/openssl.h"
#include "lib/crypto/wrap.h"

#include <openssl/rsa.h>

/* What the holder of the key reads, by OpenSSL's own means; -1 when nothing. */
static int open_oaep(const struct key *key, struct span label, struct span sealed, uint8_t *out)
{
    OPENSSL_OWNED(EVP_PKEY_CTX) *ctx = EVP_PKEY_CTX_new(key_handle(key), NULL);
    size_t len = 512;

    if (EVP_PKEY_decrypt_init(ctx) <= 0 ||
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) <= 0 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) <= 0 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) <= 0 ||
        EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_memdup(label.data, label.len),
                                         (int)label.len) <= 0 ||
        EVP_PKEY_decrypt(ctx, out, &len, sealed.data, sealed.len) <= 0)
        return -1;
    return (int)len;
}

static void oaep_wants_an_rsa_key_and_room_in_it(void **state)
{
    OWNED_KEY *rsa = NULL, *p256 = NULL;
    OWNED_BUF out = BUF_OF(4096);
    uint8_t long_text[256 - 2 * 32 - 1] = {0};
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &p256, &err));
    assert_ok(key_generate(KEY_RSA, 2048, &rsa, &err));
    assert_fails(wrap_rsa_oaep(p256, span_of_str("L"), span_of_str("x"), &out, &err), ERR_INPUT);
    assert_fails(wrap_rsa_oaep(rsa, span_of_str("L"), SPAN_OF_ARRAY(long_text), &out, &err),
                 ERR_INPUT);
    assert_int_equal(out.len, 0);
}

static void oaep_is_read_with_the_same_label_only(void **state)
{
    OWNED_KEY *rsa = NULL;
    OWNED_BUF out = BUF_OF(4096);
    uint8_t plain[512];
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_RSA, 2048, &rsa, &err));
    assert_ok(wrap_rsa_oaep(rsa, span_of_str("IDENTITY"), span_of_str("seed"), &out, &err));
    assert_int_equal(out.len, 256);
    assert_int_equal(open_oaep(rsa, span_of_str("IDENTITX"), buf_span(&out), plain), -1);
    assert_int_equal(open_oaep(rsa, span_of_str("IDENTITY"), buf_span(&out), plain), 4);
    assert_memory_equal(plain, "seed", 4);
}

/* NIST SP 800-38A, F.3.13 with its IV as the first block: CFB of a zero IV over IV ^ E(0) gives IV,
 * so what follows is the published text. */
static void cfb_is_the_published_one(void **state)
{
    static const uint8_t key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                    0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
    static const uint8_t text[16] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
                                     0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a};
    static const uint8_t cipher[16] = {0x3b, 0x3f, 0xd9, 0x2e, 0xb7, 0x2d, 0xad, 0x20,
                                       0x33, 0x34, 0x49, 0xf8, 0xe8, 0x3c, 0xfb, 0x4a};
    OWNED_BUF zero = BUF_OF(64), out = BUF_OF(64);
    uint8_t input[32] = {0};

    (void)state;
    wrap_aes_cfb(key, span_of(input, 16), &zero); /* E(0) */
    for (unsigned i = 0; i < 16; i++) {
        input[i] = zero.data[i] ^ (uint8_t)i; /* the vector's IV is 00 01 02 ... */
        input[16 + i] = text[i];
    }
    wrap_aes_cfb(key, SPAN_OF_ARRAY(input), &out);
    assert_memory_equal(out.data + 16, cipher, 16);
}

static void cfb_beyond_the_ceiling_is_told(void **state)
{
    static const uint8_t key[16];
    OWNED_BUF out = BUF_OF(3);

    (void)state;
    wrap_aes_cfb(key, span_of_str("four"), &out);
    assert_true(out.overflow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oaep_wants_an_rsa_key_and_room_in_it),
        cmocka_unit_test(oaep_is_read_with_the_same_label_only),
        cmocka_unit_test(cfb_is_the_published_one),
        cmocka_unit_test(cfb_beyond_the_ceiling_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
