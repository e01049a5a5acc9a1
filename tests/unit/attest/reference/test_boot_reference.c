/* All registers of a shape together, and reference boots. */
#include "tests/unit/unit.h"

#include "lib/attest/reference/boot_reference.h"
#include "tests/unit/attest/reference/firmware_make.h"
#include "tests/unit/attest/tcg_make.h"

static const enum digest_alg algs[] = {DIGEST_SHA256};
static const uint8_t pei_in_memory[] = "PEIFV, with what its drivers wrote into it";

static void begin(struct boot_reference *reference)
{
    OWNED_BUF firmware = BUF_OF(MADE_MAX);
    struct err err;

    make_firmware(&firmware, 4096);
    assert_ok(boot_reference_begin(buf_span(&firmware), "", reference, &err));
}

/* The first events of a boot: version, PEIFV, DXEFV, separator. */
static void make_log(struct buf *log, struct span version, struct span dxe)
{
    make_spec_id(log, algs, 1);
    make_event(log, algs, 1, 0, EV_S_CRTM_VERSION, version);
    make_event_of(log, algs, 1, 0, EV_EFI_PLATFORM_FIRMWARE_BLOB, SPAN_OF_ARRAY(pei_in_memory),
                  span_of_str("PEIFV"));
    make_event_of(log, algs, 1, 0, EV_EFI_PLATFORM_FIRMWARE_BLOB, dxe, span_of_str("DXEFV"));
    make_event(log, algs, 1, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, span_of_str("another register"));
    make_event(log, algs, 1, 0, EV_SEPARATOR, span_of("\0\0\0\0", 4));
}

static void log_of_another_firmware_is_no_record(void **state)
{
    OWNED_BOOT_REFERENCE reference = {0};
    OWNED_BUF version = BUF_OF(1 * MIB), volume = BUF_OF(1 * MIB), more = BUF_OF(1 * MIB);
    struct boot_record record;
    struct err err;

    (void)state;
    begin(&reference);
    make_log(&version, span_of_str("1.0"), reference.volumes.dxe);
    assert_fails(boot_reference_record(&reference, buf_span(&version), &record, &err),
                 ERR_UNTRUSTED);
    assert_non_null(strstr(err.text, "version"));
    make_log(&volume, span_of("\0\0", 2), span_of_str("another volume"));
    assert_fails(boot_reference_record(&reference, buf_span(&volume), &record, &err),
                 ERR_UNTRUSTED);
    assert_non_null(strstr(err.text, "DXEFV"));
    make_log(&more, span_of("\0\0", 2), reference.volumes.dxe);
    make_event(&more, algs, 1, 0, EV_EFI_PLATFORM_FIRMWARE_BLOB, span_of_str("option ROM"));
    assert_fails(boot_reference_record(&reference, buf_span(&more), &record, &err), ERR_UNTRUSTED);
}

static void version_of_the_log_may_be_a_text_of_the_firmware(void **state)
{
    OWNED_BOOT_REFERENCE reference = {0};
    OWNED_BUF log = BUF_OF(1 * MIB), empty = BUF_OF(1 * MIB);
    uint8_t expected[SHA256_SIZE];
    struct boot_record record;
    struct err err;

    (void)state;
    begin(&reference);
    make_log(&log, SPAN_OF_ARRAY(made_version), reference.volumes.dxe);
    assert_ok(boot_reference_record(&reference, buf_span(&log), &record, &err));
    digest_of(DIGEST_SHA256, SPAN_OF_ARRAY(made_version), expected);
    assert_memory_equal(record.version, expected, SHA256_SIZE);

    make_log(&empty, span_of("\0\0\0\0", 4), reference.volumes.dxe); /* zeros stand everywhere */
    assert_fails(boot_reference_record(&reference, buf_span(&empty), &record, &err), ERR_UNTRUSTED);
}

static void log_that_ends_early_or_is_none_is_refused(void **state)
{
    OWNED_BOOT_REFERENCE reference = {0};
    OWNED_BUF log = BUF_OF(1 * MIB);
    struct boot_record record;
    struct err err;

    (void)state;
    begin(&reference);
    assert_fails(boot_reference_record(&reference, span_of_str("no log"), &record, &err),
                 ERR_INPUT);
    make_spec_id(&log, algs, 1);
    make_event(&log, algs, 1, 0, EV_S_CRTM_VERSION, span_of("\0\0", 2));
    assert_fails(boot_reference_record(&reference, buf_span(&log), &record, &err), ERR_UNTRUSTED);
}

/* Registers 1 to 9, as if predicted. */
static void fill(struct boot_prediction *prediction)
{
    static const uint8_t value[SHA256_SIZE] = {1};
    struct err err;

    pcr_bank_init(&prediction->pcrs, DIGEST_SHA256);
    for (unsigned index = 1; index <= 9; index++)
        assert_ok(pcr_bank_give(&prediction->pcrs, index, SPAN_OF_ARRAY(value), &err));
}

static void registers_of_the_firmware_are_what_the_recorded_log_replays_to(void **state)
{
    OWNED_BOOT_REFERENCE reference = {0};
    OWNED_BUF log = BUF_OF(1 * MIB);
    struct boot_prediction prediction = {0};
    const struct vm_shape shape = {512 * MIB, 1};
    uint8_t expected[SHA256_SIZE];
    struct boot_record record;
    struct pcr_bank replayed;
    struct tcg_log parsed;
    struct err err;

    (void)state;
    begin(&reference);
    make_log(&log, span_of("\0\0", 2), reference.volumes.dxe);
    assert_ok(boot_reference_record(&reference, buf_span(&log), &record, &err));
    digest_of(DIGEST_SHA256, SPAN_OF_ARRAY(pei_in_memory), expected);
    assert_memory_equal(record.pei, expected, SHA256_SIZE);

    fill(&prediction);
    assert_ok(boot_reference_add_firmware(&reference, &shape, &record, &prediction, &err));
    assert_ok(tcg_log_parse(buf_span(&log), &parsed, &err));
    assert_ok(tcg_log_replay(&parsed, DIGEST_SHA256, &replayed, &err));
    for (unsigned index = 0; index <= 7; index += 7)
        assert_memory_equal(pcr_bank_get(&prediction.pcrs, index).data,
                            pcr_bank_get(&replayed, index).data, SHA256_SIZE);
    assert_false(pcr_bank_has(&prediction.pcrs, 1)); /* the log has nothing of it */
    assert_false(pcr_bank_has(&prediction.pcrs, 10));
}

static void registers_of_an_unknown_build_are_left_out_with_the_reason(void **state)
{
    OWNED_BOOT_REFERENCE reference = {0};
    struct boot_prediction prediction = {0};
    const struct vm_shape shape = {512 * MIB, 1};
    struct err err;

    (void)state;
    begin(&reference);
    fill(&prediction);
    assert_ok(boot_reference_add_firmware(&reference, &shape, NULL, &prediction, &err));
    assert_false(prediction.pei_known);
    assert_non_null(strstr(prediction.reason, "--record"));
    assert_int_equal(prediction.pcrs.set, 0x3ff & ~(1u << 0 | 1u << 1 | 1u << 7));

    prediction = (struct boot_prediction){.secure_boot = true};
    fill(&prediction);
    assert_ok(boot_reference_add_firmware(&reference, &shape, NULL, &prediction, &err));
    assert_true(pcr_bank_has(&prediction.pcrs, 7)); /* enrolled keys are the same in every build */
    assert_false(pcr_bank_has(&prediction.pcrs, 10)); /* has the modules, which are not known */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_of_another_firmware_is_no_record),
        cmocka_unit_test(version_of_the_log_may_be_a_text_of_the_firmware),
        cmocka_unit_test(log_that_ends_early_or_is_none_is_refused),
        cmocka_unit_test(registers_of_the_firmware_are_what_the_recorded_log_replays_to),
        cmocka_unit_test(registers_of_an_unknown_build_are_left_out_with_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
