/* The running digests of a launch, against values worked out by hand from their definitions. */
#include "tests/unit/unit.h"

#include "lib/attest/reference/ovmf.h"
#include "lib/attest/reference/sev_hashes.h"
#include "lib/attest/reference/snp_launch.h"
#include "lib/attest/reference/tdx_launch.h"
#include "lib/attest/reference/vmsa.h"

static const uint8_t page[SNP_PAGE_SIZE] = {1, 2, 3};

static void snp_page_info_is_hashed_as_the_abi_says(void **state)
{
    OWNED_DIGEST *sha384 = digest_new(DIGEST_SHA384);
    uint8_t info[0x70] = {0}, expected[SHA384_SIZE];
    struct snp_launch launch;

    (void)state;
    digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(page), info + 0x30);
    info[0x60] = 0x70;
    info[0x62] = SNP_PAGE_NORMAL;
    info[0x69] = 0x80; /* GPA 0x8000 */
    digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(info), expected);

    snp_launch_begin(&launch, sha384);
    snp_launch_add_page(&launch, SNP_PAGE_NORMAL, 0x8000, SPAN_OF_ARRAY(page));
    assert_memory_equal(launch.digest, expected, SHA384_SIZE);
}

static void snp_content_counts_for_normal_pages_only(void **state)
{
    OWNED_DIGEST *sha384 = digest_new(DIGEST_SHA384);
    struct snp_launch with, without;

    (void)state;
    for (int type = SNP_PAGE_NORMAL; type <= SNP_PAGE_CPUID; type++) {
        bool measured = type == SNP_PAGE_NORMAL || type == SNP_PAGE_VMSA;

        snp_launch_begin(&with, sha384);
        snp_launch_begin(&without, sha384);
        snp_launch_add_page(&with, (enum snp_page_type)type, 0, SPAN_OF_ARRAY(page));
        snp_launch_add_empty(&without, (enum snp_page_type)type, 0, 1);
        assert_int_equal(memcmp(with.digest, without.digest, SHA384_SIZE) != 0, measured);
    }
}

static void mrtd_is_one_digest_over_its_records(void **state)
{
    OWNED_OF(tdx_launch) *launch = tdx_launch_new();
    OWNED_BUF records = BUF_OF(64 * KIB);
    uint8_t expected[SHA384_SIZE], mrtd[SHA384_SIZE], record[128] = "MEM.PAGE.ADD";

    (void)state;
    record[17] = 0x10; /* GPA 0x1000 */
    buf_add(&records, record, sizeof(record));
    for (size_t at = 0; at < sizeof(page); at += 256) {
        uint8_t extend[128] = "MR.EXTEND";

        extend[16] = (uint8_t)(0x1000 + at);
        extend[17] = (uint8_t)((0x1000 + at) >> 8);
        buf_add(&records, extend, sizeof(extend));
        buf_add(&records, page + at, 256);
    }
    digest_of(DIGEST_SHA384, buf_span(&records), expected);

    tdx_launch_add_page(launch, 0x1000);
    tdx_launch_extend_page(launch, 0x1000, span_of(page, 3)); /* filled up with zeros */
    tdx_launch_finish(launch, mrtd);
    assert_memory_equal(mrtd, expected, SHA384_SIZE);
}

static void vmsa_has_its_registers_where_the_manual_says(void **state)
{
    struct vmsa_shape shape = {VMSA_QEMU, VMSA_BSP_EIP, 0x800f12, 0x21};
    uint8_t vmsa[VMSA_SIZE];

    (void)state;
    vmsa_make(&shape, vmsa);
    assert_memory_equal(vmsa + 0x10, "\x00\xf0\x9b\x00\xff\xff\x00\x00\x00\x00\xff\xff",
                        12);                                  /* CS */
    assert_memory_equal(vmsa + 0x178, "\xf0\xff\x00\x00", 4); /* RIP */
    assert_memory_equal(vmsa + 0x310, "\x12\x0f\x80\x00", 4); /* RDX */
    assert_int_equal(vmsa[0x3b0], 0x21);
    assert_true(span_is_zero(span_of(vmsa + 0x412, VMSA_SIZE - 0x412)));
    shape.vmm = VMSA_EC2_OLD;
    vmsa_make(&shape, vmsa);
    assert_memory_equal(vmsa + 0x310, "\x00\x00\x00\x00", 4);
}

static void kernel_hashes_cover_the_command_line_with_its_end(void **state)
{
    uint8_t none[SEV_HASHES_SIZE], empty[SEV_HASHES_SIZE], some[SEV_HASHES_SIZE];
    uint8_t nul[SHA256_SIZE];

    (void)state;
    digest_of(DIGEST_SHA256, span_of("", 1), nul);
    sev_hashes_make(SPAN_OF_ARRAY(page), span_of(NULL, 0), NULL, none);
    sev_hashes_make(SPAN_OF_ARRAY(page), span_of(NULL, 0), "", empty);
    sev_hashes_make(SPAN_OF_ARRAY(page), span_of(NULL, 0), "quiet", some);
    assert_memory_equal(none, empty, SEV_HASHES_SIZE);
    assert_memory_equal(none + 36, nul, SHA256_SIZE);
    assert_memory_not_equal(none, some, SEV_HASHES_SIZE);
    assert_int_equal(none[16], 168);
}

static void firmware_without_its_table_is_refused(void **state)
{
    static const uint8_t blank[8192];
    struct ovmf ovmf;
    struct err err;

    (void)state;
    assert_fails(ovmf_parse(SPAN_OF_ARRAY(blank), &ovmf, &err), ERR_INPUT);
    assert_fails(ovmf_parse(span_of(blank, 4095), &ovmf, &err), ERR_INPUT);
    assert_fails(ovmf_parse(span_of(NULL, 0), &ovmf, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snp_page_info_is_hashed_as_the_abi_says),
        cmocka_unit_test(snp_content_counts_for_normal_pages_only),
        cmocka_unit_test(mrtd_is_one_digest_over_its_records),
        cmocka_unit_test(vmsa_has_its_registers_where_the_manual_says),
        cmocka_unit_test(kernel_hashes_cover_the_command_line_with_its_end),
        cmocka_unit_test(firmware_without_its_table_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
