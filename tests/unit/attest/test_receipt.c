#include "tests/unit/attest/receipt_make.h"

#include "lib/cbor/cose.h"

#define FLIPS 10000

static struct key *key;

static int make_key(void **state)
{
    struct err err;

    (void)state;
    return key_generate(KEY_P256, 0, &key, &err);
}

static int free_key(void **state)
{
    (void)state;
    key_free(key);
    return 0;
}

static void make_text(struct buf *out)
{
    OWNED_RECEIPT receipt;
    struct err err;

    receipt_make(&receipt);
    assert_ok(receipt_sign(&receipt, key, &err));
    assert_ok(receipt_write(&receipt, out, &err));
}

/* 0 when the text is a receipt that our key signed. */
static int accept(struct span text, struct err *err)
{
    OWNED_RECEIPT receipt = {0};

    if (receipt_parse(text, &receipt, err) < 0)
        return -1;
    return receipt_verify(&receipt, key, err);
}

/* --- what is refused ------------------------------------------------------------------------- */

/* Replaces the first `from` in the text, which must be there. */
static int accept_with(const char *from, const char *to, struct err *err)
{
    OWNED_BUF text = BUF_OF(64 * KIB), changed = BUF_OF(64 * KIB);
    const char *at;

    make_text(&text);
    at = strstr(buf_str(&text), from);
    assert_non_null(at);
    buf_add(&changed, text.data, (size_t)(at - buf_str(&text)));
    buf_add_str(&changed, to);
    buf_add_str(&changed, at + strlen(from));
    return accept(buf_span(&changed), err);
}

static void a_rendering_that_says_something_else_is_refused(void **state)
{
    static const char *const rows[][2] = {
        {"\"bytes\":1234", "\"bytes\":1235"},
        {"\"iris.csv\"", "\"iris.csw\""},
        {"\"--epochs\",\"10\"", "\"10\",\"--epochs\""},
        {"\"args\":[\"--epochs\",\"10\"]", "\"args\":[]"},
        {"\"cgroup\":true", "\"cgroup\":false"},
        {"2023-11-14T22:13:20Z", "2023-11-14T22:13:21Z"},
        {"\"sealed_sha256\":null",
         "\"sealed_sha256\":\"0505050505050505050505050505050505050505050505050505050505050505\""},
        {"\"dice\":null", "\"dice\":\"AAAA\""},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (accept_with(rows[i][0], rows[i][1], &err) == 0 || err.kind != ERR_UNTRUSTED)
            fail_msg("%s: %s", rows[i][1], err.text);
    }
}

static void a_rendering_of_another_shape_is_refused(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(accept_with("\"version\":1", "\"version\":2", &err), -1);
    assert_int_equal(accept_with("\"version\":1,", "", &err), -1);
    assert_int_equal(accept_with("\"version\":1,", "\"version\":1,\"more\":1,", &err), -1);
    assert_int_equal(accept_with("\"version\":1,", "\"version\":1,\"version\":1,", &err), -1);
    assert_int_equal(accept_with("\"cose\":\"", "\"cose\":\"AAAA", &err), -1);
    assert_int_equal(accept_with("\"kind\":\"done\"", "\"kind\":\"\"", &err), -1);
}

static void every_truncation_and_addition_is_refused(void **state)
{
    OWNED_BUF text = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    make_text(&text);
    for (size_t len = 0; len < text.len; len += 7)
        assert_int_equal(accept(span_of(text.data, len), &err), -1);
    buf_add_str(&text, "{}");
    assert_int_equal(accept(buf_span(&text), &err), -1);
}

/* Ten thousand bits, here and there in rendering and signed form; the same ones each time. */
static void no_bit_can_be_changed(void **state)
{
    OWNED_BUF text = BUF_OF(64 * KIB);
    uint64_t random = 42;
    struct err err;

    (void)state;
    make_text(&text);
    assert_ok(accept(buf_span(&text), &err));
    for (int i = 0; i < FLIPS; i++) {
        size_t bit;

        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        bit = (size_t)(random >> 32) % (text.len * 8);
        text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (accept(buf_span(&text), &err) == 0)
            fail_msg("bit %zu may be changed", bit);
        text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(accept(buf_span(&text), &err));
}

static void another_key_is_refused(void **state)
{
    OWNED_RECEIPT receipt;
    OWNED_KEY *other = NULL;
    struct err err;

    (void)state;
    receipt_make(&receipt);
    assert_ok(key_generate(KEY_P256, 0, &other, &err));
    assert_ok(receipt_sign(&receipt, other, &err));
    assert_ok(receipt_verify(&receipt, NULL, &err));
    assert_ok(receipt_verify(&receipt, other, &err));
    assert_fails(receipt_verify(&receipt, key, &err), ERR_UNTRUSTED);
}

/* Signs a payload of the test's, as whoever has the key could. */
static int accept_payload(const char *payload, const char *type, struct err *err)
{
    OWNED_CBOR_MAP headers = CBOR_MAP_OF(1 * KIB);
    OWNED_BUF message = BUF_OF(64 * KIB);
    struct cose_content content = {.protected_map = &headers, .payload = span_of_str(payload)};

    cbor_map_key_int(&headers, COSE_CONTENT_TYPE);
    cbor_add_text(&headers.items, type);
    assert_int_equal(cose_sign1_sign(key, &content, &message, err), 0);
    return accept(buf_span(&message), err);
}

static void what_is_signed_has_one_form(void **state)
{
    OWNED_BUF loose = BUF_OF(64 * KIB);
    OWNED_RECEIPT receipt;
    struct cose_sign1 message;
    OWNED(free_str) char *payload = NULL;
    struct err err;

    (void)state;
    receipt_make(&receipt);
    assert_ok(receipt_sign(&receipt, key, &err));
    assert_ok(cose_sign1_parse(span_of(receipt.cose.data, receipt.cose.len), &message, &err));
    payload = mem_copy(message.payload.data, message.payload.len);
    assert_ok(accept_payload(payload, RECEIPT_TYPE, &err));
    assert_int_equal(accept_payload(payload, "application/json", &err), -1);
    buf_printf(&loose, " %s", payload);
    assert_int_equal(accept_payload(buf_str(&loose), RECEIPT_TYPE, &err), -1);
    assert_int_equal(accept_payload("{}", RECEIPT_TYPE, &err), -1);
}

/* --- what holds ------------------------------------------------------------------------------ */

static void rendering_and_signed_form_say_the_same(void **state)
{
    static const enum key_type types[] = {KEY_P256, KEY_P384, KEY_ED25519, KEY_RSA};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        OWNED_RECEIPT receipt, read = {0}, alone = {0};
        OWNED_BUF text = BUF_OF(64 * KIB), again = BUF_OF(64 * KIB);
        OWNED_KEY *signer = NULL;

        receipt_make(&receipt);
        assert_ok(key_generate(types[i], 2048, &signer, &err));
        assert_ok(receipt_sign(&receipt, signer, &err));
        assert_ok(receipt_write(&receipt, &text, &err));
        assert_ok(receipt_parse(buf_span(&text), &read, &err));
        assert_ok(receipt_verify(&read, signer, &err));
        assert_int_equal(read.result.bytes, 1234);
        assert_int_equal(read.ended_at, 1700000060);
        assert_false(read.result.sealed_sha256.present);
        assert_ok(receipt_parse(span_of(read.cose.data, read.cose.len), &alone, &err));
        assert_ok(receipt_write(&alone, &again, &err));
        assert_string_equal(buf_str(&text), buf_str(&again));
    }
}

static void what_cannot_be_said_is_not_signed(void **state)
{
    OWNED_RECEIPT receipt;
    OWNED_BUF spki = BUF_OF(1 * KIB);
    OWNED_KEY *public = NULL;
    struct err err;

    (void)state;
    receipt_make(&receipt);
    mem_set_str(&receipt.exit.kind, "");
    assert_int_equal(receipt_sign(&receipt, key, &err), -1);
    mem_set_str(&receipt.exit.kind, "done");
    key_write_spki(key, &spki);
    assert_ok(key_load_public_der(buf_span(&spki), &public, &err));
    assert_int_equal(receipt_sign(&receipt, public, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rendering_that_says_something_else_is_refused),
        cmocka_unit_test(a_rendering_of_another_shape_is_refused),
        cmocka_unit_test(every_truncation_and_addition_is_refused),
        cmocka_unit_test(no_bit_can_be_changed),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(what_is_signed_has_one_form),
        cmocka_unit_test(rendering_and_signed_form_say_the_same),
        cmocka_unit_test(what_cannot_be_said_is_not_signed),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
