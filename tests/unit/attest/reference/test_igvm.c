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
        cmocka_unit_test(files_cut_anywhere_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
