#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/jwk.h"

#define POINT "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define OTHER "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"

static int parse(const char *text, enum jws_alg *alg)
{
    OWNED_KEY *key = NULL;
    struct err err;

    return jwk_parse(span_of_str(text), &key, alg, &err);
}

static void what_is_no_public_key_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" POINT "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" POINT "\",\"y\":\"" POINT "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" POINT "\",\"y\":\"" OTHER "\",\"d\":\"AAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" POINT "\",\"y\":\"" OTHER
        "\",\"alg\":\"RS256\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" POINT "\",\"y\":\"" OTHER "\",\"alg\":7}",
        "{\"kty\":\"RSA\",\"n\":\"AAAA\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"A AA\",\"e\":\"AQAB\"}",
    };
    enum jws_alg alg;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (parse(texts[i], &alg) == 0)
            fail_msg("%s", texts[i]);
}

/* RFC 7517, appendix A.1. */
static void the_published_key_is_read(void **state)
{
    enum jws_alg alg;

    (void)state;
    assert_int_equal(parse("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" POINT "\",\"y\":\"" OTHER
                           "\",\"use\":\"enc\",\"kid\":\"1\"}",
                           &alg),
                     0);
    assert_int_equal(alg, JWS_ES256);
}

static void check_file(const char *name)
{
    OWNED_BUF text = BUF_OF(64 * KIB);
    OWNED_KEY *key = NULL;
    enum jws_alg alg;
    struct err err;

    vector_read(name, &text);
    assert_ok(jwk_parse(buf_span(&text), &key, &alg, &err));
    assert_int_equal(alg, JWS_RS256);
    assert_int_equal(key_type_of(key), KEY_RSA);
}

static void keys_of_others_are_read(void **state)
{
    (void)state;
    (void)need_vectors();
    assert_true(vector_each("jwt/trustee-kbs-jwk", "-jwk.json", check_file) >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_public_key_is_refused),
        cmocka_unit_test(the_published_key_is_read),
        cmocka_unit_test(keys_of_others_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
