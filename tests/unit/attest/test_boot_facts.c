#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/boot_facts.h"
#include "lib/attest/evidence/ccel.h"
#include "tests/unit/attest/tcg_make.h"

#define ALL 0xffffffffu

static const enum digest_alg sha256[] = {DIGEST_SHA256};
static const uint8_t separator[4] = {0};
static const char calling[] = "Calling EFI Application from Boot Option";

static void add(struct buf *log, uint32_t index, uint32_t type, struct span data)
{
    make_event(log, sha256, 1, index, type, data);
}

static void add_image(struct buf *log, uint32_t index, uint32_t type, const char *image)
{
    make_event_of(log, sha256, 1, index, type, span_of_str(image), span_of_str("its path"));
}

static void make_secure_boot(struct buf *data, uint8_t value)
{
    static const uint8_t guid[] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                   0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};

    buf_add(data, guid, sizeof(guid));
    buf_add_le64(data, 10);
    buf_add_le64(data, 1);
    buf_add(data, "S\0e\0c\0u\0r\0e\0B\0o\0o\0t\0", 20);
    buf_add_u8(data, value);
}

static int read_facts(struct buf *bytes, uint32_t proven, struct boot_facts *ret, struct err *err)
{
    struct tcg_log log;

    assert_int_equal(tcg_log_parse(buf_span(bytes), &log, err), 0);
    return boot_facts_read(&log, BOOT_PCR, DIGEST_SHA256, proven, ret, err);
}

static void a_second_separator_is_refused(void **state)
{
    OWNED_BUF log = BUF_OF(8192);
    struct boot_facts facts;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    add(&log, 7, EV_SEPARATOR, SPAN_OF_ARRAY(separator));
    assert_ok(read_facts(&log, ALL, &facts, &err));
    /* Whatever it is called: the digest makes it one. */
    add(&log, 7, EV_IPL, SPAN_OF_ARRAY(separator));
    assert_fails(read_facts(&log, ALL, &facts, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "second separator in register 7"));
    assert_ok(read_facts(&log, ~(1u << 7), &facts, &err));
}

static void secure_boot_is_read_before_the_separator_only(void **state)
{
    OWNED_BUF log = BUF_OF(8192), variable = BUF_OF(256), off = BUF_OF(256);
    struct boot_facts facts;
    struct err err;

    (void)state;
    make_secure_boot(&variable, 1);
    make_secure_boot(&off, 0);
    make_spec_id(&log, sha256, 1);
    assert_ok(read_facts(&log, ALL, &facts, &err));
    assert_int_equal(facts.secure_boot, BOOT_SECURE_UNKNOWN);
    add(&log, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, buf_span(&variable));
    assert_ok(read_facts(&log, ALL, &facts, &err));
    assert_int_equal(facts.secure_boot, BOOT_SECURE_ON);
    assert_ok(read_facts(&log, 0, &facts, &err));
    assert_int_equal(facts.secure_boot, BOOT_SECURE_UNKNOWN);
    add(&log, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, buf_span(&off));
    assert_fails(read_facts(&log, ALL, &facts, &err), ERR_INPUT);

    buf_reset(&log);
    make_spec_id(&log, sha256, 1);
    add(&log, 7, EV_SEPARATOR, SPAN_OF_ARRAY(separator));
    add(&log, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, buf_span(&variable));
    assert_fails(read_facts(&log, ALL, &facts, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "after the separator"));
}

/* The digest is of "off", the text says "on". */
static void a_variable_that_was_not_measured_is_no_fact(void **state)
{
    OWNED_BUF log = BUF_OF(8192), on = BUF_OF(256), off = BUF_OF(256);
    struct boot_facts facts;
    struct err err;

    (void)state;
    make_secure_boot(&on, 1);
    make_secure_boot(&off, 0);
    make_spec_id(&log, sha256, 1);
    make_event_of(&log, sha256, 1, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, buf_span(&off), buf_span(&on));
    assert_ok(read_facts(&log, ALL, &facts, &err));
    assert_int_equal(facts.secure_boot, BOOT_SECURE_UNKNOWN);
}

static void applications_do_not_hide_behind_a_label(void **state)
{
    OWNED_BUF log = BUF_OF(8192);
    struct boot_facts facts;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    add(&log, 4, EV_EFI_ACTION, span_of_str(calling));
    add(&log, 4, EV_SEPARATOR, SPAN_OF_ARRAY(separator));
    add_image(&log, 4, EV_EFI_BOOT_SERVICES_APPLICATION, "shim");
    add_image(&log, 4, EV_EFI_ACTION, "bootkit");
    add_image(&log, 5, EV_EFI_BOOT_SERVICES_APPLICATION, "elsewhere");
    /* Nor behind data that is what was measured. */
    add(&log, 4, EV_EFI_BOOT_SERVICES_APPLICATION, span_of_str("tiny"));
    assert_ok(read_facts(&log, ALL, &facts, &err));
    assert_int_equal(facts.applications.count, 3);
    assert_ok(read_facts(&log, ~(1u << 4), &facts, &err));
    assert_int_equal(facts.applications.count, 0);
}

static void firmware_is_all_that_pcr_0_holds(void **state)
{
    char long_text[100] = "a firmware volume in the place of a version";
    OWNED_BUF log = BUF_OF(8192);
    struct boot_facts facts;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    add(&log, 0, EV_S_CRTM_VERSION, span_of("\0\0", 2));
    add_image(&log, 0, EV_EFI_PLATFORM_FIRMWARE_BLOB, "PEI");
    add_image(&log, 0, EV_EFI_PLATFORM_FIRMWARE_BLOB, "DXE");
    add(&log, 0, EV_SEPARATOR, SPAN_OF_ARRAY(separator));
    assert_ok(read_facts(&log, ALL, &facts, &err));
    assert_int_equal(facts.firmware.count, 2);
    add(&log, 0, EV_S_CRTM_VERSION, SPAN_OF_ARRAY(long_text));
    assert_ok(read_facts(&log, ALL, &facts, &err));
    assert_int_equal(facts.firmware.count, 3);
}

static void more_digests_than_fit_are_refused(void **state)
{
    OWNED_BUF log = BUF_OF(64 * KIB);
    struct boot_facts facts;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    for (int i = 0; i < BOOT_DIGESTS_MAX; i++)
        add_image(&log, 4, EV_EFI_BOOT_SERVICES_APPLICATION, "app");
    assert_ok(read_facts(&log, ALL, &facts, &err));
    add_image(&log, 4, EV_EFI_BOOT_SERVICES_APPLICATION, "app");
    assert_fails(read_facts(&log, ALL, &facts, &err), ERR_INPUT);
}

static void the_command_line_is_what_was_measured(void **state)
{
    static const char text[] = "kernel_cmdline: /vmlinuz ro";
    OWNED_BUF log = BUF_OF(8192);
    struct boot_facts facts;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    make_event_of(&log, sha256, 1, 8, EV_IPL, span_of_str("/vmlinuz ro"), SPAN_OF_ARRAY(text));
    make_event_of(&log, sha256, 1, 8, EV_IPL, span_of_str("/vmlinuz"),
                  span_of_str("kernel_cmdline: /vmlinuz single"));
    assert_ok(read_facts(&log, ALL, &facts, &err));
    assert_true(span_equal(facts.command_line, span_of_str("/vmlinuz ro")));
    make_event_of(&log, sha256, 1, 8, EV_IPL, span_of_str("/vmlinuz ro"), SPAN_OF_ARRAY(text));
    assert_fails(read_facts(&log, ALL, &facts, &err), ERR_INPUT);
}

static void the_stub_tells_options_and_initrd(void **state)
{
    uint8_t expected[SHA256_SIZE];
    OWNED_BUF log = BUF_OF(8192);
    struct boot_facts facts;
    struct err err;

    (void)state;
    make_spec_id(&log, sha256, 1);
    make_event_of(&log, sha256, 1, 9, EV_EVENT_TAG, span_of_str("options"),
                  span_of("\xed\x22\x3b\x8f\x00\x00\x00\x00", 8));
    make_event_of(&log, sha256, 1, 9, EV_EVENT_TAG, span_of_str("initrd"),
                  span_of("\xec\x22\x3b\x8f\x00\x00\x00\x00", 8));
    assert_ok(read_facts(&log, ALL, &facts, &err));
    digest_of(DIGEST_SHA256, span_of_str("initrd"), expected);
    assert_true(span_equal(facts.initrd, SPAN_OF_ARRAY(expected)));
    digest_of(DIGEST_SHA256, span_of_str("options"), expected);
    assert_true(span_equal(facts.load_options, SPAN_OF_ARRAY(expected)));
}

/* --- genuine logs ---------------------------------------------------------------------------- */

static void read_vector(const char *name, enum digest_alg alg, struct buf *bytes,
                        struct boot_facts *facts)
{
    struct tcg_log log;
    struct err err;

    vector_read(name, bytes);
    assert_ok(tcg_log_parse(buf_span(bytes), &log, &err));
    if (boot_facts_read(&log, BOOT_PCR, alg, ALL, facts, &err) < 0)
        fail_msg("%s: %s", name, err.text);
}

static void check_applications(const char *name, const struct boot_facts *facts,
                               const struct json *wanted)
{
    assert_int_equal(facts->applications.count, json_count(wanted));
    for (size_t i = 0; i < json_count(wanted); i++) {
        char hex[2 * DIGEST_SIZE_MAX + 1];

        text_hex(facts->applications.items[i].data, facts->applications.items[i].len, hex);
        if (strcmp(hex, json_str(json_at(wanted, i))) != 0)
            fail_msg("%s: application %zu is %s", name, i, hex);
    }
}

static void applications_are_those_of_go_tpm_tools(void **state)
{
    static const char *const names[] = {"SHA1", "SHA256", "SHA384"};
    static const enum digest_alg algs[] = {DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384};
    OWNED_JSON *cases =
        (need_vectors(), vector_read_json("tcglog/go-tpm-tools/expected-pcrs-open.json"));
    const struct json *entry;
    const char *name = NULL;
    size_t checked = 0;

    (void)state;
    while ((entry = json_next(cases, &name)) != NULL) {
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            const struct json *wanted = json_get(json_get(entry, "efi_app_digests"), names[i]);
            OWNED_BUF bytes = BUF_OF(TCG_LOG_SIZE_MAX);
            struct boot_facts facts;
            char path[256];

            snprintf(path, sizeof(path), "tcglog/go-tpm-tools/%s", json_get_str(entry, "file"));
            if (wanted == NULL || !vector_exists(path))
                continue;
            read_vector(path, algs[i], &bytes, &facts);
            check_applications(path, &facts, wanted);
            checked++;
        }
    }
    assert_true(checked >= 10);
}

/* The expected texts end in a NUL, which no JSON of ours may have; ours end before it. */
static struct json *read_command_lines(void)
{
    OWNED_BUF text = BUF_OF(1 * MIB);
    struct json *json = NULL;
    struct err err;
    char *nul;

    vector_read("tcglog/go-tpm-tools/expected-cmdlines-open.json", &text);
    buf_str(&text);
    while ((nul = strstr((char *)text.data, "\\u0000\"")) != NULL)
        memcpy(nul, "\"      ", 7);
    assert_ok(json_parse(buf_span(&text), &json, &err));
    return json;
}

static void command_lines_are_those_of_go_tpm_tools(void **state)
{
    static const char *const files[][2] = {
        {"Cos85AmdSevCmdline", "cos-85-amd-sev.bin"},
        {"Cos93AmdSevCmdline", "cos-93-amd-sev.bin"},
    };
    OWNED_JSON *wanted = (need_vectors(), read_command_lines());

    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWNED_BUF bytes = BUF_OF(TCG_LOG_SIZE_MAX);
        struct boot_facts facts;
        char path[256];

        assert_non_null(json_get_str(wanted, files[i][0]));
        snprintf(path, sizeof(path), "tcglog/go-tpm-tools/%s", files[i][1]);
        read_vector(path, DIGEST_SHA256, &bytes, &facts);
        assert_true(span_equal(facts.command_line, span_of_str(json_get_str(wanted, files[i][0]))));
    }
}

static int read_ccel_facts(const char *name, struct boot_facts *facts, struct buf *bytes,
                           struct err *err)
{
    struct tcg_log log;

    vector_read(name, bytes);
    assert_int_equal(ccel_parse(buf_span(bytes), &log, err), 0);
    return boot_facts_read(&log, BOOT_RTMR, DIGEST_SHA384, ALL, facts, err);
}

static void a_ccel_with_two_separators_is_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(TCG_LOG_SIZE_MAX);
    struct boot_facts facts;
    struct err err;

    (void)state;
    need_vectors();
    assert_fails(read_ccel_facts("ccel/go-eventlog/cos-113-intel-tdx-dupe-separator.bin", &facts,
                                 &bytes, &err),
                 ERR_INPUT);
    assert_non_null(strstr(err.text, "second separator"));
    assert_fails(read_ccel_facts("ccel/go-eventlog/cos-113-intel-tdx-dupe-separator-unpadded.bin",
                                 &facts, &bytes, &err),
                 ERR_INPUT);
    assert_ok(read_ccel_facts("ccel/go-eventlog/cos-113-intel-tdx.bin", &facts, &bytes, &err));
    assert_int_equal(facts.secure_boot, BOOT_SECURE_OFF);
    assert_int_equal(facts.applications.count, 2);
    assert_int_not_equal(facts.command_line.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_separator_is_refused),
        cmocka_unit_test(secure_boot_is_read_before_the_separator_only),
        cmocka_unit_test(a_variable_that_was_not_measured_is_no_fact),
        cmocka_unit_test(applications_do_not_hide_behind_a_label),
        cmocka_unit_test(firmware_is_all_that_pcr_0_holds),
        cmocka_unit_test(more_digests_than_fit_are_refused),
        cmocka_unit_test(the_command_line_is_what_was_measured),
        cmocka_unit_test(the_stub_tells_options_and_initrd),
        cmocka_unit_test(applications_are_those_of_go_tpm_tools),
        cmocka_unit_test(command_lines_are_those_of_go_tpm_tools),
        cmocka_unit_test(a_ccel_with_two_separators_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
