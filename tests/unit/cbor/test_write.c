#include "tests/unit/unit.h"

#include "lib/cbor/cbor.h"
#include "lib/cbor/write.h"

static void assert_hex(const struct buf *bytes, const char *wanted)
{
    char hex[512];

    text_hex(bytes->data, bytes->len, hex);
    assert_string_equal(hex, wanted);
}

/* RFC 8949, appendix A. */
static void heads_are_the_shortest(void **state)
{
    static const struct {
        int64_t value;
        const char *hex;
    } rows[] = {
        {0, "00"},
        {23, "17"},
        {24, "1818"},
        {255, "18ff"},
        {256, "190100"},
        {65535, "19ffff"},
        {65536, "1a00010000"},
        {4294967295, "1affffffff"},
        {4294967296, "1b0000000100000000"},
        {INT64_MAX, "1b7fffffffffffffff"},
        {-1, "20"},
        {-24, "37"},
        {-25, "3818"},
        {-1000, "3903e7"},
        {INT64_MIN, "3b7fffffffffffffff"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF out = BUF_OF(64);

        cbor_add_int(&out, rows[i].value);
        assert_hex(&out, rows[i].hex);
    }
}

static void every_kind_is_written(void **state)
{
    OWNED_BUF out = BUF_OF(256);

    (void)state;
    cbor_add_array(&out, 7);
    cbor_add_uint(&out, UINT64_MAX);
    cbor_add_bytes(&out, span_of("\1\2", 2));
    cbor_add_text(&out, "a");
    cbor_add_bool(&out, true);
    cbor_add_bool(&out, false);
    cbor_add_null(&out);
    cbor_add_tag(&out, 18);
    cbor_add_array(&out, 0);
    assert_hex(&out, "871bffffffffffffffff4201026161f5f4f6d280");
}

static void maps_are_sorted(void **state)
{
    OWNED_CBOR_MAP map = CBOR_MAP_OF(256);
    OWNED_BUF out = BUF_OF(256);
    struct cbor doc;
    struct err err;

    (void)state;
    cbor_map_key_text(&map, "b");
    cbor_add_null(&map.items);
    cbor_map_key_int(&map, -1);
    cbor_add_array(&map.items, 1);
    cbor_add_uint(&map.items, 5);
    cbor_map_key_int(&map, 100);
    cbor_add_text(&map.items, "x");
    cbor_map_key_text(&map, "a");
    cbor_add_bool(&map.items, true);
    cbor_map_key_int(&map, 1);
    cbor_add_uint(&map.items, 2);
    assert_ok(cbor_map_write(&map, &out, &err));
    assert_hex(&out, "a501021864617820810561"
                     "61f56162f6");
    assert_ok(cbor_parse(buf_span(&out), CBOR_DETERMINISTIC, &doc, &err));
}

static void a_key_twice_is_refused(void **state)
{
    OWNED_CBOR_MAP map = CBOR_MAP_OF(256);
    OWNED_BUF out = BUF_OF(256);
    struct err err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        cbor_map_key_int(&map, 1);
        cbor_add_uint(&map.items, 2);
    }
    assert_fails(cbor_map_write(&map, &out, &err), ERR_INTERNAL);
}

static void ceilings_hold(void **state)
{
    OWNED_CBOR_MAP many = CBOR_MAP_OF(4096), tight = CBOR_MAP_OF(8);
    OWNED_BUF out = BUF_OF(4096);
    struct err err;

    (void)state;
    for (int i = 0; i <= CBOR_MAP_PAIRS_MAX; i++) {
        cbor_map_key_int(&many, i);
        cbor_add_uint(&many.items, 2);
    }
    assert_fails(cbor_map_write(&many, &out, &err), ERR_TOO_LARGE);
    cbor_map_key_int(&tight, 1);
    cbor_add_text(&tight.items, "more than there is room for");
    assert_fails(cbor_map_write(&tight, &out, &err), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_the_shortest), cmocka_unit_test(every_kind_is_written),
        cmocka_unit_test(maps_are_sorted),        cmocka_unit_test(a_key_twice_is_refused),
        cmocka_unit_test(ceilings_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
