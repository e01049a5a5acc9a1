/* Predicted registers against those that OVMF and a vTPM showed. */
#include "tests/unit/unit.h"

#include "lib/attest/reference/linux_boot.h"
#include "lib/attest/reference/pcr_boot.h"
#include "tests/unit/attest/reference/kernel_make.h"
#include "tests/unit/attest/reference/uki_make.h"

static void predict(struct pcr_boot_input *input, struct pcr_bank *bank)
{
    static uint8_t kernel[0x400];
    struct err err;

    make_kernel(kernel);
    input->kernel = SPAN_OF_ARRAY(kernel);
    input->qemu_patches = true;
    pcr_bank_init(bank, DIGEST_SHA256);
    assert_ok(pcr_boot_predict(input, bank, &err));
}

static void holds(const struct pcr_bank *bank, unsigned index, const char *prefix)
{
    char text[2 * SHA256_SIZE + 1];

    text_hex(pcr_bank_get(bank, index).data, SHA256_SIZE, text);
    if (!text_starts_with(text, prefix))
        fail_msg("PCR %u is %s, expected %s...", index, text, prefix);
}

/* Read from a VM with OVMF 2022.11, fresh variables, no Secure Boot. */
static void registers_that_do_not_depend_on_files(void **state)
{
    struct pcr_boot_input input = {.ram_bytes = 512 * MIB, .cmdline = ""};
    struct pcr_bank bank;

    (void)state;
    predict(&input, &bank);
    holds(&bank, 1, "8e9d1fe2");
    holds(&bank, 2, "3d458cfe");
    holds(&bank, 3, "3d458cfe");
    holds(&bank, 5, "a5ceb755");
    holds(&bank, 6, "3d458cfe");
    holds(&bank, 7, "65caf8dd");
    assert_true(pcr_bank_has(&bank, 14));
    assert_false(pcr_bank_has(&bank, 0));
    assert_false(pcr_bank_has(&bank, 15));
}

static void predict_unified(const char *cmdline, const char *initrd, struct pcr_bank *bank)
{
    OWNED_BUF image = BUF_OF(UKI_MAX);
    struct pcr_boot_input input = {.unified = true, .secure_boot = {.enabled = true}};
    struct err err;

    uki_make(&image);
    uki_add(&image, ".cmdline", span_of_str(cmdline), strlen(cmdline));
    uki_add(&image, ".linux", span_of_str("kernel"), 6);
    uki_add(&image, ".initrd", span_of_str(initrd), strlen(initrd));
    input.kernel = buf_span(&image);
    pcr_bank_init(bank, DIGEST_SHA256);
    assert_ok(pcr_boot_predict(&input, bank, &err));
}

/* 1, 5 and so on: read from a VM with OVMF 2022.11 that started such an image from its disk. */
static void unified_image_has_registers_of_its_own(void **state)
{
    struct pcr_bank bank, other;

    (void)state;
    predict_unified("quiet", "an initrd", &bank);
    holds(&bank, 1, "05a3d17c");
    holds(&bank, 2, "3d458cfe");
    holds(&bank, 5, "a5ceb755");
    holds(&bank, 12, "00000000");
    predict_unified("quiet", "an iNitrd", &other);
    for (unsigned index = 1; index <= 14; index++) {
        bool same = memcmp(bank.value[index], other.value[index], SHA256_SIZE) == 0;

        assert_int_equal(same, index != 4 && index != 9 && index != 11);
    }
    predict_unified("quieT", "an initrd", &other);
    assert_memory_not_equal(bank.value[9], other.value[9], SHA256_SIZE);
    assert_memory_not_equal(bank.value[11], other.value[11], SHA256_SIZE);
}

static void unified_image_without_its_parts_is_refused(void **state)
{
    static const char *const parts[] = {".cmdline", ".linux", ".initrd"};
    struct err err;

    (void)state;
    for (size_t missing = 0; missing < COUNT_OF(parts); missing++) {
        OWNED_BUF image = BUF_OF(UKI_MAX);
        struct pcr_boot_input input = {.unified = true};
        struct pcr_bank bank;

        uki_make(&image);
        for (size_t i = 0; i < COUNT_OF(parts); i++)
            if (i != missing)
                uki_add(&image, parts[i], span_of_str("x"), 1);
        input.kernel = buf_span(&image);
        pcr_bank_init(&bank, DIGEST_SHA256);
        assert_int_equal(pcr_boot_predict(&input, &bank, &err), -1);
        assert_non_null(strstr(err.text, parts[missing]));
    }
}

static bool differs(unsigned index, struct pcr_boot_input one, struct pcr_boot_input two)
{
    struct pcr_bank a, b;

    predict(&one, &a);
    predict(&two, &b);
    return memcmp(a.value[index], b.value[index], SHA256_SIZE) != 0;
}

static void what_changes_which_register(void **state)
{
    static const uint8_t initrd[SHA256_SIZE] = {1}, other[SHA256_SIZE] = {2};
    struct pcr_boot_input base = {
        .ram_bytes = 512 * MIB, .cmdline = "a", .initrd_sha256 = initrd, .initrd_size = 8 * MIB};
    struct pcr_boot_input changed = base;

    (void)state;
    changed.cmdline = "b";
    assert_true(differs(9, base, changed));
    assert_false(differs(4, base, changed));
    changed = base;
    changed.initrd_sha256 = other;
    assert_true(differs(9, base, changed));
    assert_false(differs(4, base, changed));
    changed = base;
    changed.ram_bytes = 1 * GIB; /* QEMU puts the initrd elsewhere and tells the kernel where */
    assert_true(differs(4, base, changed));
    assert_false(differs(9, base, changed));
    changed = base;
    changed.initrd_size++;
    assert_true(differs(4, base, changed));
    changed = base;
    changed.secure_boot.enabled = true;
    assert_true(differs(7, base, changed));
}

static void initrd_is_placed_below_the_low_ram(void **state)
{
    uint8_t kernel[0x400], head[LINUX_HEAD_SIZE];
    struct err err;

    (void)state;
    make_kernel(kernel);
    assert_ok(linux_boot_patch_head(SPAN_OF_ARRAY(kernel), 512 * MIB, 4096, head, &err));
    assert_memory_equal(head + 0x218, "\x00\x60\xfd\x1f", 4); /* 0x1ffd6000 */
    assert_ok(linux_boot_patch_head(SPAN_OF_ARRAY(kernel), 4 * GIB, 4096, head, &err));
    assert_memory_equal(head + 0x218, "\x00\x60\xfd\x7f", 4); /* of 2 GiB on q35 */
    assert_fails(linux_boot_patch_head(SPAN_OF_ARRAY(kernel), 16 * MIB, 32 * MIB, head, &err),
                 ERR_INPUT);
    kernel[0x202] = 'h';
    assert_fails(linux_boot_patch_head(SPAN_OF_ARRAY(kernel), 512 * MIB, 0, head, &err), ERR_INPUT);
}

static void command_lines_are_printable(void **state)
{
    OWNED_BUF out = BUF_OF(1024);
    struct err err;

    (void)state;
    assert_ok(linux_boot_load_options("a", true, &out, &err));
    assert_int_equal(out.len, 2 * (strlen("a initrd=initrd") + 1));
    assert_fails(linux_boot_load_options("a\n", true, &out, &err), ERR_INPUT);
    assert_fails(linux_boot_load_options("\xc3\xa4", true, &out, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_that_do_not_depend_on_files),
        cmocka_unit_test(unified_image_has_registers_of_its_own),
        cmocka_unit_test(unified_image_without_its_parts_is_refused),
        cmocka_unit_test(what_changes_which_register),
        cmocka_unit_test(initrd_is_placed_below_the_low_ram),
        cmocka_unit_test(command_lines_are_printable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
