#include "tests/unit/unit.h"

#include "lib/archive/zip_format.h"

static void assert_hex(const struct buf *bytes, const char *wanted)
{
    char hex[1024];

    text_hex(bytes->data, bytes->len, hex);
    assert_string_equal(hex, wanted);
}

static uint16_t flags_for(const char *name)
{
    OWNED_BUF out = BUF_OF(1024);

    zip_add_local(&out, &(struct zip_entry){.name = (char *)name});
    return (uint16_t)(out.data[6] | out.data[7] << 8);
}

static void names_beyond_ascii_are_marked(void **state)
{
    (void)state;
    assert_int_equal(flags_for("plain }.txt"), 0x0008);
    assert_int_equal(flags_for("caf\xc3\xa9"), 0x0808);
    assert_int_equal(flags_for("a~"), 0x0808);
    assert_int_equal(flags_for("a\\b"), 0x0808);
    assert_int_equal(flags_for("a\nb"), 0x0808);
    assert_int_equal(flags_for("a\xff"), 0x0008);
}

static void descriptors_grow_at_4_gib(void **state)
{
    OWNED_BUF small = BUF_OF(64);
    OWNED_BUF large = BUF_OF(64);

    (void)state;
    zip_add_descriptor(&small, &(struct zip_entry){.crc = 0x01020304, .size = 0xfffffffe});
    assert_hex(&small, "504b070804030201fefffffffeffffff");
    zip_add_descriptor(&large, &(struct zip_entry){.crc = 0x01020304, .size = 0xffffffff});
    assert_hex(&large, "504b070804030201ffffffff00000000ffffffff00000000");
}

static void large_entries_have_a_zip64_field(void **state)
{
    OWNED_BUF out = BUF_OF(1024);

    (void)state;
    zip_add_central(&out, &(struct zip_entry){.name = (char *)"a", .size = 0x100000001});
    assert_hex(&out,
               "504b010214032d0008000000000021ec00000000ffffffffffffffff0100250000000000000000"
               "00a4810000000061555405000100000000"
               "0100180001000000010000000100000001000000"
               "0000000000000000");
}

static void far_entries_have_a_zip64_field(void **state)
{
    OWNED_BUF out = BUF_OF(1024);

    (void)state;
    zip_add_central(&out,
                    &(struct zip_entry){.name = (char *)"a", .size = 1, .offset = 0x100000002});
    assert_hex(&out,
               "504b01021403140008000000000021ec00000000ffffffffffffffff0100250000000000000000"
               "00a481ffffffff61555405000100000000"
               "0100180001000000000000000100000000000000"
               "0200000001000000");
}

/* A field that is full says "see there", so a true value of that size needs the other field. */
static void an_offset_that_just_fits_has_a_zip64_field(void **state)
{
    struct zip_entry entry = {.name = (char *)"a", .size = 1, .offset = 0xfffffffe};
    OWNED_BUF below = BUF_OF(1024);
    OWNED_BUF at = BUF_OF(1024);

    (void)state;
    zip_add_central(&below, &entry);
    entry.offset++;
    zip_add_central(&at, &entry);
    assert_int_equal(at.len, below.len + 28);
}

static void many_entries_have_a_zip64_end(void **state)
{
    OWNED_BUF few = BUF_OF(1024);
    OWNED_BUF many = BUF_OF(1024);

    (void)state;
    zip_add_end(&few, 0xfffe, 0x10, 0x20);
    assert_hex(&few, "504b050600000000fefffeff10000000200000000000");
    zip_add_end(&many, 0xffff, 0x10, 0x20);
    assert_hex(&many,
               "504b06062c000000000000002d002d000000000000000000ffff000000000000ffff000000000000"
               "10000000000000002000000000000000"
               "504b06070000000030000000000000000100000"
               "0504b050600000000ffffffffffffffffffffffff0000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_beyond_ascii_are_marked),
        cmocka_unit_test(descriptors_grow_at_4_gib),
        cmocka_unit_test(large_entries_have_a_zip64_field),
        cmocka_unit_test(far_entries_have_a_zip64_field),
        cmocka_unit_test(an_offset_that_just_fits_has_a_zip64_field),
        cmocka_unit_test(many_entries_have_a_zip64_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
