/* PCR 11 of images made here, against the definition written out. */
#include "tests/unit/unit.h"

#include "lib/attest/reference/uki.h"
#include "lib/base/buf.h"

#define HEADERS   0x400
#define IMAGE_MAX (64 * KIB)

static void put(struct buf *out, size_t at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        out->data[at + i] = (uint8_t)(value >> (8 * i));
}

/* A PE32+ file without sections. */
static void make_image(struct buf *out)
{
    memset(buf_grow(out, HEADERS), 0, HEADERS);
    memcpy(out->data, "MZ", 2);
    put(out, 0x3c, 0x40, 4);
    memcpy(out->data + 0x40, "PE\0\0", 4);
    put(out, 0x40 + 20, 0xf0, 2);
    put(out, 0x58, 0x20b, 2);
    put(out, 0x58 + 60, HEADERS, 4);
    put(out, 0x58 + 108, 16, 4);
}

/* One more section, its data padded to 512 bytes. */
static void add_section(struct buf *out, const char *name, struct span data, size_t in_memory)
{
    size_t count = out->data[0x46]++, row = 0x58 + 0xf0 + count * 40, at = out->len;

    memcpy(out->data + row, name, strlen(name));
    put(out, row + 8, in_memory, 4);
    buf_add_span(out, data);
    while (out->len % 512 != 0)
        buf_add_u8(out, 0xee);
    put(out, row + 16, out->len - at, 4);
    put(out, row + 20, at, 4);
}

static void extend(uint8_t value[static SHA256_SIZE], struct span measured)
{
    uint8_t both[2 * SHA256_SIZE];

    memcpy(both, value, SHA256_SIZE);
    digest_of(DIGEST_SHA256, measured, both + SHA256_SIZE);
    digest_of(DIGEST_SHA256, SPAN_OF_ARRAY(both), value);
}

static void image_without_a_kernel_is_refused(void **state)
{
    OWNED_BUF image = BUF_OF(IMAGE_MAX);
    uint8_t value[SHA256_SIZE];
    struct err err;

    (void)state;
    make_image(&image);
    add_section(&image, ".osrel", span_of_str("ID=eos"), 6);
    assert_fails(uki_measure(buf_span(&image), DIGEST_SHA256, value, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "no kernel"));
    assert_fails(uki_measure(span_of_str("MZ"), DIGEST_SHA256, value, &err), ERR_INPUT);
}

static void second_section_of_a_name_is_refused(void **state)
{
    OWNED_BUF image = BUF_OF(IMAGE_MAX);
    uint8_t value[SHA256_SIZE];
    struct err err;

    (void)state;
    make_image(&image);
    add_section(&image, ".linux", span_of_str("kernel"), 6);
    add_section(&image, ".cmdline", span_of_str("quiet"), 5);
    add_section(&image, ".cmdline", span_of_str("debug"), 5);
    assert_fails(uki_measure(buf_span(&image), DIGEST_SHA256, value, &err), ERR_INPUT);
}

static void section_of_endless_zeros_is_refused(void **state)
{
    OWNED_BUF image = BUF_OF(IMAGE_MAX);
    uint8_t value[SHA256_SIZE];
    struct err err;

    (void)state;
    make_image(&image);
    add_section(&image, ".linux", span_of_str("kernel"), UINT32_MAX);
    assert_fails(uki_measure(buf_span(&image), DIGEST_SHA256, value, &err), ERR_INPUT);
}

/* In the file they stand in another order, and with others that do not count. */
static void sections_are_measured_by_name_in_their_order(void **state)
{
    OWNED_BUF image = BUF_OF(IMAGE_MAX);
    uint8_t value[SHA256_SIZE], expected[SHA256_SIZE] = {0}, kernel[600] = "kernel";
    struct err err;

    (void)state;
    make_image(&image);
    add_section(&image, ".pcrpkey", span_of_str("a key"), 5);
    add_section(&image, ".text", span_of_str("the stub"), 8);
    add_section(&image, ".pcrsig", span_of_str("signatures"), 10);
    add_section(&image, ".linux", span_of(kernel, 512), sizeof(kernel));
    add_section(&image, ".cmdline", span_of_str("quiet"), 5);
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
