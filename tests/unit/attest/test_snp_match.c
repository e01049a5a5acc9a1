/* A report and a key that do not belong together. */
#include "tests/unit/attest/snp_world.h"

#include "lib/attest/endorsement/snp_match.h"

static void report_and_key_must_belong_together(void **state)
{
    OWNED_FAKE_SNP kind, none, chip, masked, product;

    (void)state;
    fake_snp_start(&kind, SNP_MILAN, false);
    fake_put32(kind.report, 0x048, 1 << 2);
    check_world(&kind, "snp.vek.kind", NULL);
    fake_snp_start(&none, SNP_MILAN, false);
    fake_put32(none.report, 0x048, 7 << 2);
    check_world(&none, "snp.report.unsigned", NULL);
    fake_snp_start(&chip, SNP_MILAN, false);
    chip.report[0x1a0] ^= 1;
    check_world(&chip, "snp.vek.chip", NULL);
    fake_snp_start(&masked, SNP_MILAN, false);
    memset(masked.report + 0x1a0, 0, 64);
    memset(masked.chip_id, 0, 64);
    check_world(&masked, "snp.vek.chip", NULL);
    fake_snp_start(&product, SNP_MILAN, false);
    product.report[0x189] = 0x11;
    check_world(&product, "snp.vek.product", "Genoa");
}

static void every_byte_of_the_tcb_must_agree(void **state)
{
    (void)state;
    for (int turin = 0; turin < 2; turin++)
        for (int byte = 0; byte < 8; byte++) {
            OWNED_FAKE_SNP world;

            fake_snp_start(&world, turin ? SNP_TURIN : SNP_MILAN, false);
            world.tcb ^= 1ULL << 8 * byte;
            check_world(&world, "snp.vek.tcb", NULL);
        }
}

static void tcbs_stand_in_their_order(void **state)
{
    static const size_t at[] = {0x180, 0x1e0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(at); i++) {
        OWNED_FAKE_SNP world;

        fake_snp_start(&world, SNP_MILAN, false);
        if (at[i] == 0x180)
            world.tcb += 1;
        fake_put64(world.report, at[i], 0xdb18000000000005);
        check_world(&world, "snp.tcb.order", " bl");
    }
}

static void scalars_out_of_range_are_refused(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    memset(world.report + 0x2a0, 0, 48);
    check(&in, "snp.report.signature", "r of the signature is zero");
    fake_snp_sign(&world);
    memset(world.report + 0x2e8, 0, 48);
    check(&in, "snp.report.signature", "s of the signature is zero");
    fake_snp_sign(&world);
    memset(world.report + 0x2a0, 0xff, 48);
    check(&in, "snp.report.signature", "r of the signature is not below");
    fake_snp_sign(&world);
    check(&in, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_and_key_must_belong_together),
        cmocka_unit_test(every_byte_of_the_tcb_must_agree),
        cmocka_unit_test(tcbs_stand_in_their_order),
        cmocka_unit_test(scalars_out_of_range_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
