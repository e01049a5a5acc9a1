/* Runtime registers from a template and files. */
#include "tests/unit/attest/vectors.h"

#include "lib/attest/reference/linux_boot.h"
#include "lib/attest/reference/pe.h"
#include "lib/attest/reference/rtmr_boot.h"
#include "tests/unit/attest/reference/kernel_make.h"
#include "tests/unit/attest/tcg_make.h"

static const enum digest_alg algs[] = {DIGEST_SHA384};
static uint8_t kernel[MADE_KERNEL_SIZE];
static const uint8_t initrd[] = "an initrd", initrd_sha256[SHA256_SIZE];

static struct pcr_boot_input boot_of(const char *cmdline)
{
    make_kernel(kernel);
    return (struct pcr_boot_input){.kernel = SPAN_OF_ARRAY(kernel),
                                   .ram_bytes = 512 * MIB,
                                   .initrd_sha256 = initrd_sha256,
                                   .initrd_size = sizeof(initrd),
                                   .cmdline = cmdline};
}

static void add(struct buf *log, uint32_t index, uint32_t type, const char *data)
{
    make_event(log, algs, 1, index, type, span_of_str(data));
}

static void add_tag(struct buf *log, uint32_t tag, const char *data)
{
    OWNED_BUF event = BUF_OF(256);

    buf_add_le32(&event, tag);
    buf_add_str(&event, data);
    make_event(log, algs, 1, 3, EV_EVENT_TAG, buf_span(&event));
}

/* What a TD shows that boots directly into a kernel; without the event that is left out. */
enum { HOB, VOLUME, VARIABLES, TABLES, KERNEL, WORDS, OPTIONS, INITRD, ALL };

static void make_template(struct buf *log, int without)
{
    make_spec_id(log, algs, 1);
    if (without != HOB)
        add(log, 1, 0x8000000b, "TD HOB");
    if (without != VOLUME)
        add(log, 1, EV_EFI_PLATFORM_FIRMWARE_BLOB2, "the configuration volume");
    for (int i = 0; i < SECURE_BOOT_VARIABLES && without != VARIABLES; i++)
        add(log, 1, EV_EFI_VARIABLE_DRIVER_CONFIG, "a variable of another machine");
    if (without != TABLES)
        add(log, 1, 0xa, "ACPI DATA");
    if (without != KERNEL)
        add(log, 2, EV_EFI_BOOT_SERVICES_APPLICATION, "a kernel");
    if (without != WORDS)
        add(log, 2, EV_EFI_ACTION, "Calling EFI Application from Boot Option");
    if (without != OPTIONS)
        add_tag(log, 0x8f3b22ed, "LOADED_IMAGE::LoadOptions");
    if (without != INITRD)
        add_tag(log, 0x8f3b22ec, "Linux initrd");
}

static int predict(const struct buf *log, const struct pcr_boot_input *boot, struct rtmr_boot *ret,
                   struct err *err)
{
    const struct rtmr_boot_input input = {.boot = boot, .initrd = SPAN_OF_ARRAY(initrd)};
    struct tcg_log template;

    if (ccel_parse(buf_span(log), &template, err) < 0)
        return -1;
    return rtmr_boot_predict(&template, &input, ret, err);
}

static void template_of_another_kind_of_boot_is_refused(void **state)
{
    static const struct {
        uint32_t index, type;
        const char *says;
    } more[] = {
        {2, EV_EFI_BOOT_SERVICES_APPLICATION, "the kernel a second time"},
        {3, EV_IPL, "none of a direct kernel boot"},
        {4, EV_IPL, "none of a direct kernel boot"},
    };
    static const int needed[] = {VARIABLES, KERNEL, OPTIONS, INITRD};
    struct pcr_boot_input boot = boot_of("quiet");
    struct rtmr_boot ret;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(needed); i++) {
        OWNED_BUF log = BUF_OF(64 * KIB);

        make_template(&log, needed[i]);
        assert_fails(predict(&log, &boot, &ret, &err), ERR_UNTRUSTED);
    }
    for (size_t i = 0; i < COUNT_OF(more); i++) {
        OWNED_BUF log = BUF_OF(64 * KIB);

        make_template(&log, ALL);
        add(&log, more[i].index, more[i].type, "more");
        assert_fails(predict(&log, &boot, &ret, &err), ERR_UNTRUSTED);
        assert_non_null(strstr(err.text, more[i].says));
    }
}

static void initrd_of_the_template_must_be_given(void **state)
{
    struct pcr_boot_input boot = boot_of("quiet");
    OWNED_BUF log = BUF_OF(64 * KIB);
    struct rtmr_boot ret;
    struct err err;

    (void)state;
    boot.initrd_sha256 = NULL;
    make_template(&log, ALL);
    assert_fails(predict(&log, &boot, &ret, &err), ERR_UNTRUSTED);
    assert_non_null(strstr(err.text, "the initrd, and none is given"));
}

static void registers_hold_what_the_files_give(void **state)
{
    struct pcr_boot_input boot = boot_of("quiet");
    OWNED_BUF log = BUF_OF(64 * KIB), options = BUF_OF(1 * KIB);
    const struct pe_image image = {.file = SPAN_OF_ARRAY(kernel)};
    uint8_t digest[SHA384_SIZE];
    struct pcr_bank expected;
    struct rtmr_boot ret;
    struct err err;

    (void)state;
    make_template(&log, ALL);
    assert_ok(predict(&log, &boot, &ret, &err));
    assert_int_equal(ret.taken[0], 3);
    assert_int_equal(ret.taken[1], 1);
    assert_int_equal(ret.taken[2], 0);

    pcr_bank_init_rtmr(&expected);
    assert_ok(pe_authenticode(&image, DIGEST_SHA384, digest, &err));
    assert_ok(pcr_bank_extend(&expected, 1, SPAN_OF_ARRAY(digest), &err));
    digest_of(DIGEST_SHA384, span_of_str("Calling EFI Application from Boot Option"), digest);
    assert_ok(pcr_bank_extend(&expected, 1, SPAN_OF_ARRAY(digest), &err));
    assert_ok(linux_boot_load_options("quiet", true, &options, &err));
    digest_of(DIGEST_SHA384, buf_span(&options), digest);
    assert_ok(pcr_bank_extend(&expected, 2, SPAN_OF_ARRAY(digest), &err));
    digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(initrd), digest);
    assert_ok(pcr_bank_extend(&expected, 2, SPAN_OF_ARRAY(digest), &err));
    for (unsigned index = 1; index < RTMR_COUNT; index++)
        assert_memory_equal(pcr_bank_get(&ret.registers, index).data,
                            pcr_bank_get(&expected, index).data, SHA384_SIZE);
}

static void configuration_volume_is_the_files_when_it_is_given(void **state)
{
    struct pcr_boot_input boot = boot_of("quiet");
    struct rtmr_boot_input input = {.boot = &boot, .initrd = SPAN_OF_ARRAY(initrd)};
    OWNED_BUF log = BUF_OF(64 * KIB);
    struct rtmr_boot taken, same, other;
    struct tcg_log template;
    struct err err;

    (void)state;
    make_template(&log, ALL);
    assert_ok(ccel_parse(buf_span(&log), &template, &err));
    assert_ok(rtmr_boot_predict(&template, &input, &taken, &err));
    input.configuration = span_of_str("the configuration volume");
    assert_ok(rtmr_boot_predict(&template, &input, &same, &err));
    input.configuration = span_of_str("another one");
    assert_ok(rtmr_boot_predict(&template, &input, &other, &err));
    assert_int_equal(same.taken[0], taken.taken[0] - 1);
    assert_memory_equal(same.registers.value[0], taken.registers.value[0], SHA384_SIZE);
    assert_memory_not_equal(other.registers.value[0], taken.registers.value[0], SHA384_SIZE);
}

/* A genuine TD with OVMF and a kernel booted directly, no keys enrolled: the variables that we
 * compute are those that it measured, so RTMR0 is its own. Its kernel is not here. */
static void variables_of_a_genuine_td_are_computed(void **state)
{
    OWNED_BUF bytes = BUF_OF(TCG_LOG_SIZE_MAX);
    OWNED_JSON *cases = NULL;
    struct pcr_boot_input boot = boot_of("");
    struct rtmr_boot ret;
    char hex[2 * SHA384_SIZE + 1];
    struct err err;

    (void)state;
    need_vectors();
    cases = vector_read_json("ccel/trustee-eventlog/expected-rtmr-open.json");
    vector_read("ccel/trustee-eventlog/CCEL_data_ovmf", &bytes);
    assert_ok(predict(&bytes, &boot, &ret, &err));
    text_hex(ret.registers.value[0], SHA384_SIZE, hex);
    assert_string_equal(hex, json_get_str(json_get(cases, "CCEL_data_ovmf"), "rtmr0"));
    assert_int_equal(ret.taken[1], 3);
    assert_int_equal(ret.taken[2], 0);
}

/* The words that the template of a genuine TD has are those that we say without one. */
static void files_alone_give_what_a_genuine_template_gives(void **state)
{
    OWNED_BUF bytes = BUF_OF(TCG_LOG_SIZE_MAX);
    struct pcr_boot_input boot = boot_of("quiet");
    const struct rtmr_boot_input input = {.boot = &boot, .initrd = SPAN_OF_ARRAY(initrd)};
    struct pcr_bank alone;
    struct rtmr_boot after;
    struct err err;

    (void)state;
    need_vectors();
    vector_read("ccel/trustee-eventlog/CCEL_data_ovmf", &bytes);
    assert_ok(predict(&bytes, &boot, &after, &err));
    assert_ok(rtmr_boot_direct(&input, &alone, &err));
    for (unsigned index = 1; index <= 2; index++)
        assert_memory_equal(alone.value[index], after.registers.value[index], SHA384_SIZE);
}

static void without_an_initrd_only_load_options_are_measured(void **state)
{
    struct pcr_boot_input boot = boot_of("quiet");
    const struct rtmr_boot_input input = {.boot = &boot};
    OWNED_BUF options = BUF_OF(1 * KIB);
    uint8_t digest[SHA384_SIZE];
    struct pcr_bank alone, expected;
    struct err err;

    (void)state;
    boot.initrd_sha256 = NULL;
    assert_ok(rtmr_boot_direct(&input, &alone, &err));
    pcr_bank_init_rtmr(&expected);
    assert_ok(linux_boot_load_options("quiet", false, &options, &err));
    digest_of(DIGEST_SHA384, buf_span(&options), digest);
    assert_ok(pcr_bank_extend(&expected, 2, SPAN_OF_ARRAY(digest), &err));
    assert_memory_equal(alone.value[2], expected.value[2], SHA384_SIZE);
    boot.kernel = span_of_str("no kernel");
    assert_fails(rtmr_boot_direct(&input, &alone, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template_of_another_kind_of_boot_is_refused),
        cmocka_unit_test(initrd_of_the_template_must_be_given),
        cmocka_unit_test(registers_hold_what_the_files_give),
        cmocka_unit_test(configuration_volume_is_the_files_when_it_is_given),
        cmocka_unit_test(variables_of_a_genuine_td_are_computed),
        cmocka_unit_test(files_alone_give_what_a_genuine_template_gives),
        cmocka_unit_test(without_an_initrd_only_load_options_are_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
