#include "tests/unit/attest/igvm_make.h"

#include "lib/attest/reference/igvm_policy.h"

#define UNMEASURED 2

static void add_area(struct buf *file, uint32_t offset)
{
    buf_add_le32(file, IGVM_PARAMETER_AREA);
    buf_add_le32(file, 16);
    buf_add_le64(file, 4096);
    buf_add_le32(file, 0);
    buf_add_le32(file, offset);
}

/* Seals a file and puts one page of contents behind its headers. */
static void finish(struct buf *file)
{
    size_t end = file->len;

    memset(buf_grow(file, 4096), 0x5a, 4096);
    igvm_seal(file, end);
}

static void contents_that_nothing_measures_are_no_reference(void **state)
{
    /* fixed header 24, platform 24, then one directive of 32 or 24 bytes, then the contents */
    OWNED_BUF page = BUF_OF(16384), area = BUF_OF(16384);
    OWNED_JSON *policy = NULL;
    struct err err;

    (void)state;
    igvm_begin(&page);
    igvm_add_platform(&page, IGVM_SNP, 1);
    igvm_add_page(&page, 0x1000, 1, 80, UNMEASURED);
    finish(&page);
    assert_fails(igvm_make_policy(buf_span(&page), &policy, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "the page at offset 48 has contents that are not measured"));

    igvm_begin(&area);
    igvm_add_platform(&area, IGVM_SNP, 1);
    add_area(&area, 72);
    finish(&area);
    assert_fails(igvm_make_policy(buf_span(&area), &policy, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "the parameter area at offset 48 has contents"));
}

static void what_the_host_fills_and_other_platforms_have_is_no_matter(void **state)
{
    OWNED_BUF file = BUF_OF(16384);
    OWNED_JSON *policy = NULL;
    struct err err;

    (void)state;
    igvm_begin(&file);
    igvm_add_platform(&file, IGVM_SNP, 1);
    igvm_add_platform(&file, IGVM_SEV, 2);
    igvm_add_page(&file, 0x1000, 1, 0, UNMEASURED);   /* no contents in the file */
    igvm_add_page(&file, 0x2000, 2, 192, UNMEASURED); /* another platform's */
    igvm_add_page(&file, 0x3000, 1, 192, 0);
    add_area(&file, 0);
    finish(&file);
    assert_ok(igvm_make_policy(buf_span(&file), &policy, &err));
    assert_int_equal(json_count(json_get(json_get(policy, "snp"), "measurement")), 1);
    assert_null(json_get(policy, "tdx"));
}

static void each_platform_gets_its_part_and_both_kinds_of_zeros(void **state)
{
    OWNED_BUF file = BUF_OF(16384);
    OWNED_JSON *policy = NULL;
    struct igvm igvm;
    struct igvm_measurement plain, native, tdx;
    const struct json *digests;
    char text[2 * SHA384_SIZE + 1];
    struct err err;

    (void)state;
    igvm_begin(&file);
    igvm_add_platform(&file, IGVM_SNP, 1);
    igvm_add_platform(&file, IGVM_TDX, 2);
    igvm_add_page(&file, 0x1000, 3, 0, 0);
    igvm_seal(&file, file.len);
    assert_ok(igvm_parse(buf_span(&file), &igvm, &err));
    assert_ok(igvm_measure(&igvm, IGVM_SNP, 0, &plain, &err));
    assert_ok(igvm_measure(&igvm, IGVM_SNP, IGVM_NATIVE_ZERO, &native, &err));
    assert_ok(igvm_measure(&igvm, IGVM_TDX, 0, &tdx, &err));

    assert_ok(igvm_make_policy(buf_span(&file), &policy, &err));
    digests = json_get(json_get(policy, "snp"), "measurement");
    assert_int_equal(json_count(digests), 2);
    text_hex(plain.digest, plain.len, text);
    assert_string_equal(json_str(json_at(digests, 0)), text);
    text_hex(native.digest, native.len, text);
    assert_string_equal(json_str(json_at(digests, 1)), text);
    digests = json_get(json_get(policy, "tdx"), "mrtd");
    assert_int_equal(json_count(digests), 1);
    text_hex(tdx.digest, tdx.len, text);
    assert_string_equal(json_str(json_at(digests, 0)), text);
}

static void files_that_no_evidence_can_match_are_refused(void **state)
{
    OWNED_BUF file = BUF_OF(16384), odd = BUF_OF(64);
    OWNED_JSON *policy = NULL;
    struct err err;

    (void)state;
    igvm_begin(&file);
    igvm_add_platform(&file, IGVM_SEV, 1);
    igvm_add_page(&file, 0x1000, 1, 0, 0);
    igvm_seal(&file, file.len);
    assert_fails(igvm_make_policy(buf_span(&file), &policy, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "neither snp nor tdx"));
    buf_add_str(&odd, "not an IGVM file");
    assert_fails(igvm_make_policy(buf_span(&odd), &policy, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contents_that_nothing_measures_are_no_reference),
        cmocka_unit_test(files_that_no_evidence_can_match_are_refused),
        cmocka_unit_test(what_the_host_fills_and_other_platforms_have_is_no_matter),
        cmocka_unit_test(each_platform_gets_its_part_and_both_kinds_of_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
