#include "tests/unit/attest/dice_make.h"

#include "lib/cbor/cose_key.h"

/* --- claims of our own making ---------------------------------------------------------------- */

#define CODE_HASH   (-4670545)
#define CONFIG_HASH (-4670547)
#define CONFIG      (-4670548)
#define AUTHORITY   (-4670549)
#define MODE        (-4670551)
#define KEY         (-4670552)

/* Signs claims with everything that a certificate needs, but for one of them, and one more. */
static int parse_with(int64_t leave_out, int64_t extra, struct span extra_bytes,
                      struct dice_layer *ret, struct buf *message, struct err *err)
{
    static const int64_t values[] = {CODE_HASH, CONFIG, AUTHORITY};
    OWNED_BUF key_bytes = BUF_OF(1 * KIB), payload = BUF_OF(4 * KIB);
    OWNED_CBOR_MAP claims = CBOR_MAP_OF(4 * KIB);
    struct cose_content content = {0};
    OWNED_KEY *key = NULL;

    assert_int_equal(key_generate(KEY_ED25519, 0, &key, err), 0);
    assert_int_equal(cose_key_write(key, &key_bytes, err), 0);
    for (int64_t name = 1; name <= 2; name++) {
        if (name == leave_out)
            continue;
        cbor_map_key_int(&claims, name);
        cbor_add_text(&claims.items, "name");
    }
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        if (values[i] == leave_out)
            continue;
        cbor_map_key_int(&claims, values[i]);
        cbor_add_bytes(&claims.items, span_of_str("value"));
    }
    if (leave_out != MODE) {
        cbor_map_key_int(&claims, MODE);
        cbor_add_bytes(&claims.items, span_of("\x01", 1));
    }
    if (leave_out != KEY) {
        cbor_map_key_int(&claims, KEY);
        cbor_add_bytes(&claims.items, buf_span(&key_bytes));
    }
    if (extra != 0) {
        cbor_map_key_int(&claims, extra);
        cbor_add_bytes(&claims.items, extra_bytes);
    }
    assert_int_equal(cbor_map_write(&claims, &payload, err), 0);
    content.payload = buf_span(&payload);
    buf_reset(message);
    assert_int_equal(cose_sign1_sign(key, &content, message, err), 0);
    return dice_layer_parse_cbor(buf_span(message), ret, err);
}

static void what_the_profile_requires_must_be_there(void **state)
{
    static const int64_t required[] = {1, 2, CODE_HASH, CONFIG, AUTHORITY, MODE, KEY};
    OWNED_BUF message = BUF_OF(8 * KIB);
    struct dice_layer layer;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(required); i++)
        assert_fails(parse_with(required[i], 0, span_of(NULL, 0), &layer, &message, &err),
                     ERR_INPUT);
    assert_ok(parse_with(0, 0, span_of(NULL, 0), &layer, &message, &err));
    dice_layer_done(&layer);
}

static void a_hash_that_is_not_the_configurations_is_refused(void **state)
{
    OWNED_BUF message = BUF_OF(8 * KIB);
    uint8_t hash[SHA256_SIZE];
    struct dice_layer layer;
    struct err err;

    (void)state;
    digest_of(DIGEST_SHA256, span_of_str("value"), hash);
    assert_ok(parse_with(0, CONFIG_HASH, SPAN_OF_ARRAY(hash), &layer, &message, &err));
    dice_layer_done(&layer);
    hash[0] ^= 1;
    assert_fails(parse_with(0, CONFIG_HASH, SPAN_OF_ARRAY(hash), &layer, &message, &err),
                 ERR_INPUT);
}

static void other_messages_are_no_certificates(void **state)
{
    OWNED_BUF message = BUF_OF(8 * KIB), large = BUF_OF(64 * KIB);
    struct cose_content content = {.payload = span_of("\x01", 1)};
    OWNED_KEY *key = NULL;
    struct dice_layer layer;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_ED25519, 0, &key, &err));
    assert_ok(cose_sign1_sign(key, &content, &message, &err));
    assert_fails(dice_layer_parse_cbor(buf_span(&message), &layer, &err), ERR_INPUT);
    content.detach = true;
    buf_reset(&message);
    assert_ok(cose_sign1_sign(key, &content, &message, &err));
    assert_fails(dice_layer_parse_cbor(buf_span(&message), &layer, &err), ERR_INPUT);
    memset(buf_grow(&large, DICE_CERT_MAX + 1), 0, DICE_CERT_MAX + 1);
    assert_fails(dice_layer_parse_cbor(buf_span(&large), &layer, &err), ERR_INPUT);
}

static void what_is_written_is_read_back(void **state)
{
    static const enum key_type types[] = {KEY_ED25519, KEY_P256, KEY_P384};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        OWNED_DICE_LAYER layer = {0};
        OWNED_DEVICE d;

        device_make(&d, types[i]);
        assert_ok(dice_layer_parse_cbor(buf_span(&d.certs[1]), &layer, &err));
        assert_true(layer.measured && layer.issues);
        assert_int_equal(layer.mode, DICE_NORMAL);
        assert_true(span_equal(layer.profile, span_of_str("cocos.test")));
        assert_true(span_equal(layer.value[DICE_CODE_HASH], SPAN_OF_ARRAY(d.inputs[1].code)));
        assert_true(span_equal(layer.value[DICE_CONFIG_DESCRIPTOR], span_of_str("agent")));
        assert_int_equal(layer.value[DICE_CONFIG_HASH].len, DICE_HASH_SIZE);
        assert_true(key_equal(layer.key, d.keys[2]));
        assert_ok(dice_layer_check_signature(&layer, d.keys[1], &err));
        assert_fails(dice_layer_check_signature(&layer, d.keys[0], &err), ERR_UNTRUSTED);
    }
}

static void no_bit_of_a_certificate_can_be_changed(void **state)
{
    OWNED_DEVICE d;
    struct err err;

    (void)state;
    device_make(&d, KEY_ED25519);
    for (size_t at = 0; at < d.certs[0].len; at++) {
        OWNED_DICE_LAYER layer = {0};

        d.certs[0].data[at] ^= 0x04;
        if (dice_layer_parse_cbor(buf_span(&d.certs[0]), &layer, &err) == 0)
            assert_fails(dice_layer_check_signature(&layer, d.keys[0], &err), ERR_UNTRUSTED);
        d.certs[0].data[at] ^= 0x04;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_profile_requires_must_be_there),
        cmocka_unit_test(a_hash_that_is_not_the_configurations_is_refused),
        cmocka_unit_test(other_messages_are_no_certificates),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(no_bit_of_a_certificate_can_be_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
