/* PCR 11 of images made here, against the definition written out. */
#include "tests/unit/unit.h"

#include "lib/attest/reference/uki.h"
#include "tests/unit/attest/reference/uki_make.h"

static void extend(uint8_t value[static SHA256_SIZE], struct span measured)
{
    uint8_t both[2 * SHA256_SIZE];

    memcpy(both, value, SHA256_SIZE);
    digest_of(DIGEST_SHA256, measured, both + SHA256_SIZE);
    digest_of(DIGEST_SHA256, SPAN_OF_ARRAY(both), value);
}

static void image_without_a_kernel_is_refused(void **state)
{
    OWNED_BUF image = BUF_OF(UKI_MAX);
    uint8_t value[SHA256_SIZE];
    struct err err;

    (void)state;
    uki_make(&image);
    uki_add(&image, ".osrel", span_of_str("ID=eos"), 6);
    assert_fails(uki_measure(buf_span(&image), DIGEST_SHA256, value, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "no kernel"));
    assert_fails(uki_measure(span_of_str("MZ"), DIGEST_SHA256, value, &err), ERR_INPUT);
}

static void second_section_of_a_name_is_refused(void **state)
{
    OWNED_BUF image = BUF_OF(UKI_MAX);
    uint8_t value[SHA256_SIZE];
    struct err err;

    (void)state;
    uki_make(&image);
    uki_add(&image, ".linux", span_of_str("kernel"), 6);
    uki_add(&image, ".cmdline", span_of_str("quiet"), 5);
    uki_add(&image, ".cmdline", span_of_str("debug"), 5);
    assert_fails(uki_measure(buf_span(&image), DIGEST_SHA256, value, &err), ERR_INPUT);
}

static void section_of_endless_zeros_is_refused(void **state)
{
    OWNED_BUF image = BUF_OF(UKI_MAX);
    uint8_t value[SHA256_SIZE];
    struct err err;

    (void)state;
    uki_make(&image);
    uki_add(&image, ".linux", span_of_str("kernel"), UINT32_MAX);
    assert_fails(uki_measure(buf_span(&image), DIGEST_SHA256, value, &err), ERR_INPUT);
}

/* In the file they stand in another order, and with others that do not count. */
static void sections_are_measured_by_name_in_their_order(void **state)
{
    OWNED_BUF image = BUF_OF(UKI_MAX);
    uint8_t value[SHA256_SIZE], expected[SHA256_SIZE] = {0}, kernel[600] = "kernel";
    struct err err;

    (void)state;
    uki_make(&image);
    uki_add(&image, ".pcrpkey", span_of_str("a key"), 5);
    uki_add(&image, ".text", span_of_str("the stub"), 8);
    uki_add(&image, ".pcrsig", span_of_str("signatures"), 10);
    uki_add(&image, ".linux", span_of(kernel, 512), sizeof(kernel));
    uki_add(&image, ".cmdline", span_of_str("quiet"), 5);
    extend(expected, span_of(".linux", 7));
    extend(expected, SPAN_OF_ARRAY(kernel)); /* zeros at the end are there in memory only */
    extend(expected, span_of(".cmdline", 9));
    extend(expected, span_of_str("quiet")); /* without the padding of the file */
    extend(expected, span_of(".pcrpkey", 9));
    extend(expected, span_of_str("a key"));
    assert_ok(uki_measure(buf_span(&image), DIGEST_SHA256, value, &err));
    assert_memory_equal(value, expected, SHA256_SIZE);

    extend(expected, span_of_str("enter-initrd"));
    uki_enter_phase(uki_phases[0], DIGEST_SHA256, value);
    assert_memory_equal(value, expected, SHA256_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_without_a_kernel_is_refused),
        cmocka_unit_test(second_section_of_a_name_is_refused),
        cmocka_unit_test(section_of_endless_zeros_is_refused),
        cmocka_unit_test(sections_are_measured_by_name_in_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
