#include "tests/unit/manager/image_make.h"

#include "services/manager-api/fleet/images.h"

static void an_image_is_read_and_checked(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_IMAGE image = {0};
    struct err err;

    (void)state;
    image_make(&dir, "eos", true);
    assert_ok(image_load(dir.path, "eos", &image, &err));
    assert_true(image.record.debug);
    assert_int_equal(image.record.default_memory_mib, 512);
    assert_string_equal(image.record.kernel.file, "vmlinuz");
    assert_ok(image_check(&image, VM_PLATFORM_VM, false, &err));
}

static void a_changed_file_is_found_whichever_it_is(void **state)
{
    static const char *const files[] = {"eos/vmlinuz", "eos/initrd", "eos/firmware.fd"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        SCRATCH dir = scratch_new();
        OWNED_IMAGE image = {0};

        image_make(&dir, "eos", false);
        put(&dir, files[i], "changed!");
        assert_ok(image_load(dir.path, "eos", &image, &err));
        assert_fails(image_check(&image, VM_PLATFORM_VM, false, &err), ERR_UNTRUSTED);
        assert_non_null(strstr(err.text, files[i] + 4));
        assert_non_null(strstr(err.text, "sha256"));
    }
}

static void the_files_of_secure_boot_are_checked_instead_of_the_others(void **state)
{
    static const char *const files[] = {"eos/OVMF_CODE.secboot.fd", "eos/secboot.vars.fd",
                                        "eos/secboot.img"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        SCRATCH dir = scratch_new();
        OWNED_IMAGE image = {0};

        image_make(&dir, "eos", false);
        image_make_signed(&dir, "eos", false);
        put(&dir, "eos/vmlinuz", "changed!"); /* is not what starts */
        assert_ok(image_load(dir.path, "eos", &image, &err));
        assert_ok(image_check(&image, VM_PLATFORM_VM, true, &err));
        assert_fails(image_check(&image, VM_PLATFORM_VM, false, &err), ERR_UNTRUSTED);
        put(&dir, files[i], "changed!");
        assert_fails(image_check(&image, VM_PLATFORM_VM, true, &err), ERR_UNTRUSTED);
        assert_non_null(strstr(err.text, files[i] + 4));
    }
}

static void a_missing_file_or_link_is_found(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_IMAGE image = {0};
    struct err err;

    (void)state;
    image_make(&dir, "eos", false);
    assert_ok(image_load(dir.path, "eos", &image, &err));
    assert_int_equal(rename(in(&dir, "eos/initrd"), in(&dir, "eos/other")), 0);
    assert_fails(image_check(&image, VM_PLATFORM_VM, false, &err), ERR_NOT_FOUND);
    assert_int_equal(symlink("other", in(&dir, "eos/initrd")), 0);
    assert_int_equal(image_check(&image, VM_PLATFORM_VM, false, &err), -1);
}

static void images_that_are_not_there_are_not_found(void **state)
{
    static const char *const names[] = {"none", "", "..", "../eos", "a/b", ".hidden"};
    SCRATCH dir = scratch_new();
    OWNED_IMAGE image = {0};
    struct err err;

    (void)state;
    image_make(&dir, "eos", false);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_fails(image_load(dir.path, names[i], &image, &err), ERR_NOT_FOUND);
}

/* The record with one member changed (NULL: taken out by making it null). */
static void check_record_refused(const char *part, const char *key, struct json *value,
                                 enum err_kind kind, const char *words)
{
    SCRATCH dir = scratch_new();
    OWNED_JSON *record = NULL;
    OWNED_IMAGE image = {0};
    struct err err;

    image_make(&dir, "eos", false);
    record = image_record_of(&dir, "eos", false);
    if (part == NULL) {
        json_set(record, key, value);
    } else {
        struct json *copy = json_new_copy(json_get(record, part));

        json_set(copy, key, value);
        json_set(record, part, copy);
    }
    image_write(&dir, "eos", record);
    assert_fails(image_load(dir.path, "eos", &image, &err), kind);
    if (strstr(err.pointer, words) == NULL && strstr(err.text, words) == NULL)
        fail_msg("'%s' (%s) does not say '%s'", err.text, err.pointer, words);
}

static void bad_records_are_refused(void **state)
{
    (void)state;
    check_record_refused(NULL, "version", json_new_int(2), ERR_UNSUPPORTED, "version 2");
    check_record_refused(NULL, "name", json_new_str("other"), ERR_INPUT, "'other'");
    check_record_refused(NULL, "name", json_new_str("a/b"), ERR_INPUT, "/name");
    check_record_refused(NULL, "debug", json_new_str("no"), ERR_INPUT, "/debug");
    check_record_refused(NULL, "kernel", json_new_str("vmlinuz"), ERR_INPUT, "/kernel");
    check_record_refused("kernel", "file", json_new_str("../../etc/passwd"), ERR_INPUT,
                         "/kernel/file");
    check_record_refused("initrd", "file", json_new_str("/etc/passwd"), ERR_INPUT, "/initrd/file");
    check_record_refused("initrd", "sha256", json_new_str("00"), ERR_INPUT, "/initrd/sha256");
    check_record_refused("firmware", "bytes", json_new_int(-1), ERR_INPUT, "/firmware/bytes");
    check_record_refused("cmdline", "text", json_new_str("quiet init=/bin/sh"), ERR_INPUT,
                         "/cmdline/sha256");
    check_record_refused(NULL, "min_memory_mib", json_new_int(0), ERR_INPUT, "/min_memory_mib");
}

static void text_that_is_no_record_is_refused(void **state)
{
    static const char *const texts[] = {"", "null", "[]", "{", "{}", "{\"version\":1}", "\"x\""};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        SCRATCH dir = scratch_new();
        OWNED_IMAGE image = {0};

        image_make(&dir, "eos", false);
        put(&dir, "eos/image.json", texts[i]);
        assert_int_equal(image_load(dir.path, "eos", &image, &err), -1);
    }
}

static void a_list_has_the_bad_ones_with_their_reason(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_JSON *list = NULL;
    struct err err;

    (void)state;
    image_make(&dir, "eos", false);
    image_make(&dir, "bad", false);
    put(&dir, "bad/image.json", "{}");
    assert_ok(file_make_dirs(in(&dir, "cache"), 0755, &err));
    put(&dir, "file", "x");
    assert_ok(images_list(dir.path, &list, &err));
    assert_int_equal(json_count(list), 2);
    assert_string_equal(json_get_str(json_at(list, 0), "name"), "bad");
    assert_false(json_get_bool(json_at(list, 0), "usable"));
    assert_non_null(json_get_str(json_at(list, 0), "problem"));
    assert_true(json_get_bool(json_at(list, 1), "usable"));
    assert_true(json_get_bool(json_at(list, 1), "default"));
    assert_string_equal(json_get_str(json_get(json_at(list, 1), "record"), "eos_version"), "0.1");
}

static void no_directory_is_said(void **state)
{
    struct json *list = NULL;
    struct err err;

    (void)state;
    assert_fails(images_list("/proc/none", &list, &err), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_read_and_checked),
        cmocka_unit_test(a_changed_file_is_found_whichever_it_is),
        cmocka_unit_test(the_files_of_secure_boot_are_checked_instead_of_the_others),
        cmocka_unit_test(a_missing_file_or_link_is_found),
        cmocka_unit_test(images_that_are_not_there_are_not_found),
        cmocka_unit_test(bad_records_are_refused),
        cmocka_unit_test(text_that_is_no_record_is_refused),
        cmocka_unit_test(a_list_has_the_bad_ones_with_their_reason),
        cmocka_unit_test(no_directory_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
