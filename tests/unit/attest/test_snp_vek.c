/* What a VCEK or VLEK certificate must say. */
#include "tests/unit/attest/snp_world.h"

#include "lib/attest/endorsement/snp_vek.h"

#define OID "1.3.6.1.4.1.3704.1."

static void every_extension_must_be_there(void **state)
{
    static const char *const milan[] = {OID "1",   OID "2",   OID "3.1", OID "3.2",
                                        OID "3.3", OID "3.4", OID "3.5", OID "3.6",
                                        OID "3.7", OID "3.8", OID "4"};
    OWNED_FAKE_SNP turin, vlek;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(milan); i++) {
        OWNED_FAKE_SNP world;

        fake_snp_start(&world, SNP_MILAN, false);
        world.omit = milan[i];
        check_world(&world, "snp.vek.form", milan[i]);
    }
    fake_snp_start(&turin, SNP_TURIN, false);
    turin.omit = OID "3.9";
    check_world(&turin, "snp.vek.form", OID "3.9");
    fake_snp_start(&vlek, SNP_MILAN, true);
    vlek.omit = OID "5";
    check_world(&vlek, "snp.vek.form", OID "5");
}

static void an_extension_twice_is_refused(void **state)
{
    OWNED_FAKE_SNP world;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    world.extra = (struct fake_extension){OID "3.3", false, span_of("\x02\x01\xff", 3)};
    check_world(&world, "snp.chain.form", "twice");
}

static void numbers_are_canonical_der(void **state)
{
    static const struct span bad[] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"\x02\x01", 2},
        {(const uint8_t *)"\x02\x01\x80", 3},     /* negative */
        {(const uint8_t *)"\x02\x02\x00\x18", 4}, /* a zero too many */
        {(const uint8_t *)"\x02\x02\x01\x18", 4}, /* over 255 */
        {(const uint8_t *)"\x02\x01\x18\x00", 4}, /* something after it */
        {(const uint8_t *)"\x04\x01\x18", 3},     /* no INTEGER */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        OWNED_FAKE_SNP world;

        fake_snp_start(&world, SNP_MILAN, false);
        world.omit = OID "3.3";
        world.extra = (struct fake_extension){OID "3.3", false, bad[i]};
        check_world(&world, "snp.vek.form", OID "3.3");
    }
}

static void a_chip_id_has_its_length_with_or_without_a_tag(void **state)
{
    uint8_t chip[67];
    static const struct {
        size_t from, len;
        bool good;
    } rows[] = {{2, 64, true},  {0, 66, true}, {2, 63, false},
                {2, 65, false}, {2, 8, false}, {1, 65, false}};

    (void)state;
    memset(chip, 0xc1, sizeof(chip));
    chip[0] = 0x04;
    chip[1] = 64;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_FAKE_SNP world;

        fake_snp_start(&world, SNP_MILAN, false);
        world.omit = OID "4";
        world.extra =
            (struct fake_extension){OID "4", false, span_of(chip + rows[i].from, rows[i].len)};
        check_world(&world, rows[i].good ? NULL : "snp.vek.form", NULL);
    }
}

static void keys_of_another_kind_are_refused(void **state)
{
    OWNED_FAKE_SNP p256, mixed, tagged, version;

    (void)state;
    fake_snp_start(&p256, SNP_MILAN, false);
    p256.vek_type = KEY_P256;
    check_world(&p256, "snp.vek.form", "p256");
    fake_snp_start(&mixed, SNP_MILAN, false);
    mixed.extra = (struct fake_extension){OID "5", false, span_of("\x16\x01x", 3)};
    check_world(&mixed, "snp.vek.form", "VLEK");
    fake_snp_start(&tagged, SNP_MILAN, true);
    tagged.extra = (struct fake_extension){OID "4", false, SPAN_OF_ARRAY(tagged.chip_id)};
    check_world(&tagged, "snp.vek.form", "VCEK");
    fake_snp_start(&version, SNP_MILAN, false);
    version.omit = OID "1";
    version.extra = (struct fake_extension){OID "1", false, span_of("\x02\x01\x02", 3)};
    check_world(&version, "snp.vek.form", OID "1");
}

static void products_are_known_by_name(void **state)
{
    static const char *const unknown[] = {"", "-B0", "Mila", "Milan2", "Rome-B0", "milan"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        OWNED_FAKE_SNP world;

        fake_snp_start(&world, SNP_MILAN, false);
        world.product_name = unknown[i];
        check_world(&world, "snp.vek.form", OID "2");
    }
}

static void a_name_is_a_text_of_one_kind(void **state)
{
    static const struct span bad[] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"\x16", 1},
        {(const uint8_t *)"\x0c\x05Milan", 7},     /* UTF8String */
        {(const uint8_t *)"\x16\x04Milan", 7},     /* something after it */
        {(const uint8_t *)"\x16\x06Milan", 7},     /* ends too early */
        {(const uint8_t *)"\x16\x81\x05Milan", 8}, /* a length in a longer form */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        OWNED_FAKE_SNP world;

        fake_snp_start(&world, SNP_MILAN, false);
        world.omit = OID "2";
        world.extra = (struct fake_extension){OID "2", false, bad[i]};
        check_world(&world, "snp.vek.form", OID "2");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_extension_must_be_there),
        cmocka_unit_test(an_extension_twice_is_refused),
        cmocka_unit_test(numbers_are_canonical_der),
        cmocka_unit_test(a_chip_id_has_its_length_with_or_without_a_tag),
        cmocka_unit_test(keys_of_another_kind_are_refused),
        cmocka_unit_test(products_are_known_by_name),
        cmocka_unit_test(a_name_is_a_text_of_one_kind),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
