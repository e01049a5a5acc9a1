/* A small PE32+ made here: which of its bytes the Authenticode digest covers. */
#include "tests/unit/unit.h"

#include "lib/attest/reference/pe.h"

#define PE_AT       0x80
#define OPTIONAL_AT (PE_AT + 24)
#define DIRS_AT     (OPTIONAL_AT + 112)
#define SECTIONS_AT (DIRS_AT + 16 * 8)
#define HEADERS     0x200
#define DATA        0x200 /* bytes of each of the two sections */
#define CERTS       0x40

static void put(uint8_t *file, size_t at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        file[at + i] = (uint8_t)(value >> (8 * i));
}

#define FILE_SIZE (HEADERS + 2 * DATA + CERTS)

/* Two sections, the second one first in the file, and a certificate table at the end. */
static void make_pe(uint8_t file[static FILE_SIZE])
{
    memset(file, 0, FILE_SIZE);
    memcpy(file, "MZ", 2);
    put(file, 0x3c, PE_AT, 4);
    memcpy(file + PE_AT, "PE\0\0", 4);
    put(file, PE_AT + 6, 2, 2);
    put(file, PE_AT + 20, SECTIONS_AT - OPTIONAL_AT, 2);
    put(file, OPTIONAL_AT, 0x20b, 2);
    put(file, OPTIONAL_AT + 60, HEADERS, 4);
    put(file, OPTIONAL_AT + 108, 16, 4);
    put(file, DIRS_AT + 4 * 8, HEADERS + 2 * DATA, 4);
    put(file, DIRS_AT + 4 * 8 + 4, CERTS, 4);
    put(file, SECTIONS_AT + 16, DATA, 4);
    put(file, SECTIONS_AT + 20, HEADERS + DATA, 4);
    put(file, SECTIONS_AT + 40 + 16, DATA, 4);
    put(file, SECTIONS_AT + 40 + 20, HEADERS, 4);
    for (size_t i = HEADERS; i < FILE_SIZE; i++)
        file[i] = (uint8_t)(i * 7);
}

static void digest_pe(const uint8_t *file, size_t len, struct span head,
                      uint8_t out[static SHA256_SIZE])
{
    struct pe_image image = {span_of(file, len), head};
    struct err err;

    assert_ok(pe_authenticode(&image, DIGEST_SHA256, out, &err));
}

static bool covered(size_t at)
{
    return !(at >= OPTIONAL_AT + 64 && at < OPTIONAL_AT + 68) &&
           !(at >= DIRS_AT + 32 && at < DIRS_AT + 40) && at < HEADERS + 2 * DATA;
}

static void every_covered_byte_counts_and_no_other(void **state)
{
    uint8_t file[FILE_SIZE], before[SHA256_SIZE], after[SHA256_SIZE];
    struct err err;

    (void)state;
    make_pe(file);
    digest_pe(file, sizeof(file), span_of(NULL, 0), before);
    for (size_t at = 0; at < sizeof(file); at++) {
        struct pe_image image = {SPAN_OF_ARRAY(file), span_of(NULL, 0)};

        file[at] ^= 1;
        if (pe_authenticode(&image, DIGEST_SHA256, after, &err) == 0 &&
            !(at >= DIRS_AT + 32 && at < DIRS_AT + 40))
            assert_int_equal(memcmp(before, after, sizeof(before)) != 0, covered(at));
        file[at] ^= 1;
    }
}

static void head_replaces_the_first_bytes(void **state)
{
    uint8_t file[FILE_SIZE], changed[FILE_SIZE], one[SHA256_SIZE], two[SHA256_SIZE];

    (void)state;
    make_pe(file);
    make_pe(changed);
    changed[0x70] = 9;
    digest_pe(changed, sizeof(changed), span_of(NULL, 0), one);
    digest_pe(file, sizeof(file), span_of(changed, 0x78), two);
    assert_memory_equal(one, two, sizeof(one));
}

static void malformed_images_are_refused(void **state)
{
    uint8_t file[FILE_SIZE], out[SHA256_SIZE];
    struct pe_image image = {SPAN_OF_ARRAY(file), span_of(NULL, 0)};
    struct err err;

    (void)state;
    make_pe(file);
    for (size_t len = 0; len < HEADERS + 2 * DATA; len++) {
        image.file.len = len;
        assert_fails(pe_authenticode(&image, DIGEST_SHA256, out, &err), ERR_INPUT);
    }
    image.file.len = sizeof(file);
    put(file, SECTIONS_AT + 16, 0xffffffff, 4);
    assert_fails(pe_authenticode(&image, DIGEST_SHA256, out, &err), ERR_INPUT);
    make_pe(file);
    put(file, PE_AT + 6, 0xffff, 2);
    assert_fails(pe_authenticode(&image, DIGEST_SHA256, out, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_covered_byte_counts_and_no_other),
        cmocka_unit_test(head_replaces_the_first_bytes),
        cmocka_unit_test(malformed_images_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
