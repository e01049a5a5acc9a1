#include "tests/unit/unit.h"

#include "lib/attest/evidence/snp_claims.h"
#include "tests/fakes/fake_snp.h"

static void start(struct fake_snp *world, uint32_t version)
{
    fake_snp_start(world, SNP_MILAN, false);
    fake_put32(world->report, 0, version);
    if (version < 3)
        memset(world->report + 0x188, 0, 3);
}

static void check_refused(struct fake_snp *world, const char *where)
{
    struct snp_report report;
    struct err err;

    assert_fails(snp_report_parse(SPAN_OF_ARRAY(world->report), &report, &err), ERR_INPUT);
    if (strstr(err.text, where) == NULL)
        fail_msg("expected '%s' in: %s", where, err.text);
}

static void every_other_length_is_refused(void **state)
{
    uint8_t bytes[SNP_REPORT_SIZE + 1] = {0};
    struct fake_snp world;
    struct snp_report report;
    struct err err;

    (void)state;
    start(&world, 3);
    memcpy(bytes, world.report, SNP_REPORT_SIZE);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        int rc = snp_report_parse(span_of(bytes, len), &report, &err);

        assert_int_equal(rc, len == SNP_REPORT_SIZE ? 0 : -1);
    }
    assert_non_null(strstr(err.text, "byte 0x4a0: 1 bytes follow"));
    assert_fails(snp_report_parse(span_of(bytes, 1183), &report, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "ends at byte 0x49f"));
}

static void versions_2_3_and_5_are_read(void **state)
{
    (void)state;
    for (uint32_t version = 0; version < 300; version++) {
        struct snp_report report;
        struct fake_snp world;
        struct err err;

        start(&world, version);
        if (version == 2 || version == 3 || version == 5)
            assert_ok(snp_report_parse(SPAN_OF_ARRAY(world.report), &report, &err));
        else
            check_refused(&world, "byte 0x000: version");
    }
}

/* Every byte of the report once: it either is a field, which may have any value, or must be zero.
 */
static void reserved_bytes_must_be_zero_in_each_version(void **state)
{
    static const struct {
        size_t from, to;
        uint32_t min, max;
    } reserved[] = {
        {0x04c, 0x04f, 2, 5}, {0x188, 0x18a, 2, 2}, {0x18b, 0x19f, 2, 5}, {0x1eb, 0x1eb, 2, 5},
        {0x1ef, 0x1ef, 2, 5}, {0x1f8, 0x207, 2, 3}, {0x208, 0x29f, 2, 5}, {0x2d0, 0x2e7, 2, 5},
        {0x318, 0x49f, 2, 5}, {0x00c, 0x00f, 2, 5}, {0x049, 0x04b, 2, 5},
    };
    static const uint32_t versions[] = {2, 3, 5};

    (void)state;
    for (size_t v = 0; v < COUNT_OF(versions); v++)
        for (size_t at = 0x38; at < SNP_REPORT_SIZE; at++) {
            struct snp_report report;
            struct fake_snp world;
            struct err err;
            bool zero = false;

            for (size_t i = 0; i < COUNT_OF(reserved); i++)
                zero = zero || (at >= reserved[i].from && at <= reserved[i].to &&
                                versions[v] >= reserved[i].min && versions[v] <= reserved[i].max);
            start(&world, versions[v]);
            world.report[at] |= 1;
            if (snp_report_parse(SPAN_OF_ARRAY(world.report), &report, &err) != (zero ? -1 : 0))
                fail_msg("version %u, byte 0x%03zx: expected %s", versions[v], at,
                         zero ? "a refusal" : "no refusal");
        }
}

static void a_refusal_names_the_byte(void **state)
{
    struct fake_snp world;

    (void)state;
    start(&world, 3);
    world.report[0x1eb] = 7;
    check_refused(&world, "byte 0x1eb is 0x07, must be zero in version 3");
}

static void unknown_bits_of_policy_and_keys_are_refused(void **state)
{
    (void)state;
    for (int bit = 0; bit < 64; bit++) {
        struct snp_report report;
        struct fake_snp world;
        struct err err;
        uint64_t policy = 0x20000 ^ 1ULL << bit;

        start(&world, 3);
        fake_put64(world.report, 0x008, policy);
        if (bit == 17 || bit >= 26)
            check_refused(&world, "guest policy");
        else
            assert_ok(snp_report_parse(SPAN_OF_ARRAY(world.report), &report, &err));
    }
    for (uint32_t info = 0; info < 256; info++) {
        struct snp_report report;
        struct fake_snp world;
        struct err err;
        unsigned key = info >> 2 & 7;

        start(&world, 3);
        fake_put32(world.report, 0x048, info);
        if (info < 32 && (key == 0 || key == 1 || key == 7))
            assert_ok(snp_report_parse(SPAN_OF_ARRAY(world.report), &report, &err));
        else
            check_refused(&world, "byte 0x048");
    }
}

static void vmpl_is_a_guests_or_the_hosts(void **state)
{
    static const uint32_t good[] = {0, 1, 2, 3, UINT32_MAX};
    static const uint32_t bad[] = {4, 5, 255, 0x80000000, UINT32_MAX - 1};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct snp_report report;
        struct fake_snp world;
        struct err err;

        start(&world, 3);
        fake_put32(world.report, 0x030, good[i]);
        assert_ok(snp_report_parse(SPAN_OF_ARRAY(world.report), &report, &err));
        assert_int_equal(report.vmpl, good[i]);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct fake_snp world;

        start(&world, 3);
        fake_put32(world.report, 0x030, bad[i]);
        check_refused(&world, "byte 0x030: VMPL");
    }
}

static void only_ecdsa_p384_is_an_algorithm(void **state)
{
    struct fake_snp world;

    (void)state;
    for (uint32_t algo = 0; algo < 5; algo++) {
        start(&world, 3);
        fake_put32(world.report, 0x034, algo);
        if (algo != 1)
            check_refused(&world, "byte 0x034");
    }
}

static void fields_land_where_they_belong(void **state)
{
    struct fake_snp world;
    struct snp_report report;
    struct err err;

    (void)state;
    start(&world, 5);
    for (size_t i = 0x10; i < 0x30; i++)
        world.report[i] = (uint8_t)i;
    fake_put32(world.report, 0x004, 0x01020304);
    fake_put64(world.report, 0x038, 0x1111111111111111);
    fake_put64(world.report, 0x040, 0x67);
    fake_put32(world.report, 0x048, 0x03 | 1 << 2);
    fake_put64(world.report, 0x180, 0x2222222222222222);
    fake_put64(world.report, 0x1e0, 0x3333333333333333);
    fake_put64(world.report, 0x1f0, 0x4444444444444444);
    memcpy(world.report + 0x1e8, "\x01\x02\x03\x00\x04\x05\x06\x00", 8);
    fake_put64(world.report, 0x1f8, 0x0b);
    fake_put64(world.report, 0x200, 0x0c);
    world.report[0x2a0] = 0xaa; /* the lowest byte of R */
    world.report[0x317] = 0xbb; /* the highest byte of S */
    assert_ok(snp_report_parse(SPAN_OF_ARRAY(world.report), &report, &err));
    assert_int_equal(report.guest_svn, 0x01020304);
    assert_int_equal(report.family_id[0], 0x10);
    assert_int_equal(report.image_id[15], 0x2f);
    assert_true(report.current_tcb == 0x1111111111111111);
    assert_true(report.reported_tcb == 0x2222222222222222);
    assert_true(report.committed_tcb == 0x3333333333333333);
    assert_true(report.launch_tcb == 0x4444444444444444);
    assert_int_equal(report.platform_info, 0x67);
    assert_true(report.author_key_enabled && report.chip_key_masked);
    assert_int_equal(report.signing_key, SNP_SIGNED_BY_VLEK);
    assert_int_equal(report.current_firmware.build, 1);
    assert_int_equal(report.current_firmware.major, 3);
    assert_int_equal(report.committed_firmware.minor, 5);
    assert_int_equal(report.launch_mitigations, 0x0b);
    assert_int_equal(report.current_mitigations, 0x0c);
    assert_int_equal(report.signature[47], 0xaa);
    assert_int_equal(report.signature[48], 0xbb);
    assert_int_equal(report.report_data[63], 0xd1);
    assert_int_equal(report.measurement[47], 0xe1);
    assert_int_equal(report.host_data[31], 0xa1);
    assert_int_equal(report.report_id_ma[31], 0xff);
    assert_int_equal(report.chip_id[63], 0xc1);
    assert_int_equal(snp_report_product(&report), SNP_MILAN);
}

static void products_are_told_from_version_3_on(void **state)
{
    static const struct {
        uint8_t family, model;
        enum snp_product product;
    } cpus[] = {
        {0x19, 0x01, SNP_MILAN}, {0x19, 0x11, SNP_GENOA},           {0x19, 0xa0, SNP_GENOA},
        {0x1a, 0x02, SNP_TURIN}, {0x17, 0x31, SNP_PRODUCT_UNKNOWN}, {0x1b, 0, SNP_PRODUCT_UNKNOWN},
    };
    struct snp_report report;
    struct fake_snp world;
    struct err err;

    (void)state;
    start(&world, 2);
    assert_ok(snp_report_parse(SPAN_OF_ARRAY(world.report), &report, &err));
    assert_int_equal(snp_report_product(&report), SNP_PRODUCT_UNKNOWN);
    for (size_t i = 0; i < COUNT_OF(cpus); i++) {
        start(&world, 3);
        world.report[0x188] = cpus[i].family;
        world.report[0x189] = cpus[i].model;
        assert_ok(snp_report_parse(SPAN_OF_ARRAY(world.report), &report, &err));
        assert_int_equal(snp_report_product(&report), cpus[i].product);
    }
}

static void claims_say_what_the_report_says(void **state)
{
    struct snp_report report;
    struct fake_snp world;
    OWNED_JSON *claims = NULL;
    struct err err;

    (void)state;
    start(&world, 5);
    fake_put64(world.report, 0x008, 0xb0000);
    assert_ok(snp_report_parse(SPAN_OF_ARRAY(world.report), &report, &err));
    claims = snp_claims(&report, SNP_MILAN);
    assert_int_equal(json_get_int(claims, "version"), 5);
    assert_string_equal(json_get_str(claims, "product"), "Milan");
    assert_true(json_get_bool(json_get(claims, "policy"), "debug_allowed"));
    assert_int_equal(json_get_int(json_get(claims, "reported_tcb"), "ucode"), 0xdb);
    assert_string_equal(json_get_str(json_get(claims, "reported_tcb"), "raw"),
                        "0xdb18000000000004");
    assert_string_equal(json_get_str(claims, "current_firmware"), "1.55.29");
    assert_string_equal(json_get_str(claims, "current_mit_vector"), "0x0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(versions_2_3_and_5_are_read),
        cmocka_unit_test(reserved_bytes_must_be_zero_in_each_version),
        cmocka_unit_test(a_refusal_names_the_byte),
        cmocka_unit_test(unknown_bits_of_policy_and_keys_are_refused),
        cmocka_unit_test(vmpl_is_a_guests_or_the_hosts),
        cmocka_unit_test(only_ecdsa_p384_is_an_algorithm),
        cmocka_unit_test(fields_land_where_they_belong),
        cmocka_unit_test(products_are_told_from_version_3_on),
        cmocka_unit_test(claims_say_what_the_report_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
