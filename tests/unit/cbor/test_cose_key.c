#include "tests/unit/unit.h"

#include "lib/cbor/cose_key.h"
#include "lib/cbor/write.h"

static int read_text(const char *hex, struct key **ret, struct err *err)
{
    OWNED_BUF bytes = BUF_OF(4 * KIB);
    struct cbor map;

    assert_int_equal(text_decode_hex(span_of_str(hex), &bytes, err), 0);
    if (cbor_parse(buf_span(&bytes), CBOR_STRICT, &map, err) < 0)
        return -1;
    return cose_key_read(map, ret, err);
}

#define X25519_BYTES "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

static void what_is_no_usable_key_is_refused(void **state)
{
    static const char *const texts[] = {
        "80",     /* an array */
        "a0",     /* nothing in it */
        "a101f6", /* a type that is no number */
        "a30101200621"
        "581f"
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddee",
        "a30101200421"
        "5820" X25519_BYTES, /* X25519 */
        "a4010120062158"
        "20" X25519_BYTES "23"
        "4101", /* with d */
        "a30102200121"
        "5820" X25519_BYTES,                                   /* a point without y */
        "a401022001215820" X25519_BYTES "22f5",                /* a compressed point */
        "a401022001215820" X25519_BYTES "225820" X25519_BYTES, /* not on the curve */
        "a301032041ff2141"
        "03", /* a short RSA key */
    };
    struct key *key = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_fails(read_text(texts[i], &key, &err), ERR_INPUT);
    assert_null(key);
}

static void what_is_written_is_read_back(void **state)
{
    static const enum key_type types[] = {KEY_ED25519, KEY_P256, KEY_P384};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        OWNED_KEY *key = NULL, *read = NULL;
        OWNED_BUF out = BUF_OF(1 * KIB);
        struct cbor map;

        assert_ok(key_generate(types[i], 0, &key, &err));
        assert_ok(cose_key_write(key, &out, &err));
        assert_ok(cbor_parse(buf_span(&out), CBOR_DETERMINISTIC, &map, &err));
        assert_ok(cose_key_read(map, &read, &err));
        assert_true(key_equal(key, read));
        assert_false(key_is_private(read));
    }
}

static void rsa_is_read_and_not_written(void **state)
{
    OWNED_BUF out = BUF_OF(4 * KIB), spki = BUF_OF(4 * KIB), doc = BUF_OF(4 * KIB);
    OWNED_CBOR_MAP map = CBOR_MAP_OF(4 * KIB);
    OWNED_KEY *key = NULL, *read = NULL;
    struct cbor item;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_RSA, 2048, &key, &err));
    assert_fails(cose_key_write(key, &out, &err), ERR_INPUT);
    key_write_spki(key, &spki);
    cbor_map_key_int(&map, 1);
    cbor_add_int(&map.items, 3);
    cbor_map_key_int(&map, -1);
    cbor_add_bytes(&map.items, span_of(spki.data + spki.len - 5 - 256, 256));
    cbor_map_key_int(&map, -2);
    cbor_add_bytes(&map.items, span_of(spki.data + spki.len - 3, 3));
    assert_ok(cbor_map_write(&map, &doc, &err));
    assert_ok(cbor_parse(buf_span(&doc), CBOR_STRICT, &item, &err));
    assert_ok(cose_key_read(item, &read, &err));
    assert_true(key_equal(key, read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_usable_key_is_refused),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(rsa_is_read_and_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
