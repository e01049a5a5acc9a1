#include "tests/unit/unit.h"

#include "lib/attest/evidence/jws.h"
#include "tests/unit/crypto/foreign.h"

/* A message of this header and payload, both text, signed with the key as the algorithm says. */
static void make(struct buf *out, const char *header, const char *payload, const struct key *key,
                 enum digest_alg digest, enum foreign_padding padding)
{
    OWNED_BUF signature = BUF_OF(1024);

    buf_reset(out);
    text_encode_base64url(span_of_str(header), out);
    buf_add_str(out, ".");
    text_encode_base64url(span_of_str(payload), out);
    if (key != NULL)
        foreign_sign(key, digest, padding, buf_span(out), &signature);
    buf_add_str(out, ".");
    text_encode_base64url(buf_span(&signature), out);
}

static struct key *rsa, *p256;

static int make_keys(void **state)
{
    struct err err;

    (void)state;
    return key_generate(KEY_RSA, 2048, &rsa, &err) | key_generate(KEY_P256, 0, &p256, &err);
}

static int free_keys(void **state)
{
    (void)state;
    key_free(rsa);
    key_free(p256);
    return 0;
}

static int parse_header(const char *header, struct err *err)
{
    OWNED_BUF text = BUF_OF(8 * KIB);
    OWNED_JWS jws = {0};

    make(&text, header, "{}", NULL, DIGEST_SHA256, FOREIGN_NONE);
    return jws_parse(buf_span(&text), &jws, err);
}

static void headers_that_choose_for_themselves_are_refused(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"None\"}",
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"HS512\"}",
        "{\"alg\":\"ES512\"}",
        "{\"alg\":\"\"}",
        "{\"alg\":1}",
        "{\"alg\":[\"RS256\"]}",
        "{}",
        "[]",
        "\"RS256\"",
        "{\"alg\":\"RS256\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"RS256\",\"b64\":false}",
        "{\"alg\":\"RS256\",\"zip\":\"DEF\"}",
        "{\"alg\":\"RS256\",\"jwk\":{}}",
        "{\"alg\":\"RS256\",\"x5u\":\"https://attacker\"}",
        "{\"alg\":\"RS256\",\"enc\":\"A256GCM\"}",
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        if (parse_header(headers[i], &err) == 0 || err.kind != ERR_INPUT)
            fail_msg("%s", headers[i]);
    assert_int_equal(parse_header("{\"alg\":\"none\",\"alg\":\"RS256\"}", &err), -1);
    assert_int_equal(parse_header("{\"alg\":\"RS256\\u0000\"}", &err), -1);
    assert_int_equal(parse_header("{\"alg\":\"RS256\"} ", &err), 0);
    assert_int_equal(parse_header("{\"alg\":\"RS256\"}x", &err), -1);
}

static void malformed_messages_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        ".",
        "..",
        "e30",
        "e30.e30",
        "eyJhbGciOiJSUzI1NiJ9.e30.x=", /* padding */
        "eyJhbGciOiJSUzI1NiJ9.e30.AB", /* stray bits */
        "eyJhbGciOiJSUzI1NiJ9.e3 0.AA",
        "eyJhbGciOiJSUzI1NiJ9.e30.AA.AA", /* a fourth part */
        "eyJhbGciOiJSUzI1NiJ9.e30.AA \n",
        "eyJhbGciOiJSUzI1NiJ9.e30.AA\n\n",
        "eyJhbGciOiJSUzI1NiJ9.e3+/.AA",
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        OWNED_JWS jws = {0};

        if (jws_parse(span_of_str(texts[i]), &jws, &err) == 0)
            fail_msg("'%s' was taken", texts[i]);
    }
    {
        OWNED_JWS jws = {0};
        static const char nul[] = "eyJhbGciOiJSUzI1NiJ9.e30.AA\0x";

        assert_int_equal(jws_parse(span_of(nul, sizeof(nul) - 1), &jws, &err), -1);
    }
}

static void one_line_break_may_follow(void **state)
{
    OWNED_JWS jws = {0};
    struct err err;

    (void)state;
    assert_ok(jws_parse(span_of_str("eyJhbGciOiJSUzI1NiJ9.e30.AA\r\n"), &jws, &err));
    assert_int_equal(jws.signature.len, 1);
}

static void verify_with(const struct buf *text, const struct key *key, enum jws_alg alg, bool good)
{
    OWNED_JWS jws = {0};
    struct err err;

    assert_ok(jws_parse(buf_span(text), &jws, &err));
    if (good)
        assert_ok(jws_verify(&jws, key, alg, &err));
    else
        assert_fails(jws_verify(&jws, key, alg, &err), ERR_UNTRUSTED);
}

/* Each key goes with one algorithm, whatever the message says. */
static void the_key_decides_the_algorithm(void **state)
{
    OWNED_BUF text = BUF_OF(8 * KIB);

    (void)state;
    make(&text, "{\"alg\":\"RS256\"}", "{}", rsa, DIGEST_SHA256, FOREIGN_PKCS1);
    verify_with(&text, rsa, JWS_RS256, true);
    verify_with(&text, rsa, JWS_PS256, false);
    verify_with(&text, p256, JWS_ES256, false);
    verify_with(&text, p256, JWS_RS256, false);
    make(&text, "{\"alg\":\"PS256\"}", "{}", rsa, DIGEST_SHA256, FOREIGN_PKCS1);
    verify_with(&text, rsa, JWS_PS256, false);
    make(&text, "{\"alg\":\"RS384\"}", "{}", rsa, DIGEST_SHA384, FOREIGN_PKCS1);
    verify_with(&text, rsa, JWS_RS384, true);
    verify_with(&text, rsa, jws_alg_of(rsa), false);
    make(&text, "{\"alg\":\"ES256\"}", "{}", p256, DIGEST_SHA256, FOREIGN_NONE);
    verify_with(&text, p256, JWS_ES256, true);
    verify_with(&text, rsa, JWS_RS256, false);
}

static void what_is_signed_verifies_and_no_bit_of_it_changes(void **state)
{
    static const enum key_type types[] = {KEY_P256, KEY_P384, KEY_ED25519};
    OWNED_JSON *payload = json_new_object();
    struct err err;

    (void)state;
    json_set_str(payload, "iss", "us");
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        OWNED_BUF text = BUF_OF(8 * KIB);
        OWNED_KEY *key = NULL;

        assert_ok(key_generate(types[i], 0, &key, &err));
        assert_ok(jws_sign(payload, "JWT", key, &text, &err));
        assert_true(jws_detect(buf_span(&text)));
        verify_with(&text, key, jws_alg_of(key), true);
        for (size_t at = 0; at < text.len; at++) {
            OWNED_JWS jws = {0};

            text.data[at] ^= 1;
            if (jws_parse(buf_span(&text), &jws, &err) == 0 &&
                jws_verify(&jws, key, jws_alg_of(key), &err) == 0)
                fail_msg("byte %zu may be changed", at);
            text.data[at] ^= 1;
        }
    }
    {
        OWNED_BUF text = BUF_OF(8 * KIB);

        assert_fails(jws_sign(payload, "JWT", rsa, &text, &err), ERR_INPUT);
    }
}

static void where_a_key_could_be_fetched_is_noticed(void **state)
{
    OWNED_BUF text = BUF_OF(8 * KIB);
    OWNED_JWS jws = {0};
    struct err err;

    (void)state;
    make(&text, "{\"alg\":\"RS256\",\"jku\":\"https://attacker\"}", "{}", rsa, DIGEST_SHA256,
         FOREIGN_PKCS1);
    assert_ok(jws_parse(buf_span(&text), &jws, &err));
    assert_true(jws.names_source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_that_choose_for_themselves_are_refused),
        cmocka_unit_test(malformed_messages_are_refused),
        cmocka_unit_test(one_line_break_may_follow),
        cmocka_unit_test(the_key_decides_the_algorithm),
        cmocka_unit_test(what_is_signed_verifies_and_no_bit_of_it_changes),
        cmocka_unit_test(where_a_key_could_be_fetched_is_noticed),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
