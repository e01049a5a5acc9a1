#include "tests/unit/unit.h"

#include "lib/crypto/key_seed.h"
#include "lib/crypto/sign.h"

static void assert_ends_with(const struct key *key, const char *hex)
{
    OWNED_BUF spki = BUF_OF(1024), wanted = BUF_OF(1024);
    struct err err;

    key_write_spki(key, &spki);
    assert_ok(text_decode_hex(span_of_str(hex), &wanted, &err));
    assert_true(span_equal(span_part(buf_span(&spki), spki.len - wanted.len, wanted.len),
                           buf_span(&wanted)));
    assert_true(key_is_private(key));
}

/* RFC 8032, 7.1, test 1. */
static void an_ed25519_seed_gives_its_published_key(void **state)
{
    uint8_t seed[KEY_ED25519_SEED_SIZE];
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(text_parse_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                             seed, sizeof(seed), &err));
    assert_ok(key_from_ed25519_seed(seed, &key, &err));
    assert_ends_with(key, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}

/* RFC 6979, A.2.5 and A.2.6. */
static void a_scalar_gives_its_published_point(void **state)
{
    OWNED_BUF p256 = BUF_OF(64), p384 = BUF_OF(64);
    OWNED_KEY *short_key = NULL, *long_key = NULL;
    struct err err;

    (void)state;
    assert_ok(text_decode_hex(
        span_of_str("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"), &p256,
        &err));
    assert_ok(key_from_scalar(KEY_P256, buf_span(&p256), &short_key, &err));
    assert_ends_with(short_key, "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
    assert_ok(text_decode_hex(
        span_of_str("6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8"
                    "96d5724e4c70a825f872c9ea60d2edf5"),
        &p384, &err));
    assert_ok(key_from_scalar(KEY_P384, buf_span(&p384), &long_key, &err));
    assert_ends_with(long_key, "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
                               "def8f0ea9055866064a254515480bc13"
                               "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1"
                               "288b231c3ae0d4fe7344fd2533264720");
}

static void scalars_out_of_range_are_refused(void **state)
{
    uint8_t zero[48] = {0}, all[48];
    struct key *key = NULL;
    struct err err;

    (void)state;
    memset(all, 0xff, sizeof(all));
    assert_fails(key_from_scalar(KEY_P256, span_of(zero, 32), &key, &err), ERR_INPUT);
    assert_fails(key_from_scalar(KEY_P256, span_of(all, 32), &key, &err), ERR_INPUT);
    assert_fails(key_from_scalar(KEY_P384, span_of(all, 48), &key, &err), ERR_INPUT);
    assert_fails(key_from_scalar(KEY_P384, span_of(all, 32), &key, &err), ERR_INPUT);
    assert_fails(key_from_scalar(KEY_ED25519, span_of(all, 32), &key, &err), ERR_INPUT);
    assert_null(key);
}

static void a_computed_pair_signs(void **state)
{
    uint8_t scalar[32] = {1};
    OWNED_BUF signature = BUF_OF(256);
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_from_scalar(KEY_P256, SPAN_OF_ARRAY(scalar), &key, &err));
    assert_ok(sign_message(key, span_of_str("message"), &signature, &err));
    assert_ok(sign_verify(key, span_of_str("message"), buf_span(&signature), &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ed25519_seed_gives_its_published_key),
        cmocka_unit_test(a_scalar_gives_its_published_point),
        cmocka_unit_test(scalars_out_of_range_are_refused),
        cmocka_unit_test(a_computed_pair_signs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
