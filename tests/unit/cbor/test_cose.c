#include "tests/unit/attest/vectors.h"

#include "lib/cbor/cose.h"
#include "lib/crypto/key_parts.h"

static struct span text(const char *words)
{
    return span_of_str(words);
}

static void sign_text(const struct key *key, struct buf *out)
{
    OWNED_CBOR_MAP headers = CBOR_MAP_OF(256);
    struct cose_content content = {.protected_map = &headers, .payload = text("This is it.")};
    struct err err;

    cbor_map_key_int(&headers, COSE_CONTENT_TYPE);
    cbor_add_text(&headers.items, "text/plain");
    assert_ok(cose_sign1_sign(key, &content, out, &err));
}

static int verify_bytes(struct span bytes, const struct key *key,
                        const struct cose_context *context, struct err *err)
{
    struct cose_sign1 message;

    if (cose_sign1_parse(bytes, &message, err) < 0)
        return -1;
    return cose_sign1_verify(&message, key, context, err);
}

/* A message of given header bytes, signed rightly or not. */
static void make_message(struct buf *out, struct span protected_bytes, struct span unprotected,
                         const char *payload)
{
    buf_add_u8(out, 0x84);
    cbor_add_bytes(out, protected_bytes);
    buf_add_span(out, unprotected);
    cbor_add_bytes(out, text(payload));
    cbor_add_bytes(out, text("no signature"));
}

static void every_kind_of_key_signs_and_verifies(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < KEY_TYPE_COUNT; i++) {
        OWNED_KEY *key = NULL, *other = NULL;
        OWNED_BUF bytes = BUF_OF(4096);
        struct cose_sign1 message;
        struct cbor doc;

        assert_ok(key_generate((enum key_type)i, 2048, &key, &err));
        assert_ok(key_generate((enum key_type)i, 2048, &other, &err));
        sign_text(key, &bytes);
        assert_ok(cbor_parse(buf_span(&bytes), CBOR_DETERMINISTIC, &doc, &err));
        assert_ok(cose_sign1_parse(buf_span(&bytes), &message, &err));
        assert_true(span_equal(message.payload, text("This is it.")));
        assert_true(cbor_text_is(cose_sign1_header(&message, COSE_CONTENT_TYPE), "text/plain"));
        assert_ok(cose_sign1_verify(&message, key, NULL, &err));
        assert_fails(cose_sign1_verify(&message, other, NULL, &err), ERR_UNTRUSTED);
    }
}

static void every_flipped_bit_is_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(4096);
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    sign_text(key, &bytes);
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (verify_bytes(buf_span(&bytes), key, NULL, &err) == 0)
            fail_msg("bit %zu", bit);
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_equal(verify_bytes(span_of(bytes.data, len), key, NULL, &err), -1);
    assert_ok(verify_bytes(buf_span(&bytes), key, NULL, &err));
}

static void external_data_is_signed(void **state)
{
    struct cose_content content = {.payload = text("p"), .external_aad = text("context")};
    struct cose_context context = {.external_aad = text("context")};
    OWNED_BUF bytes = BUF_OF(4096);
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_ED25519, 0, &key, &err));
    assert_ok(cose_sign1_sign(key, &content, &bytes, &err));
    assert_ok(verify_bytes(buf_span(&bytes), key, &context, &err));
    assert_fails(verify_bytes(buf_span(&bytes), key, NULL, &err), ERR_UNTRUSTED);
}

static void a_detached_payload_must_be_given(void **state)
{
    struct cose_content content = {.payload = text("elsewhere"), .detach = true};
    struct cose_context context = {.detached_payload = text("elsewhere")};
    OWNED_BUF bytes = BUF_OF(4096), attached = BUF_OF(4096);
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P384, 0, &key, &err));
    assert_ok(cose_sign1_sign(key, &content, &bytes, &err));
    assert_ok(verify_bytes(buf_span(&bytes), key, &context, &err));
    assert_fails(verify_bytes(buf_span(&bytes), key, NULL, &err), ERR_UNTRUSTED);
    context.detached_payload = text("other");
    assert_fails(verify_bytes(buf_span(&bytes), key, &context, &err), ERR_UNTRUSTED);
    content.detach = false;
    assert_ok(cose_sign1_sign(key, &content, &attached, &err));
    assert_fails(verify_bytes(buf_span(&attached), key, &context, &err), ERR_UNTRUSTED);
}

static void headers_that_are_not_understood_refuse(void **state)
{
    static const struct {
        const char *protected_hex, *unprotected_hex, *why;
    } rows[] = {
        {"a201260281187b", "a0", "not understood"},    /* crit [123] */
        {"a2012602816161", "a0", "not understood"},    /* crit ["a"] */
        {"a201260280", "a0", "no list"},               /* crit [] */
        {"a201260201", "a0", "no list"},               /* crit 1 */
        {"a201260281181821", "a0", "cose: protected"}, /* trailing byte */
        {"a20126028104", "a0", "not there"},           /* crit [kid], none */
        {"a20126028104", "a1044131", "not there"},     /* kid, not protected */
        {"a10126", "a1028104", "not protected"},       /* crit unprotected */
        {"a10126", "a10126", "both headers"},
        {"a1f526", "a0", "neither a number nor a text"},
        {"a201260127", "a0", "key twice"},
        {"80", "a0", "no map"},
        {"a10126", "80", "another kind"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF head = BUF_OF(256), open = BUF_OF(256), bytes = BUF_OF(1024);
        struct cose_sign1 message;
        struct err err;

        vector_hex(rows[i].protected_hex, &head);
        vector_hex(rows[i].unprotected_hex, &open);
        make_message(&bytes, buf_span(&head), buf_span(&open), "p");
        assert_fails(cose_sign1_parse(buf_span(&bytes), &message, &err), ERR_INPUT);
        if (strstr(err.text, rows[i].why) == NULL)
            fail_msg("row %zu: %s", i, err.text);
    }
}

static void other_messages_are_refused(void **state)
{
    static const char *const rows[] = {
        "d18443a10126a0404140", /* tag 17: MAC0 */
        "83a0a040",             /* three parts */
        "8443a10126a04000",     /* a signature that is a number */
        "8443a10126a00140",     /* a payload that is a number */
        "84a0a04040",           /* headers without their string */
        "a0",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF bytes = BUF_OF(256);
        struct cose_sign1 message;
        struct err err;

        vector_hex(rows[i], &bytes);
        assert_fails(cose_sign1_parse(buf_span(&bytes), &message, &err), ERR_INPUT);
    }
}

/* The key decides; what the message says must fit it. */
static void an_algorithm_of_another_key_is_refused(void **state)
{
    static const char *const algs[] = {"a0",     "a10127", "a1013822",    "a1013824",
                                       "a10105", "a10100", "a101634e3332"};
    OWNED_KEY *key = NULL;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        OWNED_BUF head = BUF_OF(256), bytes = BUF_OF(1024);

        vector_hex(algs[i], &head);
        make_message(&bytes, buf_span(&head), span_of("\xa0", 1), "p");
        assert_fails(verify_bytes(buf_span(&bytes), key, NULL, &err), ERR_UNTRUSTED);
        assert_non_null(strstr(err.text, "algorithm"));
    }
}

/* --- vectors of the COSE working group ------------------------------------------------------- */

static void load_jwk(const struct json *jwk, struct key **ret)
{
    OWNED_BUF x = BUF_OF(256), y = BUF_OF(256);
    const char *curve = json_get_str(jwk, "crv");
    struct err err;

    if (json_get_str(jwk, "x_hex") != NULL)
        vector_hex(json_get_str(jwk, "x_hex"), &x);
    else
        assert_ok(text_decode_base64url(span_of_str(json_get_str(jwk, "x")), &x, &err));
    if (strcmp(curve, "Ed25519") == 0) {
        assert_ok(key_from_ed25519(buf_span(&x), ret, &err));
        return;
    }
    if (json_get_str(jwk, "y_hex") != NULL)
        vector_hex(json_get_str(jwk, "y_hex"), &y);
    else
        assert_ok(text_decode_base64url(span_of_str(json_get_str(jwk, "y")), &y, &err));
    assert_ok(key_from_point(strcmp(curve, "P-256") == 0 ? KEY_P256 : KEY_P384, buf_span(&x),
                             buf_span(&y), ret, &err));
}

/* The outcome of one example: what it is signed with stands in the example itself. */
static int check_example(const struct json *example, const struct key *key, struct err *err)
{
    const struct json *signer = json_get(json_get(example, "input"), "sign0");
    const struct json *unprotected = json_get(signer, "unprotected");
    OWNED_BUF bytes = BUF_OF(64 * KIB), external = BUF_OF(1024);
    struct cose_context context = {0};

    vector_hex(json_get_str(json_get(example, "output"), "cbor"), &bytes);
    if (json_get_str(signer, "external") != NULL)
        vector_hex(json_get_str(signer, "external"), &external);
    context.external_aad = buf_span(&external);
    context.alg_unprotected = json_get_str(unprotected, "alg") != NULL;
    return verify_bytes(buf_span(&bytes), key, &context, err);
}

/* Keys of curves that we do not use. */
static bool is_foreign(const struct json *jwk)
{
    const char *curve = json_get_str(jwk, "crv");

    return curve != NULL && (strcmp(curve, "Ed448") == 0 || strcmp(curve, "P-521") == 0);
}

static struct {
    size_t signed_once, others, foreign;
} examples;

/* One signature is judged as the example says. Several signers, MACs and encryption are other
 * messages, and never taken for one signature. */
static void visit_example(const char *name)
{
    OWNED_JSON *example = vector_read_json(name);
    const struct json *jwk = json_get(json_get(json_get(example, "input"), "sign0"), "key");
    bool bad = json_get_bool(example, "fail");
    OWNED_BUF bytes = BUF_OF(64 * KIB);
    struct cose_sign1 message;
    OWNED_KEY *key = NULL;
    struct err err;

    if (jwk == NULL) {
        vector_hex(json_get_str(json_get(example, "output"), "cbor"), &bytes);
        if (cose_sign1_parse(buf_span(&bytes), &message, &err) == 0)
            fail_msg("%s was taken for a COSE_Sign1", name);
        examples.others++;
    } else if (is_foreign(jwk)) {
        assert_ok(key_generate(KEY_ED25519, 0, &key, &err));
        assert_fails(check_example(example, key, &err), ERR_UNTRUSTED);
        examples.foreign++;
    } else {
        load_jwk(jwk, &key);
        if ((check_example(example, key, &err) < 0) != bad)
            fail_msg("%s: %s", name, bad ? "accepted" : err.text);
        examples.signed_once++;
    }
}

static void the_examples_of_the_working_group_hold(void **state)
{
    OWNED(free_str) char *root = mem_printf("%s/cose", need_vectors());
    DIR *stream = opendir(root);
    struct dirent *entry;

    (void)state;
    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        OWNED(free_str) char *dir = mem_printf("cose/%s", entry->d_name);

        if (entry->d_name[0] != '.')
            (void)vector_each(dir, ".json", visit_example);
    }
    closedir(stream);
    printf("%zu examples of one signature, %zu of other messages, %zu of foreign curves\n",
           examples.signed_once, examples.others, examples.foreign);
    assert_true(examples.signed_once >= 8 && examples.others >= 20);
}

/* RFC 8392, A.3: a web token under the key of A.2.3. */
static void a_web_token_is_read(void **state)
{
    OWNED_JSON *example = (need_vectors(), vector_read_json("cose/CWT/A_3.json"));
    const struct json *signer = json_get(json_get(example, "input"), "sign0");
    OWNED_BUF bytes = BUF_OF(64 * KIB);
    struct cose_sign1 message;
    OWNED_KEY *key = NULL;
    struct cbor claims;
    int64_t expiry = 0;
    struct err err;

    (void)state;
    vector_hex(json_get_str(json_get(example, "output"), "cbor"), &bytes);
    load_jwk(json_get(signer, "key"), &key);
    assert_ok(cose_sign1_parse(buf_span(&bytes), &message, &err));
    assert_ok(cose_sign1_verify(&message, key, NULL, &err));
    assert_ok(cbor_parse(message.payload, CBOR_STRICT, &claims, &err));
    assert_true(cbor_text_is(cbor_find_int(claims, 1), "coap://as.example.com"));
    assert_true(cbor_int(cbor_find_int(claims, 4), &expiry));
    assert_int_equal(expiry, 1444064944);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_key_signs_and_verifies),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(external_data_is_signed),
        cmocka_unit_test(a_detached_payload_must_be_given),
        cmocka_unit_test(headers_that_are_not_understood_refuse),
        cmocka_unit_test(other_messages_are_refused),
        cmocka_unit_test(an_algorithm_of_another_key_is_refused),
        cmocka_unit_test(the_examples_of_the_working_group_hold),
        cmocka_unit_test(a_web_token_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
