/* The tables of a firmware file, each wrong in one way, and what a kernel's hashes need of them. */
#include "tests/unit/unit.h"

#include "lib/attest/reference/ovmf.h"
#include "lib/attest/reference/sev_hashes.h"
#include "lib/attest/reference/sev_measure.h"

#define METADATA_AT 1024u /* from the end */

enum { HASH_TABLE, RESET_BLOCK, SEV_METADATA, TDX_METADATA, OTHER };

static const uint8_t guids[][16] = {
    [HASH_TABLE] = {0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b, 0x92, 0x7b, 0x1d, 0xa6, 0xef,
                    0xa8, 0xd4, 0x54},
    [RESET_BLOCK] = {0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f, 0x89, 0x0e, 0x68, 0xc7, 0x7e,
                     0x2f, 0xb4, 0x4e},
    [SEV_METADATA] = {0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47, 0xa7, 0x5e, 0x55, 0x85, 0xa7,
                      0xbf, 0x67, 0xcc},
    [TDX_METADATA] = {0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47, 0x86, 0x5e, 0x46, 0x85, 0xa7,
                      0xbf, 0x8e, 0xc2},
    [OTHER] = {1},
};
static const uint8_t footer[16] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
                                   0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};

/* One page of firmware under construction; what is in it is laid out by seal(). */
struct image {
    struct buf table, metadata;
    uint8_t bytes[4096];
};

static void image_done(struct image *image)
{
    buf_done(&image->table);
    buf_done(&image->metadata);
}
#define OWNED_IMAGE __attribute__((cleanup(image_done))) struct image

static void add_entry(struct image *image, int guid, const uint32_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add_le32(&image->table, values[i]);
    buf_add_le16(&image->table, (uint16_t)(4 * count + 18));
    buf_add(&image->table, guids[guid], 16);
}

static void add_section(struct image *image, uint32_t gpa, uint32_t size, uint32_t type)
{
    buf_add_le32(&image->metadata, gpa);
    buf_add_le32(&image->metadata, size);
    buf_add_le32(&image->metadata, type);
}

/* SEV metadata of one section for kernel hashes, the table's address, and where processors start.
 */
static void begin(struct image *image)
{
    *image = (struct image){.table = BUF_OF(1 * KIB), .metadata = BUF_OF(4 * KIB)};
    buf_add_str(&image->metadata, "ASEV");
    buf_add_le32(&image->metadata, 16 + 12);
    buf_add_le32(&image->metadata, 1);
    buf_add_le32(&image->metadata, 1);
}

static struct span seal(struct image *image)
{
    size_t end = sizeof(image->bytes) - 32;

    memcpy(image->bytes + sizeof(image->bytes) - METADATA_AT, image->metadata.data,
           image->metadata.len);
    buf_add_le16(&image->table, (uint16_t)(image->table.len + 18));
    buf_add(&image->table, footer, 16);
    memcpy(image->bytes + end - image->table.len, image->table.data, image->table.len);
    return SPAN_OF_ARRAY(image->bytes);
}

static void make(struct image *image, const uint32_t *hash_table, uint32_t section_size)
{
    begin(image);
    add_section(image, 0x810000, section_size, OVMF_KERNEL_HASHES);
    if (hash_table != NULL)
        add_entry(image, HASH_TABLE, hash_table, 2);
    add_entry(image, OTHER, (const uint32_t[]){1, 2, 3}, 3);
    add_entry(image, SEV_METADATA, (const uint32_t[]){METADATA_AT}, 1);
    add_entry(image, RESET_BLOCK, (const uint32_t[]){0x80b004}, 1);
}

static void refused(struct span image, const char *words)
{
    struct ovmf ovmf;
    struct err err;

    assert_fails(ovmf_parse(image, &ovmf, &err), ERR_INPUT);
    if (strstr(err.text, words) == NULL)
        fail_msg("expected '%s', got '%s'", words, err.text);
}

/* --- the table ------------------------------------------------------------------------------- */

static void what_the_table_names_is_read(void **state)
{
    struct ovmf ovmf;
    struct err err;
    OWNED_IMAGE image;

    (void)state;
    make(&image, (const uint32_t[]){0x810c00, 0x400}, 4096);
    assert_ok(ovmf_parse(seal(&image), &ovmf, &err));
    assert_int_equal(ovmf.hash_table_gpa, 0x810c00);
    assert_int_equal(ovmf.ap_eip, 0x80b004);
    assert_int_equal(ovmf.section_count, 1);
    assert_int_equal(ovmf_find_section(&ovmf, OVMF_KERNEL_HASHES)->gpa, 0x810000);
    assert_null(ovmf_find_section(&ovmf, OVMF_SECRETS));
}

static void an_entry_twice_is_refused(void **state)
{
    for (int guid = HASH_TABLE; guid <= SEV_METADATA; guid++) {
        OWNED_IMAGE image;

        (void)state;
        make(&image, (const uint32_t[]){0x810c00, 0x400}, 4096);
        add_entry(&image, guid, (const uint32_t[]){METADATA_AT, 0x400}, 2);
        refused(seal(&image), "twice");
    }
}

static void entries_of_a_wrong_size_are_refused(void **state)
{
    OWNED_IMAGE none, beyond, small;
    struct span bytes;

    (void)state;
    begin(&none);
    add_section(&none, 0x810000, 4096, OVMF_KERNEL_HASHES);
    add_entry(&none, HASH_TABLE, (const uint32_t[]){1}, 1);
    refused(seal(&none), "has only 4 bytes");

    make(&beyond, NULL, 4096);
    bytes = seal(&beyond);
    beyond.bytes[4096 - 32 - 18 - 18] = 0xff; /* the size of the last entry */
    refused(bytes, "table entry");
    beyond.bytes[4096 - 32 - 18 - 18] = 17;
    refused(bytes, "table entry");

    make(&small, NULL, 4096);
    bytes = seal(&small);
    small.bytes[4096 - 32 - 18] = 17; /* the size of the table */
    refused(bytes, "does not fit");
    small.bytes[4096 - 32 - 17] = 0xff;
    refused(bytes, "does not fit");
    small.bytes[4096 - 33] ^= 1;
    refused(bytes, "no table of GUIDs");
    refused(span_of(small.bytes, 4095), "no firmware image");
}

/* --- metadata -------------------------------------------------------------------------------- */

static void metadata_elsewhere_or_of_another_kind_is_refused(void **state)
{
    static const struct {
        size_t at; /* in the metadata; SIZE_MAX: its place in the table */
        uint32_t value;
        const char *words;
    } rows[] = {
        {0, 0x56455342, "not of version 1"},
        {8, 2, "not of version 1"},
        {4, 0x1000, "not of version 1"},
        {4, 16, "ends after 16 bytes"},
        {12, 65, "has 65 sections"},
        {12, 64, "ends after"},
        {16, 0x810001, "is not made of pages"},
        {20, 0x1001, "is not made of pages"},
        {SIZE_MAX, 4097, "before the end of 4096"},
        {SIZE_MAX, 15, "not of version 1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool place = rows[i].at == SIZE_MAX;
        OWNED_IMAGE image;

        begin(&image);
        add_section(&image, 0x810000, 4096, OVMF_KERNEL_HASHES);
        add_entry(&image, SEV_METADATA, (const uint32_t[]){place ? rows[i].value : METADATA_AT}, 1);
        for (size_t k = 0; !place && k < 4; k++)
            image.metadata.data[rows[i].at + k] = (uint8_t)(rows[i].value >> 8 * k);
        refused(seal(&image), rows[i].words);
    }
}

static void metadata_of_a_td_is_refused_alike(void **state)
{
    static const struct {
        const char *magic;
        uint32_t version, count, place;
        const char *words;
    } rows[] = {
        {"TDVF", 1, 1, METADATA_AT, NULL},
        {"TDVG", 1, 1, METADATA_AT, "not of version 1"},
        {"TDVF", 2, 1, METADATA_AT, "not of version 1"},
        {"TDVF", 1, 65, METADATA_AT, "has 65 sections"},
        {"TDVF", 1, 32, METADATA_AT, "over the end"},
        {"TDVF", 1, 1, 4097, "before the end of 4096"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ovmf ovmf;
        struct err err;
        OWNED_IMAGE image;

        begin(&image);
        buf_reset(&image.metadata);
        buf_add_str(&image.metadata, rows[i].magic);
        buf_add_le32(&image.metadata, 48);
        buf_add_le32(&image.metadata, rows[i].version);
        buf_add_le32(&image.metadata, rows[i].count);
        for (int k = 0; k < 4; k++)
            buf_add_le64(&image.metadata, 4096);
        add_entry(&image, TDX_METADATA, &rows[i].place, 1);
        if (rows[i].words != NULL) {
            refused(seal(&image), rows[i].words);
            continue;
        }
        assert_ok(ovmf_parse(seal(&image), &ovmf, &err));
        assert_int_equal(ovmf.tdvf_count, 1);
    }
}

/* --- a kernel's hashes ----------------------------------------------------------------------- */

static int measure(struct image *image, bool kernel, uint8_t digest[static SHA384_SIZE],
                   struct err *err)
{
    const struct sev_files files = {.ovmf = seal(image),
                                    .has_kernel = kernel,
                                    .kernel = span_of_str("kernel"),
                                    .initrd = span_of_str("initrd"),
                                    .append = "quiet"};
    struct sev_measurement measurement;

    if (sev_measure_begin(SEV_MODE_SNP, VMSA_QEMU, &files, &measurement, err) < 0)
        return -1;
    memcpy(digest, measurement.launch.digest, SHA384_SIZE);
    return 0;
}

/* The page of hashes, at the place in it that the table names. */
static void hashes_stand_where_the_table_says(void **state)
{
    static const uint32_t places[] = {0x810000, 0x810c00, 0x811000 - SEV_HASHES_SIZE};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        OWNED_DIGEST *sha384 = digest_new(DIGEST_SHA384);
        uint8_t digest[SHA384_SIZE], page[4096] = {0};
        struct snp_launch launch;
        struct err err;
        OWNED_IMAGE image;

        make(&image, (const uint32_t[]){places[i], 0x400}, 4096);
        assert_ok(measure(&image, true, digest, &err));
        sev_hashes_make(span_of_str("kernel"), span_of_str("initrd"), "quiet",
                        page + (places[i] & 4095));
        snp_launch_begin(&launch, sha384);
        snp_launch_add_page(&launch, SNP_PAGE_NORMAL, 4 * GIB - 4096, SPAN_OF_ARRAY(image.bytes));
        snp_launch_add_page(&launch, SNP_PAGE_NORMAL, 0x810000, SPAN_OF_ARRAY(page));
        assert_memory_equal(digest, launch.digest, SHA384_SIZE);
    }
}

static void a_kernel_whose_hashes_have_no_place_is_refused(void **state)
{
    static const struct {
        bool table;
        uint32_t gpa, section_size;
        const char *words;
    } rows[] = {
        {false, 0, 4096, "no room"},
        {true, 0, 4096, "no room"}, /* as builds without a table say it */
        {true, 0x811001 - SEV_HASHES_SIZE, 4096, "no room"},
        {true, 0x810c00, 8192, "expected one page"},
        {true, 0x810c00, 0, "expected one page"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const uint32_t table[] = {rows[i].gpa, 0x400};
        uint8_t digest[SHA384_SIZE];
        struct err err;
        OWNED_IMAGE image, alone;

        make(&image, rows[i].table ? table : NULL, rows[i].section_size);
        assert_fails(measure(&image, true, digest, &err), ERR_INPUT);
        if (strstr(err.text, rows[i].words) == NULL)
            fail_msg("row %zu: '%s'", i, err.text);
        make(&alone, rows[i].table ? table : NULL, rows[i].section_size);
        assert_ok(measure(&alone, false, digest, &err));
    }
}

static void a_kernel_without_a_section_for_its_hashes_is_refused(void **state)
{
    uint8_t digest[SHA384_SIZE];
    struct err err;
    OWNED_IMAGE image;

    (void)state;
    begin(&image);
    add_section(&image, 0x810000, 4096, OVMF_SEC_MEM);
    add_entry(&image, HASH_TABLE, (const uint32_t[]){0x810c00, 0x400}, 2);
    add_entry(&image, SEV_METADATA, (const uint32_t[]){METADATA_AT}, 1);
    assert_fails(measure(&image, true, digest, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "would not be measured"));
}

/* --- what has no measurement at all ---------------------------------------------------------- */

static void what_is_no_firmware_is_measured_in_no_mode(void **state)
{
    struct sev_measurement measurement;
    OWNED_IMAGE image;
    struct span bytes;
    struct err err;

    (void)state;
    make(&image, NULL, 4096);
    bytes = seal(&image);
    image.bytes[4096 - 33] ^= 1; /* of the table's GUID */
    for (int mode = 0; sev_mode_names[mode] != NULL; mode++) {
        const struct sev_files files = {.ovmf = bytes, .svsm = bytes};

        assert_fails(sev_measure_begin((enum sev_mode)mode, VMSA_QEMU, &files, &measurement, &err),
                     ERR_INPUT);
        assert_non_null(strstr(err.text, "no table of GUIDs"));
    }
}

static void processors_that_cannot_start_are_not_measured(void **state)
{
    static const struct {
        bool reset_block;
        uint32_t count;
        bool good;
    } rows[] = {
        {true, 0, false},
        {true, 1, true},
        {true, SEV_VCPUS_MAX, true},
        {true, SEV_VCPUS_MAX + 1, false},
        {false, 1, true},
        {false, 2, false}, /* the second one would start nowhere */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct sev_vcpus vcpus = {rows[i].count, 0x800f12, 0x1};
        struct sev_measurement measurement;
        struct sev_files files = {0};
        uint8_t digest[SHA384_SIZE];
        OWNED_IMAGE image;
        size_t len;
        struct err err;

        begin(&image);
        add_section(&image, 0x810000, 4096, OVMF_SEC_MEM);
        add_entry(&image, SEV_METADATA, (const uint32_t[]){METADATA_AT}, 1);
        if (rows[i].reset_block)
            add_entry(&image, RESET_BLOCK, (const uint32_t[]){0x80b004}, 1);
        files.ovmf = seal(&image);
        assert_ok(sev_measure_begin(SEV_MODE_SNP, VMSA_QEMU, &files, &measurement, &err));
        if ((sev_measure_finish(&measurement, &vcpus, digest, &len, &err) == 0) != rows[i].good)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_table_names_is_read),
        cmocka_unit_test(an_entry_twice_is_refused),
        cmocka_unit_test(entries_of_a_wrong_size_are_refused),
        cmocka_unit_test(metadata_elsewhere_or_of_another_kind_is_refused),
        cmocka_unit_test(metadata_of_a_td_is_refused_alike),
        cmocka_unit_test(hashes_stand_where_the_table_says),
        cmocka_unit_test(a_kernel_whose_hashes_have_no_place_is_refused),
        cmocka_unit_test(a_kernel_without_a_section_for_its_hashes_is_refused),
        cmocka_unit_test(what_is_no_firmware_is_measured_in_no_mode),
        cmocka_unit_test(processors_that_cannot_start_are_not_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
