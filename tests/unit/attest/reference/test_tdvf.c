/* MRTD of firmware with TDX metadata, against the definition written out. */
#include "tests/unit/unit.h"

#include "lib/attest/reference/tdvf.h"
#include "lib/attest/reference/tdx_launch.h"

#define DATA_AT 4096

/* A file of four pages: the second and third are the section's data. */
static void make(struct ovmf *ovmf, uint8_t file[static 4 * 4096])
{
    for (size_t i = 0; i < 4 * 4096; i++)
        file[i] = (uint8_t)(i >> 8);
    *ovmf = (struct ovmf){.image = span_of(file, 4 * 4096), .tdvf_count = 3};
    ovmf->tdvf[0] =
        (struct tdvf_section){DATA_AT, 0x1800, 0xffffe000, 0x2000, TDVF_BFV, TDVF_MR_EXTEND};
    ovmf->tdvf[1] = (struct tdvf_section){0, 0, 0x800000, 0x2000, TDVF_TD_HOB, 0};
    ovmf->tdvf[2] = (struct tdvf_section){0, 0, 0, 1 * GIB, TDVF_PERM_MEM, TDVF_PAGE_AUG};
}

static void metadata_that_cannot_be_are_refused(void **state)
{
    static const struct tdvf_section bad[] = {
        {DATA_AT, 0x1000, 0x1001, 0x1000, TDVF_BFV, TDVF_MR_EXTEND}, /* address */
        {DATA_AT, 0x1000, 0x1000, 0x1001, TDVF_BFV, TDVF_MR_EXTEND}, /* size */
        {DATA_AT, 0x1000, 0xfffffffffffff000, 0x1000, TDVF_BFV, 0},  /* end of addresses */
        {DATA_AT, 0x4000, 0x1000, 0x4000, TDVF_BFV, TDVF_MR_EXTEND}, /* outside of the file */
        {UINT32_MAX, UINT32_MAX, 0x1000, 1ULL << 33, TDVF_BFV, 0},   /* the same, far */
        {DATA_AT, 0x2000, 0x1000, 0x1000, TDVF_BFV, TDVF_MR_EXTEND}, /* more data than memory */
        {0, 0, 0, 1 * GIB, TDVF_TEMP_MEM, 0},                        /* too large */
        {0, 0, 0, 0x1000, TDVF_PERM_MEM, TDVF_PAGE_AUG | TDVF_MR_EXTEND}, /* nothing to extend */
    };
    uint8_t file[4 * 4096], mrtd[SHA384_SIZE];
    struct ovmf ovmf;
    struct err err;

    (void)state;
    make(&ovmf, file);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        ovmf.tdvf[1] = bad[i];
        assert_fails(tdvf_measure(&ovmf, TDVF_PAGE_BY_PAGE, mrtd, &err), ERR_INPUT);
    }
    ovmf.tdvf_count = 0;
    assert_fails(tdvf_measure(&ovmf, TDVF_PAGE_BY_PAGE, mrtd, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "no TDX metadata"));
}

static void pages_are_added_and_extended_in_either_order(void **state)
{
    uint8_t file[4 * 4096], page[TDX_PAGE_SIZE] = {0}, mrtd[SHA384_SIZE], expected[SHA384_SIZE];
    OWNED_OF(tdx_launch) *launch = tdx_launch_new();
    struct ovmf ovmf;
    struct err err;

    (void)state;
    make(&ovmf, file);
    memcpy(page, file + DATA_AT + 0x1000, 0x800); /* the end of the data, filled up with zeros */

    tdx_launch_add_page(launch, 0xffffe000);
    tdx_launch_extend_page(launch, 0xffffe000, span_of(file + DATA_AT, 4096));
    tdx_launch_add_page(launch, 0xfffff000);
    tdx_launch_extend_page(launch, 0xfffff000, SPAN_OF_ARRAY(page));
    tdx_launch_add_page(launch, 0x800000);
    tdx_launch_add_page(launch, 0x801000);
    tdx_launch_finish(launch, expected);
    assert_ok(tdvf_measure(&ovmf, TDVF_PAGE_BY_PAGE, mrtd, &err));
    assert_memory_equal(mrtd, expected, SHA384_SIZE);

    tdx_launch_add_page(launch, 0xffffe000);
    tdx_launch_add_page(launch, 0xfffff000);
    tdx_launch_extend_page(launch, 0xffffe000, span_of(file + DATA_AT, 4096));
    tdx_launch_extend_page(launch, 0xfffff000, SPAN_OF_ARRAY(page));
    tdx_launch_add_page(launch, 0x800000);
    tdx_launch_add_page(launch, 0x801000);
    tdx_launch_finish(launch, expected);
    assert_ok(tdvf_measure(&ovmf, TDVF_TWO_PASSES, mrtd, &err));
    assert_memory_equal(mrtd, expected, SHA384_SIZE);
}

static void data_of_a_section_is_found_by_its_type(void **state)
{
    uint8_t file[4 * 4096];
    struct ovmf ovmf;

    (void)state;
    make(&ovmf, file);
    assert_int_equal(tdvf_section_data(&ovmf, TDVF_BFV).len, 0x1800);
    assert_int_equal(tdvf_section_data(&ovmf, TDVF_CFV).len, 0);
}

/* Debian's whole firmware file can start a TD; its metadata must be taken whatever the build. */
static void debians_firmware_is_measured(void **state)
{
    OWNED_BUF file = BUF_OF(OVMF_SIZE_MAX);
    uint8_t one[SHA384_SIZE], two[SHA384_SIZE];
    struct ovmf ovmf;
    struct err err;

    (void)state;
    if (file_read("/usr/share/ovmf/OVMF.fd", &file, &err) < 0) {
        printf("SKIP: no /usr/share/ovmf/OVMF.fd\n");
        skip();
    }
    assert_ok(ovmf_parse(buf_span(&file), &ovmf, &err));
    assert_ok(tdvf_measure(&ovmf, TDVF_PAGE_BY_PAGE, one, &err));
    assert_ok(tdvf_measure(&ovmf, TDVF_TWO_PASSES, two, &err));
    assert_memory_not_equal(one, two, SHA384_SIZE);
    assert_true(tdvf_section_data(&ovmf, TDVF_CFV).len > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_that_cannot_be_are_refused),
        cmocka_unit_test(pages_are_added_and_extended_in_either_order),
        cmocka_unit_test(data_of_a_section_is_found_by_its_type),
        cmocka_unit_test(debians_firmware_is_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
