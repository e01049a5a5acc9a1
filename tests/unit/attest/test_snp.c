#include "tests/unit/unit.h"

#include "lib/attest/snp.h"

static void a_tcb_is_read_in_the_layout_of_its_product(void **state)
{
    const uint64_t raw = 0x0807060504030201;
    struct snp_tcb milan = snp_tcb_of(raw, SNP_MILAN), turin = snp_tcb_of(raw, SNP_TURIN);
    struct snp_tcb unknown = snp_tcb_of(raw, SNP_PRODUCT_UNKNOWN);

    (void)state;
    assert_false(milan.has[SNP_TCB_FMC]);
    assert_int_equal(milan.svn[SNP_TCB_BL], 1);
    assert_int_equal(milan.svn[SNP_TCB_TEE], 2);
    assert_int_equal(milan.svn[SNP_TCB_SNP], 7);
    assert_int_equal(milan.svn[SNP_TCB_UCODE], 8);
    assert_true(milan.reserved == 0x0000060504030000);
    assert_int_equal(turin.svn[SNP_TCB_FMC], 1);
    assert_int_equal(turin.svn[SNP_TCB_BL], 2);
    assert_int_equal(turin.svn[SNP_TCB_TEE], 3);
    assert_int_equal(turin.svn[SNP_TCB_SNP], 4);
    assert_int_equal(turin.svn[SNP_TCB_UCODE], 8);
    assert_true(turin.reserved == 0x0007060500000000);
    for (int i = 0; i < SNP_TCB_PARTS; i++)
        assert_false(unknown.has[i]);
}

static void processors_have_their_products(void **state)
{
    (void)state;
    for (unsigned family = 0; family < 256; family++)
        for (unsigned model = 0; model < 256; model++) {
            enum snp_product expected = SNP_PRODUCT_UNKNOWN;

            if (family == 0x19 && model <= 0x0f)
                expected = SNP_MILAN;
            if (family == 0x19 && ((model >= 0x10 && model <= 0x1f) || model >> 4 == 0xa))
                expected = SNP_GENOA;
            if (family == 0x1a && model <= 0x1f)
                expected = SNP_TURIN;
            assert_int_equal(snp_product_of_cpuid((uint8_t)family, (uint8_t)model), expected);
        }
}

static void products_are_known_by_their_whole_name(void **state)
{
    (void)state;
    assert_int_equal(snp_product_of_name("Turin"), SNP_TURIN);
    assert_string_equal(snp_product_name(SNP_GENOA), "Genoa");
    assert_int_equal(snp_product_of_name("unknown"), SNP_PRODUCT_UNKNOWN);
    assert_int_equal(snp_product_of_name(""), SNP_PRODUCT_UNKNOWN);
    assert_int_equal(snp_product_of_name("Genoa-B1"), SNP_PRODUCT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tcb_is_read_in_the_layout_of_its_product),
        cmocka_unit_test(processors_have_their_products),
        cmocka_unit_test(products_are_known_by_their_whole_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
