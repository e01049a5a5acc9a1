#include "tests/unit/attest/vectors.h"

#include "lib/attest/reference/corim_rules.h"
#include "lib/attest/reference/corim_write.h"
#include "lib/crypto/key_parts.h"

#define FOREVER ((struct corim_period){INT64_MIN, INT64_MAX})

static const uint8_t uuid[CORIM_UUID_SIZE] = {1, 2, 3};
static const struct corim_class class = {uuid, "ACME", "RoadRunner"};

/* --- our own --- */

static void make(struct corim_period validity, struct buf *out)
{
    OWNED_CORIM_DRAFT draft = CORIM_DRAFT_NEW;
    OWNED_CBOR_MAP values = CBOR_MAP_OF(256);
    const struct corim_about about = {"urn:example:profile", validity};
    struct err err;

    cbor_map_key_int(&values, VALUE_NAME);
    cbor_add_text(&values.items, "value");
    assert_ok(corim_draft_add(&draft, &class, "key", &values, &err));
    assert_ok(corim_write(&draft, &about, out, &err));
}

static void sign(const struct key *key, struct corim_period validity, struct buf *out)
{
    const struct corim_signer signer = {"ACME signing key", validity};
    OWNED_BUF plain = BUF_OF(CORIM_MAX);
    struct err err;

    make(FOREVER, &plain);
    assert_ok(corim_sign(buf_span(&plain), key, &signer, out, &err));
}

static void nothing_to_say_is_no_corim(void **state)
{
    OWNED_CORIM_DRAFT draft = CORIM_DRAFT_NEW;
    OWNED_BUF out = BUF_OF(1024);
    struct err err;

    (void)state;
    assert_fails(corim_write(&draft, &(struct corim_about){NULL, FOREVER}, &out, &err), ERR_INPUT);
}

static void a_corim_that_does_not_fit_is_refused(void **state)
{
    OWNED_CORIM_DRAFT draft = {.triples = BUF_OF(40)};
    OWNED_CBOR_MAP values = CBOR_MAP_OF(256);
    struct err err;

    (void)state;
    cbor_map_key_int(&values, VALUE_NAME);
    cbor_add_text(&values.items, "a value that takes more than what is left");
    assert_fails(corim_draft_add(&draft, &class, "key", &values, &err), ERR_TOO_LARGE);
}

static int see_reference(void *to, const struct corim_reference *reference, struct err *err)
{
    struct cbor class_map = cbor_find_int(reference->environment, ENVIRONMENT_CLASS);

    (void)err;
    assert_true(cbor_text_is(reference->key, "key"));
    assert_true(cbor_text_is(cbor_find_int(reference->values, VALUE_NAME), "value"));
    assert_true(cbor_text_is(cbor_find_int(class_map, CLASS_MODEL), "RoadRunner"));
    assert_false(reference->restricted);
    assert_true(reference->offset > 0);
    ++*(int *)to;
    return 0;
}

static int stop(void *to, const struct corim_reference *reference, struct err *err)
{
    (void)to, (void)reference;
    return err_set(err, ERR_STATE, "enough");
}

static void what_was_written_is_read(void **state)
{
    OWNED_BUF bytes = BUF_OF(CORIM_MAX), again = BUF_OF(CORIM_MAX);
    struct corim corim;
    struct cbor doc;
    struct err err;
    int count = 0;

    (void)state;
    make((struct corim_period){1000, 2000}, &bytes);
    make((struct corim_period){1000, 2000}, &again);
    assert_true(span_equal(buf_span(&bytes), buf_span(&again)));
    assert_ok(cbor_parse(buf_span(&bytes), CBOR_DETERMINISTIC, &doc, &err));
    assert_ok(corim_parse(buf_span(&bytes), &corim, &err));
    assert_false(corim.is_signed);
    assert_true(corim_profile_is(&corim, "urn:example:profile"));
    assert_false(corim_profile_is(&corim, "urn:example:other"));
    assert_int_equal(corim.id.kind, CBOR_BYTES);
    assert_int_equal(corim.extensions, 0);
    assert_ok(corim_each_reference(&corim, see_reference, &count, &err));
    assert_int_equal(count, 1);
    assert_fails(corim_each_reference(&corim, stop, NULL, &err), ERR_STATE);
    assert_ok(corim_check_time(&corim, 1000, &err));
    assert_ok(corim_check_time(&corim, 2000, &err));
    assert_fails(corim_check_time(&corim, 999, &err), ERR_UNTRUSTED);
    assert_fails(corim_check_time(&corim, 2001, &err), ERR_UNTRUSTED);
}

static void only_the_signers_key_verifies(void **state)
{
    static const enum key_type types[] = {KEY_P256, KEY_P384};
    struct corim corim;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        OWNED_KEY *key = NULL, *other = NULL;
        OWNED_BUF bytes = BUF_OF(CORIM_MAX);

        assert_ok(key_generate(types[i], 0, &key, &err));
        assert_ok(key_generate(types[i], 0, &other, &err));
        sign(key, (struct corim_period){INT64_MIN, 5000}, &bytes);
        assert_ok(corim_parse(buf_span(&bytes), &corim, &err));
        assert_true(corim.is_signed);
        assert_true(span_equal(corim.signer, span_of_str("ACME signing key")));
        assert_ok(corim_verify(&corim, key, &err));
        assert_fails(corim_verify(&corim, other, &err), ERR_UNTRUSTED);
        assert_ok(corim_check_time(&corim, 5000, &err));
        assert_fails(corim_check_time(&corim, 5001, &err), ERR_UNTRUSTED);
    }
}

static void every_flipped_bit_of_a_signed_one_is_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(CORIM_MAX);
    OWNED_KEY *key = NULL;
    struct corim corim;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    sign(key, FOREVER, &bytes);
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (corim_parse(buf_span(&bytes), &corim, &err) == 0 &&
            corim_verify(&corim, key, &err) == 0)
            fail_msg("bit %zu", bit);
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void what_cannot_be_signed_is_not(void **state)
{
    static const enum key_type types[] = {KEY_RSA, KEY_ED25519};
    const struct corim_signer signer = {"ACME", FOREVER};
    OWNED_BUF plain = BUF_OF(CORIM_MAX), once = BUF_OF(CORIM_MAX), out = BUF_OF(CORIM_MAX);
    OWNED_KEY *key = NULL, *public_key = NULL;
    OWNED_BUF spki = BUF_OF(1024);
    struct corim corim;
    struct err err;

    (void)state;
    make(FOREVER, &plain);
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        OWNED_KEY *odd = NULL;

        assert_ok(key_generate(types[i], 2048, &odd, &err));
        assert_fails(corim_sign(buf_span(&plain), odd, &signer, &out, &err), ERR_INPUT);
    }
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    key_write_spki(key, &spki);
    assert_ok(key_load_public_der(buf_span(&spki), &public_key, &err));
    assert_fails(corim_sign(buf_span(&plain), public_key, &signer, &out, &err), ERR_INPUT);
    assert_fails(corim_sign(span_of_str("{}"), key, &signer, &out, &err), ERR_INPUT);
    assert_ok(corim_sign(buf_span(&plain), key, &signer, &once, &err));
    assert_fails(corim_sign(buf_span(&once), key, &signer, &out, &err), ERR_INPUT);
    assert_ok(corim_parse(buf_span(&plain), &corim, &err));
    assert_fails(corim_verify(&corim, key, &err), ERR_UNTRUSTED);
}

/* --- malformed ones --- */

/* A COSE_Sign1 of the given protected headers over the given content. */
static void wrap(struct cbor_map *headers, struct span payload, bool detach, struct buf *out)
{
    OWNED_KEY *key = NULL;
    struct err err;

    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    assert_ok(cose_sign1_sign(
        key, &(struct cose_content){.protected_map = headers, .payload = payload, .detach = detach},
        out, &err));
}

static void assert_refused(struct span bytes, const char *says)
{
    struct corim corim;
    struct err err;

    assert_fails(corim_parse(bytes, &corim, &err), ERR_INPUT);
    if (strstr(err.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, says);
}

static void envelopes_that_are_not_of_a_corim_are_refused(void **state)
{
    static const struct {
        const char *type, *meta;
        bool detach;
        const char *says;
    } cases[] = {
        {NULL,
         "a100a10061"
         "61",
         false, "content type"},
        {"application/cbor",
         "a100a10061"
         "61",
         false, "content type"},
        {CORIM_CONTENT_TYPE, NULL, false, "does not say who signed"},
        {CORIM_CONTENT_TYPE, "a0", false, "corim-meta"},
        {CORIM_CONTENT_TYPE, "a100a1006161a1", false, "corim-meta"},
        {CORIM_CONTENT_TYPE,
         "a100a10061"
         "61",
         true, "elsewhere"},
    };
    OWNED_BUF plain = BUF_OF(CORIM_MAX);
    struct err err;

    (void)state;
    make(FOREVER, &plain);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_CBOR_MAP headers = CBOR_MAP_OF(1024);
        OWNED_BUF meta = BUF_OF(256), bytes = BUF_OF(CORIM_MAX);

        if (cases[i].type != NULL) {
            cbor_map_key_int(&headers, COSE_CONTENT_TYPE);
            cbor_add_text(&headers.items, cases[i].type);
        }
        if (cases[i].meta != NULL) {
            assert_ok(text_decode_hex(span_of_str(cases[i].meta), &meta, &err));
            cbor_map_key_int(&headers, CORIM_HEADER_META);
            cbor_add_bytes(&headers.items, buf_span(&meta));
        }
        wrap(&headers, buf_span(&plain), cases[i].detach, &bytes);
        assert_refused(buf_span(&bytes), cases[i].says);
    }
}

static void a_signers_cwt_claims_do_instead_of_the_meta(void **state)
{
    OWNED_CBOR_MAP headers = CBOR_MAP_OF(1024);
    OWNED_BUF plain = BUF_OF(CORIM_MAX), bytes = BUF_OF(CORIM_MAX);
    struct corim corim;
    struct err err;

    (void)state;
    make(FOREVER, &plain);
    cbor_map_key_int(&headers, COSE_CONTENT_TYPE);
    cbor_add_text(&headers.items, CORIM_CONTENT_TYPE);
    cbor_map_key_int(&headers, CORIM_HEADER_CWT);
    buf_add(&headers.items, "\xa1\x01\x61\x61", 4); /* {1: "a"}, the issuer */
    wrap(&headers, buf_span(&plain), false, &bytes);
    assert_ok(corim_parse(buf_span(&bytes), &corim, &err));
    assert_int_equal(corim.signer.len, 0);
}

static const struct {
    const char *hex, *says;
} malformed[] = {
    {"", "corim: cbor:"},
    {"a0", "byte 0: expected tag 501"},
    {"d901f6a0", "byte 0: expected tag 501"},
    {"d901f5a0", "byte 3: expected a CoRIM"},
    {"d901f5a1006161", "has no tags"},
    {"d901f5a200616101"
     "80",
     "byte 8: expected a list of tags"},
    {"d901f5a200616101"
     "81d901f9"
     "4100",
     NULL},
    {"d901f5a200616101"
     "81d901fa"
     "4100",
     "expected a CoMID"},
    {"d901f5a200616101"
     "81d901fa"
     "4180",
     "byte 13: expected a CoMID"},
    {"d901f5a200616101"
     "81d901fb"
     "4180",
     "byte 9: expected a CoMID, CoSWID or CoTL"},
    {"d901f5a300616101"
     "81d901f94100"
     "0600",
     "byte 14: a key that a CoRIM does not have"},
    {"d901f5a300616101"
     "81d901f94100"
     "2000",
     NULL},
    {"d901f5a300616101"
     "81d901f94100"
     "0300",
     "expected a profile"},
    {"d901f5a300616101"
     "81d901f94100"
     "04a100c100",
     "a validity has no not-after"},
    {"d901f5a300616101"
     "81d901f94100"
     "04a101c1fb3ff0000000000000",
     "expected a number"},
    {"d901f5a20043010203"
     "0181d901f94100",
     "byte 5: expected a UUID"},
};

static void malformed_documents_name_their_byte(void **state)
{
    struct corim corim;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        OWNED_BUF bytes = BUF_OF(256);

        assert_ok(text_decode_hex(span_of_str(malformed[i].hex), &bytes, &err));
        if (malformed[i].says != NULL)
            assert_refused(buf_span(&bytes), malformed[i].says);
        else
            assert_ok(corim_parse(buf_span(&bytes), &corim, &err));
    }
}

static void a_faulty_content_of_a_signed_one_names_its_byte(void **state)
{
    OWNED_CBOR_MAP headers = CBOR_MAP_OF(1024);
    OWNED_BUF bytes = BUF_OF(CORIM_MAX);

    (void)state;
    cbor_map_key_int(&headers, COSE_CONTENT_TYPE);
    cbor_add_text(&headers.items, CORIM_CONTENT_TYPE);
    cbor_map_key_int(&headers, CORIM_HEADER_META);
    buf_add(&headers.items, "\x46\xa1\x00\xa1\x00\x61\x61", 7);
    wrap(&headers, span_of_str("\xd9\x01\xf5\x01"), false, &bytes);
    assert_refused(buf_span(&bytes), "the content at byte");
    assert_refused(buf_span(&bytes), "byte 3: expected a CoRIM");
}

/* --- other tools' --- */

static size_t reference_count;

static int count_reference(void *to, const struct corim_reference *reference, struct err *err)
{
    (void)to, (void)err;
    assert_int_equal(reference->values.kind, CBOR_MAP);
    assert_int_equal(reference->environment.kind, CBOR_MAP);
    reference_count++;
    return 0;
}

static void parse_corim(const char *name)
{
    struct span bytes = vectors_read(name);
    struct corim corim;
    struct err err;

    if (corim_parse(bytes, &corim, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    assert_ok(corim_each_reference(&corim, count_reference, NULL, &err));
    assert_int_equal(corim.is_signed, strstr(name, "/signed-") != NULL);
    assert_int_equal(corim.extensions > 0,
                     strstr(name, "extensions") != NULL || strstr(name, "example") != NULL);
    for (size_t len = 0; len < bytes.len; len++)
        assert_fails(corim_parse(span_of(bytes.data, len), &corim, &err), ERR_INPUT);
}

static void parse_comid(const char *name)
{
    struct span bytes = vectors_read(name);
    struct cbor doc;
    struct err err;

    assert_ok(cbor_parse(bytes, CBOR_STRICT, &doc, &err));
    if (cbor_check(doc, &comid_rule, NULL, &err) < 0)
        fail_msg("%s: %s", name, err.text);
}

static void every_corim_of_the_vectors_parses(void **state)
{
    (void)state;
    reference_count = 0;
    assert_int_equal(vector_each("corim/corim-testcases/testcases", ".cbor", parse_corim), 11);
    /* 1, 3, 4, 2 and 1 in the five of the draft, 3 in each of the six of the library */
    assert_int_equal(reference_count, 11 + 6 * 3);
    vectors_done();
}

static void every_comid_of_the_vectors_fits_the_grammar(void **state)
{
    (void)state;
    assert_int_equal(vector_each("corim/comid-testcases/testcases", ".cbor", parse_comid), 15);
    vectors_done();
}

/* The key of the vectors' own source, ec-p256.jwk. */
static void signed_corims_of_the_vectors_verify(void **state)
{
    static const char *const names[] = {"signed-good-corim", "signed-example-corim",
                                        "signed-corim-with-extensions"};
    OWNED_JSON *jwk = vector_read_json("corim/corim-testcases/testcases/src/ec-p256.jwk");
    OWNED_BUF x = BUF_OF(32), y = BUF_OF(32);
    OWNED_KEY *key = NULL;
    struct corim corim;
    struct err err;

    (void)state;
    assert_ok(text_decode_base64url(span_of_str(json_get_str(jwk, "x")), &x, &err));
    assert_ok(text_decode_base64url(span_of_str(json_get_str(jwk, "y")), &y, &err));
    assert_ok(key_from_point(KEY_P256, buf_span(&x), buf_span(&y), &key, &err));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWNED(free_str)
        char *name = mem_printf("corim/corim-testcases/testcases/%s.cbor", names[i]);

        assert_ok(corim_parse(vectors_read(name), &corim, &err));
        assert_true(span_equal(corim.signer, span_of_str("ACME Ltd signing key")));
        assert_ok(corim_verify(&corim, key, &err));
        assert_ok(corim_check_time(&corim, vectors_time("2025-06-01T00:00:00Z"), &err));
        assert_fails(corim_check_time(&corim, vectors_time("2026-06-01T00:00:00Z"), &err),
                     ERR_UNTRUSTED);
    }
    vectors_done();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_say_is_no_corim),
        cmocka_unit_test(a_corim_that_does_not_fit_is_refused),
        cmocka_unit_test(malformed_documents_name_their_byte),
        cmocka_unit_test(envelopes_that_are_not_of_a_corim_are_refused),
        cmocka_unit_test(a_faulty_content_of_a_signed_one_names_its_byte),
        cmocka_unit_test(a_signers_cwt_claims_do_instead_of_the_meta),
        cmocka_unit_test(what_cannot_be_signed_is_not),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(only_the_signers_key_verifies),
        cmocka_unit_test(every_flipped_bit_of_a_signed_one_is_refused),
        cmocka_unit_test(every_corim_of_the_vectors_parses),
        cmocka_unit_test(every_comid_of_the_vectors_fits_the_grammar),
        cmocka_unit_test(signed_corims_of_the_vectors_verify),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
