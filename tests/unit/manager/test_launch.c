#include "tests/unit/manager/image_make.h"

#include "services/manager-api/fleet/launch.h"
#include "tests/unit/computation/manifests.h"

/* An image that can be started under protection; part is a member of its record's /launch. */
static void make_image(const struct scratch *dir, const char *part, bool igvm, const char *more)
{
    OWNED_JSON *record = NULL;
    struct json *launch = json_new_object(), *extra = NULL;
    OWNED_BUF text = BUF_OF(64 * KIB);
    struct err err;

    assert_ok(file_make_dirs(in(dir, "eos"), 0755, &err));
    buf_printf(&text, "{%s}", more);
    assert_ok(json_parse(buf_span(&text), &extra, &err));
    json_set(extra, igvm ? "igvm" : "firmware",
             image_file_of(dir, "eos", igvm ? "eos.igvm" : "OVMF.amdsev.fd", "protected"));
    json_set(launch, part, extra);
    record = image_record_of(dir, "eos", false);
    json_set(record, "launch", launch);
    image_write(dir, "eos", record);
}

static void fill_launch(const struct scratch *dir, enum vm_platform platform,
                        const struct json *manifest, struct vm_launch *ret)
{
    OWNED_IMAGE image = {0};
    struct err err;

    *ret = (struct vm_launch){.record = {.platform = platform}};
    assert_ok(image_load(dir->path, "eos", &image, &err));
    assert_ok(image_check(&image, platform, false, &err));
    assert_ok(launch_fill(&image, manifest, ret, &err));
}

static void a_plain_vm_gets_the_plain_firmware(void **state)
{
    SCRATCH dir = scratch_new();
    struct vm_launch launch;

    (void)state;
    make_image(&dir, "snp", false, "");
    fill_launch(&dir, VM_PLATFORM_VM, NULL, &launch);
    assert_string_equal(launch.firmware, in(&dir, "eos/firmware.fd"));
    assert_string_equal(launch.kernel, in(&dir, "eos/vmlinuz"));
    assert_string_equal(launch.cmdline, "quiet");
    assert_int_equal(launch.protection.policy, 0);
    assert_false(launch.protection.bound);
}

static void with_secure_boot_the_kernel_is_the_firmware_s_to_find(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_IMAGE image = {0};
    struct vm_launch launch = {.record = {.platform = VM_PLATFORM_VM, .secure_boot = true}};
    struct err err;

    (void)state;
    make_image(&dir, "snp", false, "");
    image_make_signed(&dir, "eos", false);
    assert_ok(image_load(dir.path, "eos", &image, &err));
    assert_ok(launch_fill(&image, NULL, &launch, &err));
    assert_string_equal(launch.firmware, in(&dir, "eos/OVMF_CODE.secboot.fd"));
    assert_string_equal(launch.variables, in(&dir, "eos/secboot.vars.fd"));
    assert_string_equal(launch.disk, in(&dir, "eos/secboot.img"));
    assert_string_equal(launch.kernel, "");
    assert_string_equal(launch.initrd, "");
    assert_string_equal(launch.cmdline, "");
}

static void an_snp_guest_is_measured_with_its_kernel_and_bound_to_its_manifest(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_JSON *document = manifest_document("algorithm");
    OWNED_MANIFEST *manifest = manifest_of(document);
    struct vm_launch launch;
    char hex[2 * SHA256_SIZE + 1];

    (void)state;
    make_image(&dir, "snp", false, "\"cpu_model\":\"EPYC-Milan\"");
    fill_launch(&dir, VM_PLATFORM_SNP, document, &launch);
    assert_string_equal(launch.firmware, in(&dir, "eos/OVMF.amdsev.fd"));
    assert_string_equal(launch.place.cpu_model, "EPYC-Milan");
    assert_int_equal(launch.protection.policy, 0x30000);
    assert_true(launch.protection.kernel_hashes && launch.protection.bound);
    text_hex(launch.protection.binding, SHA256_SIZE, hex);
    assert_string_equal(hex, manifest->sha256);
}

static void a_tdx_guest_is_bound_with_zeros_at_the_end(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_JSON *document = manifest_document("algorithm");
    OWNED_MANIFEST *manifest = manifest_of(document);
    char hex[2 * SHA256_SIZE + 1];
    struct vm_launch launch;

    (void)state;
    make_image(&dir, "tdx", false, "");
    fill_launch(&dir, VM_PLATFORM_TDX, document, &launch);
    text_hex(launch.protection.binding, SHA256_SIZE, hex);
    assert_string_equal(hex, manifest->sha256);
    assert_false(launch.protection.has_owner);
    assert_int_equal(launch.protection.policy, 0x10000000);
    assert_true(launch.protection.bound && !launch.protection.kernel_hashes);
    assert_false(span_is_zero(span_of(launch.protection.binding, 32)));
    assert_true(span_is_zero(span_of(launch.protection.binding + 32, 16)));
}

#define HEX_48(byte)                                                                               \
    byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte \
        byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte  \
            byte byte byte byte byte byte byte byte byte byte byte

static void a_tdx_guest_carries_its_owner(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_IMAGE image = {0};
    struct vm_launch launch;
    struct err err;

    (void)state;
    make_image(&dir, "tdx", false,
               "\"mrowner\":\"" HEX_48("a1") "\",\"mrownerconfig\":\"" HEX_48("b2") "\"");
    fill_launch(&dir, VM_PLATFORM_TDX, NULL, &launch);
    assert_true(launch.protection.has_owner);
    for (size_t i = 0; i < VM_BINDING_SIZE; i++) {
        assert_int_equal(launch.protection.owner[i], 0xa1);
        assert_int_equal(launch.protection.owner_config[i], 0xb2);
    }
    make_image(&dir, "tdx", false, "\"mrownerconfig\":\"" HEX_48("b2") "\"");
    assert_fails(image_load(dir.path, "eos", &image, &err), ERR_INPUT);
    assert_string_equal(err.pointer, "/launch/tdx");
    make_image(&dir, "snp", false, "\"mrowner\":\"" HEX_48("a1") "\"");
    assert_fails(image_load(dir.path, "eos", &image, &err), ERR_INPUT);
    assert_string_equal(err.pointer, "/launch/snp/mrowner");
}

static void without_a_manifest_nothing_is_bound(void **state)
{
    SCRATCH dir = scratch_new();
    struct vm_launch launch;

    (void)state;
    make_image(&dir, "snp", false, "\"policy\":196609");
    fill_launch(&dir, VM_PLATFORM_SNP, NULL, &launch);
    assert_false(launch.protection.bound);
    assert_int_equal(launch.protection.policy, 0x30001);
}

static void an_igvm_file_takes_the_firmwares_place(void **state)
{
    SCRATCH dir = scratch_new();
    struct vm_launch launch;

    (void)state;
    make_image(&dir, "snp", true, "");
    fill_launch(&dir, VM_PLATFORM_SNP, NULL, &launch);
    assert_string_equal(launch.igvm, in(&dir, "eos/eos.igvm"));
    assert_string_equal(launch.firmware, "");
    assert_false(launch.protection.kernel_hashes);
}

static void the_files_of_a_protected_start_are_checked(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_IMAGE image = {0};
    struct err err;

    (void)state;
    make_image(&dir, "snp", false, "");
    assert_ok(image_load(dir.path, "eos", &image, &err));
    put(&dir, "eos/OVMF.amdsev.fd", "exchanged");
    assert_fails(image_check(&image, VM_PLATFORM_SNP, false, &err), ERR_UNTRUSTED);
    assert_ok(image_check(&image, VM_PLATFORM_VM, false, &err));
    assert_null(image_protection_of(&image, VM_PLATFORM_TDX));
    assert_null(image_protection_of(&image, VM_PLATFORM_VM));
}

static void an_id_block_goes_along(void **state)
{
    SCRATCH dir = scratch_new();
    OWNED_BUF more = BUF_OF(64 * KIB);
    uint8_t bytes[VM_ID_AUTH] = {1, 2, 3};
    struct vm_launch launch;

    (void)state;
    buf_add_str(&more, "\"author_key\":true,\"id_block\":\"");
    text_encode_base64(span_of(bytes, VM_ID_BLOCK), &more);
    buf_add_str(&more, "\",\"id_auth\":\"");
    text_encode_base64(SPAN_OF_ARRAY(bytes), &more);
    buf_add_str(&more, "\"");
    make_image(&dir, "snp", false, buf_str(&more));
    fill_launch(&dir, VM_PLATFORM_SNP, NULL, &launch);
    assert_true(launch.protection.has_id && launch.protection.author_key);
    assert_memory_equal(launch.protection.id_block, bytes, VM_ID_BLOCK);
    assert_memory_equal(launch.protection.id_auth, bytes, VM_ID_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_vm_gets_the_plain_firmware),
        cmocka_unit_test(with_secure_boot_the_kernel_is_the_firmware_s_to_find),
        cmocka_unit_test(an_snp_guest_is_measured_with_its_kernel_and_bound_to_its_manifest),
        cmocka_unit_test(a_tdx_guest_is_bound_with_zeros_at_the_end),
        cmocka_unit_test(a_tdx_guest_carries_its_owner),
        cmocka_unit_test(without_a_manifest_nothing_is_bound),
        cmocka_unit_test(an_igvm_file_takes_the_firmwares_place),
        cmocka_unit_test(the_files_of_a_protected_start_are_checked),
        cmocka_unit_test(an_id_block_goes_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
