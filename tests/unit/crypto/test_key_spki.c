#include "tests/unit/unit.h"

#include "lib/crypto/openssl.h"

/* 256 bytes of modulus and an exponent, which no test here gets as far as looking at. */
static void add_rsa(struct buf *out, const char *parameters, size_t parameters_len,
                    const char *modulus_start)
{
    static const uint8_t id[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
    OWNED_BUF numbers = BUF_OF(1024);

    buf_add(&numbers, "\x02\x82\x01\x01", 4);
    buf_add(&numbers, modulus_start, 2);
    memset(buf_grow(&numbers, 255), 0xc5, 255);
    buf_add(&numbers, "\x02\x03\x01\x00\x01", 5);
    buf_add(out, "\x30\x82", 2);
    buf_add_be16(out, (uint16_t)(2 + sizeof(id) + parameters_len + 4 + 1 + 4 + numbers.len));
    buf_add_u8(out, 0x30);
    buf_add_u8(out, (uint8_t)(sizeof(id) + parameters_len));
    buf_add(out, id, sizeof(id));
    buf_add(out, parameters, parameters_len);
    buf_add(out, "\x03\x82", 2);
    buf_add_be16(out, (uint16_t)(1 + 4 + numbers.len));
    buf_add(out, "\x00\x30\x82", 3);
    buf_add_be16(out, (uint16_t)numbers.len);
    buf_add_span(out, buf_span(&numbers));
}

static void rsa_keys_have_one_form(void **state)
{
    static const struct {
        const char *parameters;
        size_t len;
        const char *start;
        bool good;
    } rows[] = {
        {"\x05\x00", 2, "\x00\xc5", true},
        {"", 0, "\x00\xc5", false}, /* parameters are NULL, not absent */
        {"\x05\x00\x05\x00", 4, "\x00\xc5", false},
        {"\x05\x00", 2, "\x00\x45", false}, /* a zero too many */
        {"\x05\x00", 2, "\xc5\xc5", false}, /* negative */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF spki = BUF_OF(1024);
        OWNED_KEY *key = NULL;
        struct err err;

        add_rsa(&spki, rows[i].parameters, rows[i].len, rows[i].start);
        if (rows[i].good)
            assert_ok(key_load_spki(buf_span(&spki), &key, &err));
        else
            assert_fails(key_load_spki(buf_span(&spki), &key, &err), ERR_INPUT);
    }
}

static void what_we_write_we_read(void **state)
{
    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        OWNED_KEY *key = NULL, *again = NULL;
        OWNED_BUF spki = BUF_OF(4096);
        struct err err;

        assert_ok(key_generate((enum key_type)type, type == KEY_RSA ? 2048 : 0, &key, &err));
        key_write_spki(key, &spki);
        assert_ok(key_load_spki(buf_span(&spki), &again, &err));
        assert_true(key_equal(key, again));
        assert_int_equal(key_type_of(again), type);
        assert_false(key_is_private(again));
        for (size_t len = 0; len < spki.len; len++) {
            OWNED_KEY *cut = NULL;

            assert_fails(key_load_spki(span_of(spki.data, len), &cut, &err), ERR_INPUT);
        }
    }
}

/* The other way to write the same points, and points on no curve. */
static void points_are_whole_and_on_the_curve(void **state)
{
    OWNED_KEY *key = NULL, *bad = NULL;
    OWNED_BUF spki = BUF_OF(4096);
    OWNED_BUF compressed = BUF_OF(4096);
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    key_write_spki(key, &spki);
    buf_add(&compressed, "\x30\x39", 2);
    buf_add(&compressed, spki.data + 2, 21);
    buf_add(&compressed, "\x03\x22\x00", 3);
    buf_add_u8(&compressed, (uint8_t)(2 + (spki.data[spki.len - 1] & 1)));
    buf_add(&compressed, spki.data + 27, 32);
    assert_fails(key_load_spki(buf_span(&compressed), &bad, &err), ERR_INPUT);
    spki.data[spki.len - 1] ^= 1;
    assert_fails(key_load_spki(buf_span(&spki), &bad, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rsa_keys_have_one_form),
        cmocka_unit_test(what_we_write_we_read),
        cmocka_unit_test(points_are_whole_and_on_the_curve),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
