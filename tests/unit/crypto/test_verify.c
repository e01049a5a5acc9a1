#include "tests/unit/unit.h"

#include "lib/crypto/sign.h"
#include "lib/crypto/verify.h"
#include "tests/unit/crypto/foreign.h"

static const char message[] = "evidence";

struct scheme_case {
    enum key_type type;
    enum verify_scheme scheme;
    enum digest_alg digest;
    enum foreign_padding padding;
};

static const struct scheme_case cases[] = {
    {KEY_RSA, VERIFY_RSA_PKCS1, DIGEST_SHA256, FOREIGN_PKCS1},
    {KEY_RSA, VERIFY_RSA_PKCS1, DIGEST_SHA384, FOREIGN_PKCS1},
    {KEY_RSA, VERIFY_RSA_PSS, DIGEST_SHA256, FOREIGN_PSS},
    {KEY_RSA, VERIFY_RSA_PSS, DIGEST_SHA512, FOREIGN_PSS},
    {KEY_RSA, VERIFY_RSA_PSS_SALT, DIGEST_SHA256, FOREIGN_PSS_MAX},
    {KEY_RSA, VERIFY_RSA_PSS_SALT, DIGEST_SHA256, FOREIGN_PSS},
    {KEY_P256, VERIFY_ECDSA, DIGEST_SHA256, FOREIGN_NONE},
    {KEY_P256, VERIFY_ECDSA, DIGEST_SHA384, FOREIGN_NONE},
    {KEY_P384, VERIFY_ECDSA, DIGEST_SHA384, FOREIGN_NONE},
    {KEY_P384, VERIFY_ECDSA, DIGEST_SHA256, FOREIGN_NONE},
    {KEY_ED25519, VERIFY_ED25519, DIGEST_SHA512, FOREIGN_NONE},
};

static struct span text(void)
{
    return span_of_str(message);
}

static void every_scheme_verifies_its_own(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct scheme_case *row = &cases[i];
        OWNED_BUF signature = BUF_OF(1024);
        OWNED_KEY *key = NULL;

        assert_ok(key_generate(row->type, 2048, &key, &err));
        foreign_sign(key, row->digest, row->padding, text(), &signature);
        assert_ok(
            verify_signature(key, row->scheme, row->digest, text(), buf_span(&signature), &err));
        signature.data[signature.len / 2] ^= 0x10;
        assert_fails(
            verify_signature(key, row->scheme, row->digest, text(), buf_span(&signature), &err),
            ERR_UNTRUSTED);
    }
}

/* No scheme takes what another one made with the same key. */
static void schemes_do_not_take_each_others_place(void **state)
{
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_RSA, 2048, &key, &err));
    for (size_t i = 0; i < 6; i++) {
        OWNED_BUF signature = BUF_OF(1024);

        foreign_sign(key, cases[i].digest, cases[i].padding, text(), &signature);
        for (size_t n = 0; n < 6; n++) {
            bool same = cases[i].digest == cases[n].digest &&
                        (cases[i].scheme == cases[n].scheme ||
                         (cases[i].padding == FOREIGN_PSS && cases[n].padding != FOREIGN_PKCS1));
            bool good = verify_signature(key, cases[n].scheme, cases[n].digest, text(),
                                         buf_span(&signature), &err) == 0;

            if (good && !same)
                fail_msg("row %zu took the signature of row %zu", n, i);
        }
    }
}

static void keys_of_another_kind_are_refused(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < KEY_TYPE_COUNT; i++) {
        OWNED_KEY *key = NULL;
        uint8_t signature[64] = {1};

        assert_ok(key_generate((enum key_type)i, 2048, &key, &err));
        for (int scheme = 0; scheme < VERIFY_SCHEME_COUNT; scheme++)
            assert_fails(verify_signature(key, (enum verify_scheme)scheme, DIGEST_SHA256, text(),
                                          SPAN_OF_ARRAY(signature), &err),
                         ERR_UNTRUSTED);
    }
}

static void sha1_is_refused(void **state)
{
    OWNED_BUF signature = BUF_OF(1024);
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_RSA, 2048, &key, &err));
    foreign_sign(key, DIGEST_SHA1, FOREIGN_PKCS1, text(), &signature);
    assert_fails(
        verify_signature(key, VERIFY_RSA_PKCS1, DIGEST_SHA1, text(), buf_span(&signature), &err),
        ERR_UNTRUSTED);
    assert_non_null(strstr(err.text, "sha1"));
}

static void r_and_s_out_of_range_are_refused(void **state)
{
    static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    OWNED_BUF good = BUF_OF(1024);
    OWNED_KEY *key = NULL;
    uint8_t bad[64], n[32];
    struct err err;

    (void)state;
    assert_ok(text_parse_hex(order, n, sizeof(n), &err));
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    assert_ok(sign_message(key, text(), &good, &err));
    for (int half = 0; half < 2; half++) {
        memcpy(bad, good.data, sizeof(bad));
        memset(bad + 32 * half, 0, 32);
        assert_fails(
            verify_signature(key, VERIFY_ECDSA, DIGEST_SHA256, text(), SPAN_OF_ARRAY(bad), &err),
            ERR_UNTRUSTED);
        memcpy(bad + 32 * half, n, 32);
        assert_fails(
            verify_signature(key, VERIFY_ECDSA, DIGEST_SHA256, text(), SPAN_OF_ARRAY(bad), &err),
            ERR_UNTRUSTED);
    }
    memset(bad, 0, sizeof(bad));
    assert_fails(
        verify_signature(key, VERIFY_ECDSA, DIGEST_SHA256, text(), SPAN_OF_ARRAY(bad), &err),
        ERR_UNTRUSTED);
}

static void signatures_of_another_length_are_refused(void **state)
{
    OWNED_BUF good = BUF_OF(1024);
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    assert_ok(sign_message(key, text(), &good, &err));
    buf_add_u8(&good, 0);
    for (size_t len = 0; len <= good.len; len++)
        if (len != 64)
            assert_fails(verify_signature(key, VERIFY_ECDSA, DIGEST_SHA256, text(),
                                          span_of(good.data, len), &err),
                         ERR_UNTRUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scheme_verifies_its_own),
        cmocka_unit_test(schemes_do_not_take_each_others_place),
        cmocka_unit_test(keys_of_another_kind_are_refused),
        cmocka_unit_test(sha1_is_refused),
        cmocka_unit_test(r_and_s_out_of_range_are_refused),
        cmocka_unit_test(signatures_of_another_length_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
