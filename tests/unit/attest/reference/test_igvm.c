/* IGVM files of known digests, and broken ones. */
#include "tests/unit/attest/igvm_make.h"

#include "lib/json/json.h"

#include <dirent.h>

static const struct {
    const char *member;
    unsigned flags;
} modes[] = {
    {"measure_default", 0},
    {"measure_native_zero", IGVM_NATIVE_ZERO},
    {"measure_check_kvm", IGVM_CHECK_KVM},
};

static void check_measurements(const char *name, const struct json *expected, struct span file)
{
    struct igvm igvm;
    struct err err;

    if (igvm_parse(file, &igvm, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        const struct json *mode = json_get(expected, modes[i].member);
        const char *digest = json_get_str(mode, "digest");
        struct igvm_measurement measured;
        char text[2 * SHA384_SIZE + 1];
        int result =
            igvm_measure(&igvm, IGVM_SNP, modes[i].flags | IGVM_IGNORE_IDBLOCK, &measured, &err);

        if (digest == NULL) {
            assert_int_equal(result, -1);
            continue;
        }
        if (result < 0)
            fail_msg("%s, %s: %s", name, modes[i].member, err.text);
        text_hex(measured.digest, measured.len, text);
        assert_string_equal(text, digest);
        if (json_get(mode, "id_block_matches") != NULL)
            assert_int_equal(igvm_measure(&igvm, IGVM_SNP, modes[i].flags, &measured, &err),
                             json_get_bool(mode, "id_block_matches") ? 0 : -1);
    }
}

static void check_vector(const char *dir, const char *name)
{
    OWNED(free_str) char *file_path = mem_printf("%s/igvm/%s/%s.igvm", dir, name, name);
    OWNED(free_str) char *json_path = mem_printf("%s/igvm/%s/expected.json", dir, name);
    OWNED_BUF file = BUF_OF(64 * MIB), text = BUF_OF(1 * MIB);
    OWNED_JSON *expected = NULL;
    struct igvm igvm;
    struct err err;

    assert_ok(file_read(file_path, &file, &err));
    assert_ok(file_read(json_path, &text, &err));
    assert_ok(json_parse(buf_span(&text), &expected, &err));
    if (json_get(expected, "expect") != NULL)
        assert_fails(igvm_parse(buf_span(&file), &igvm, &err), ERR_INPUT);
    else
        check_measurements(name, expected, buf_span(&file));
}

static void vectors_give_their_digests(void **state)
{
    OWNED(free_str) char *path = NULL;
    struct dirent *entry;
    int count = 0;
    DIR *dir;

    (void)state;
    if (vectors_dir() == NULL)
        skip();
    path = mem_printf("%s/igvm", vectors_dir());
    dir = opendir(path);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        OWNED(free_str) char *marker = mem_printf("%s/%s/expected.json", path, entry->d_name);
        OWNED_BUF probe = BUF_OF(1 * MIB);
        struct err err;

        if (entry->d_name[0] == '.' || file_read(marker, &probe, &err) < 0)
            continue;
        check_vector(vectors_dir(), entry->d_name);
        count++;
    }
    closedir(dir);
    assert_true(count >= 14);
}

/* --- files made here --- */

static void platforms_measure_their_own_pages(void **state)
{
    OWNED_BUF file = BUF_OF(4096);
    struct igvm_measurement one, two, tdx, sev;
    struct igvm igvm;
    struct err err;

    (void)state;
    igvm_begin(&file);
    igvm_add_platform(&file, IGVM_SNP, 1);
    igvm_add_platform(&file, IGVM_TDX, 2);
    igvm_add_platform(&file, IGVM_SEV, 4);
    igvm_add_page(&file, 0x1000, 1, 0, 0);
    igvm_add_page(&file, 0x2000, 6, 0, 0);
    igvm_seal(&file, file.len);
    assert_ok(igvm_parse(buf_span(&file), &igvm, &err));
    assert_ok(igvm_measure(&igvm, IGVM_SNP, 0, &one, &err));
    assert_ok(igvm_measure(&igvm, IGVM_SNP, IGVM_NATIVE_ZERO, &two, &err));
    assert_ok(igvm_measure(&igvm, IGVM_TDX, 0, &tdx, &err));
    assert_ok(igvm_measure(&igvm, IGVM_SEV, 0, &sev, &err));
    assert_memory_not_equal(one.digest, two.digest, SHA384_SIZE);
    assert_memory_not_equal(one.digest, tdx.digest, SHA384_SIZE);
    assert_int_equal(sev.len, SHA256_SIZE);
    assert_fails(igvm_measure(&igvm, IGVM_SEV_ES, 0, &sev, &err), ERR_INPUT);
    assert_fails(igvm_measure(&igvm, IGVM_CCA, 0, &sev, &err), ERR_UNSUPPORTED);
}

static void sections_out_of_order_are_refused(void **state)
{
    OWNED_BUF file = BUF_OF(4096);
    struct igvm igvm;
    struct err err;

    (void)state;
    igvm_begin(&file);
    igvm_add_page(&file, 0x1000, 1, 0, 0);
    igvm_add_platform(&file, IGVM_SNP, 1);
    igvm_seal(&file, file.len);
    assert_fails(igvm_parse(buf_span(&file), &igvm, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "behind a later section"));
}

static void unknown_headers_need_the_optional_bit(void **state)
{
    for (int optional = 0; optional < 2; optional++) {
        OWNED_BUF file = BUF_OF(4096);
        struct igvm igvm;
        struct err err;

        (void)state;
        igvm_begin(&file);
        igvm_add_platform(&file, IGVM_SNP, 1);
        buf_add_le32(&file, optional ? 0x80000377 : 0x377);
        buf_add_le32(&file, 5);
        buf_add_le64(&file, 0);
        igvm_seal(&file, file.len);
        assert_int_equal(igvm_parse(buf_span(&file), &igvm, &err), optional ? 0 : -1);
    }
}

static void a_file_of_another_length_than_it_says_is_refused(void **state)
{
    (void)state;
    for (int by = -1; by <= 1; by++) {
        OWNED_BUF file = BUF_OF(4096);
        struct igvm igvm;
        struct err err;

        igvm_begin(&file);
        igvm_add_platform(&file, IGVM_SNP, 1);
        igvm_add_page(&file, 0x1000, 1, 0, 0);
        igvm_seal(&file, file.len);
        buf_add_u8(&file, 0);
        file.len = file.len - 1 + (size_t)by;
        if (by == 0) {
            assert_ok(igvm_parse(buf_span(&file), &igvm, &err));
            continue;
        }
        assert_fails(igvm_parse(buf_span(&file), &igvm, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, "the header says"));
    }
}

static void headers_without_data_are_refused(void **state)
{
    OWNED_BUF file = BUF_OF(4096);
    struct igvm igvm;
    struct err err;

    (void)state;
    igvm_begin(&file);
    igvm_add_platform(&file, IGVM_SNP, 1);
    igvm_add_page(&file, 0x1000, 1, 0, 0);
    igvm_seal(&file, file.len);
    assert_ok(igvm_parse(buf_span(&file), &igvm, &err));
    file.len -= 8;
    igvm_put32(&file, 16, (uint32_t)file.len);
    igvm_put32(&file, 20, 0);
    igvm_put32(&file, 20, crc32_add(0, buf_span(&file)));
    assert_fails(igvm_parse(buf_span(&file), &igvm, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "no data follows"));
}

/* The second form of the fixed header has two members more, and the headers stand behind them. */
static void both_forms_of_the_fixed_header_are_read(void **state)
{
    for (uint32_t version = 1; version <= 3; version++) {
        OWNED_BUF file = BUF_OF(4096);
        struct igvm igvm;
        struct err err;
        int result;

        (void)state;
        igvm_begin(&file);
        buf_add_le64(&file, 0x100000000000); /* architecture, page size */
        igvm_put32(&file, 4, version);
        igvm_add_platform(&file, IGVM_SNP, 1);
        igvm_add_page(&file, 0x1000, 1, 0, 0);
        igvm_seal(&file, file.len);
        igvm_put32(&file, 8, version == 1 ? 24 : 32);
        igvm_put32(&file, 12, (uint32_t)(file.len - 8) - (version == 1 ? 24 : 32));
        igvm_put32(&file, 20, 0);
        igvm_put32(&file, 20, crc32_add(0, span_of(file.data, file.len - 8)));
        result = igvm_parse(buf_span(&file), &igvm, &err);
        assert_int_equal(result, version == 2 ? 0 : -1);
        if (version == 2)
            assert_int_equal(igvm.header_count, 2);
        igvm_put32(&file, 8, 24); /* over the longer header */
        igvm_put32(&file, 12, (uint32_t)file.len - 8 - 24);
        igvm_put32(&file, 20, 0);
        igvm_put32(&file, 20, crc32_add(0, span_of(file.data, file.len - 8)));
        assert_fails(igvm_parse(buf_span(&file), &igvm, &err), ERR_INPUT);
    }
}

/* One header, wrong in one way. */
static void expect_header(void (*add)(struct buf *file), const char *words)
{
    OWNED_BUF file = BUF_OF(16 * KIB);
    struct igvm igvm;
    struct err err;

    igvm_begin(&file);
    igvm_add_platform(&file, IGVM_SNP, 1);
    add(&file);
    igvm_seal(&file, file.len);
    assert_fails(igvm_parse(buf_span(&file), &igvm, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, words));
}

static void add_page_off_its_boundary(struct buf *file)
{
    igvm_add_page(file, 0x1008, 1, 0, 0);
}

static void add_insert_off_its_boundary(struct buf *file)
{
    igvm_add_insert(file, 0x1008, 1);
}

static void add_context_off_its_boundary(struct buf *file)
{
    igvm_add_vp(file, 0x1008, 0);
}

static void add_page_of_headers(struct buf *file)
{
    igvm_add_page(file, 0x1000, 1, 24, 0);
}

static void add_context_without_data(struct buf *file)
{
    igvm_add_vp(file, 0x1000, 0);
}

static void add_page_beyond_the_end(struct buf *file)
{
    igvm_add_page(file, 0x1000, 1, 0xfffff001, 0);
}

static void add_same_mask(struct buf *file)
{
    igvm_add_platform(file, IGVM_TDX, 1);
}

static void add_mask_of_two(struct buf *file)
{
    igvm_add_platform(file, IGVM_TDX, 6);
}

static void add_empty_mask(struct buf *file)
{
    igvm_add_platform(file, IGVM_TDX, 0);
}

static void add_unknown_platform(struct buf *file)
{
    igvm_add_platform(file, IGVM_PLATFORM_COUNT, 2);
}

static void add_two_id_blocks(struct buf *file)
{
    static const uint8_t block[112];

    for (int i = 0; i < 2; i++) {
        buf_add_le32(file, IGVM_SNP_ID_BLOCK);
        buf_add_le32(file, sizeof(block));
        buf_add(file, block, sizeof(block));
    }
}

static void add_short_page(struct buf *file)
{
    buf_add_le32(file, IGVM_PAGE_DATA);
    buf_add_le32(file, 16);
    buf_add_le64(file, 0x1000);
    buf_add_le64(file, 0);
}

static void add_of_no_section(struct buf *file)
{
    buf_add_le32(file, 0x80000201);
    buf_add_le32(file, 0);
}

static void headers_that_are_wrong_are_refused_and_named(void **state)
{
    (void)state;
    expect_header(add_page_off_its_boundary, "the page's address");
    expect_header(add_insert_off_its_boundary, "the area's address");
    expect_header(add_context_off_its_boundary, "the context's address");
    expect_header(add_page_of_headers, "outside of the file's data");
    expect_header(add_context_without_data, "outside of the file's data");
    expect_header(add_page_beyond_the_end, "outside of the file's data");
    expect_header(add_same_mask, "share a compatibility mask");
    expect_header(add_mask_of_two, "exactly one bit");
    expect_header(add_empty_mask, "exactly one bit");
    expect_header(add_unknown_platform, "unknown platform");
    expect_header(add_two_id_blocks, "a second ID block");
    expect_header(add_short_page, "shorter than its type needs");
    expect_header(add_of_no_section, "of no known section");
}

static void files_cut_anywhere_are_refused(void **state)
{
    OWNED_BUF file = BUF_OF(4096);
    struct igvm igvm;
    struct err err;

    (void)state;
    igvm_begin(&file);
    igvm_add_platform(&file, IGVM_SNP, 1);
    igvm_add_page(&file, 0x1000, 1, 0, 0);
    for (size_t len = 0; len < file.len; len++) {
        OWNED_BUF cut = BUF_OF(4096);

        buf_add(&cut, file.data, len);
        if (len >= 24)
            igvm_seal(&cut, len);
        if (len == 24 || len == 48) /* ends between two headers: whole, if empty */
            continue;
        assert_fails(igvm_parse(buf_span(&cut), &igvm, &err), ERR_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_give_their_digests),
        cmocka_unit_test(platforms_measure_their_own_pages),
        cmocka_unit_test(sections_out_of_order_are_refused),
        cmocka_unit_test(unknown_headers_need_the_optional_bit),
        cmocka_unit_test(a_file_of_another_length_than_it_says_is_refused),
        cmocka_unit_test(headers_without_data_are_refused),
        cmocka_unit_test(both_forms_of_the_fixed_header_are_read),
        cmocka_unit_test(headers_that_are_wrong_are_refused_and_named),
        cmocka_unit_test(files_cut_anywhere_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
