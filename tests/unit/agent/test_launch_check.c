/* The IGVM file of a share against the report of a machine: a simulated one, and an SNP guest. */
#include "tests/unit/attest/igvm_make.h"

#include "lib/attest/evidence/snp_report.h"
#include "lib/crypto/key.h"
#include "services/agent-api/attester/launch_check.h"
#include "tests/fakes/fake_tsm.h"

/* A file with one page, whose digest depends on gpa. */
static void make_file(struct buf *file, enum igvm_platform platform, uint64_t gpa)
{
    igvm_begin(file);
    igvm_add_platform(file, platform, 1);
    igvm_add_page(file, gpa, 1, 0, 0);
    igvm_seal(file, file->len);
}

static void measure(struct span file, unsigned flags, uint8_t out[static SHA384_SIZE])
{
    struct igvm_measurement measured;
    struct igvm igvm;
    struct err err;

    assert_ok(igvm_parse(file, &igvm, &err));
    assert_ok(igvm_measure(&igvm, IGVM_SNP, flags, &measured, &err));
    memcpy(out, measured.digest, SHA384_SIZE);
}

static int check_simulated(struct span file, const uint8_t *launched, struct err *err)
{
    OWNED_KEY *root = NULL;
    struct desk_config machine = {.attesters = {&attester_sim}};

    assert_int_equal(key_generate(KEY_P384, 0, &root, err), 0);
    machine.places = (struct attester_places){.sim_key = root, .sim_measurement = launched};
    return launch_check(file, &machine, err);
}

static void machine_that_was_made_from_another_file_is_told_with_both_digests(void **state)
{
    OWNED_BUF file = BUF_OF(64 * KIB), other = BUF_OF(64 * KIB);
    uint8_t launched[SHA384_SIZE], expected[SHA384_SIZE];
    char hex[2 * SHA384_SIZE + 1];
    struct err err;

    (void)state;
    make_file(&file, IGVM_SNP, 0x1000);
    make_file(&other, IGVM_SNP, 0x2000);
    measure(buf_span(&file), 0, expected);
    measure(buf_span(&other), 0, launched);
    assert_fails(check_simulated(buf_span(&file), launched, &err), ERR_UNTRUSTED);
    text_hex(expected, SHA384_SIZE, hex);
    assert_non_null(strstr(err.text, hex));
    text_hex(launched, SHA384_SIZE, hex);
    assert_non_null(strstr(err.text, hex));
    assert_fails(check_simulated(buf_span(&file), NULL, &err), ERR_UNTRUSTED);
}

static void file_that_is_none_or_for_another_platform_is_refused(void **state)
{
    OWNED_BUF file = BUF_OF(64 * KIB);
    uint8_t launched[SHA384_SIZE] = {0};
    struct err err;

    (void)state;
    make_file(&file, IGVM_TDX, 0x1000);
    assert_fails(check_simulated(buf_span(&file), launched, &err), ERR_INPUT);
    assert_fails(check_simulated(span_of_str(""), launched, &err), ERR_INPUT);
    assert_fails(check_simulated(span_part(buf_span(&file), 0, 30), launched, &err), ERR_INPUT);
}

static void file_that_the_machine_was_made_from_is_found_to_be_it(void **state)
{
    static const unsigned ways[] = {0, IGVM_NATIVE_ZERO};
    OWNED_BUF file = BUF_OF(64 * KIB);
    uint8_t launched[SHA384_SIZE];
    struct err err;

    (void)state;
    make_file(&file, IGVM_SNP, 0x1000);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        measure(buf_span(&file), ways[i], launched);
        assert_ok(check_simulated(buf_span(&file), launched, &err));
    }
}

static void machine_without_a_report_of_its_launch_cannot_say(void **state)
{
    const struct desk_config nothing = {.attesters = {NULL}}, tpm = {.attesters = {&attester_vtpm}};
    OWNED_BUF file = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    make_file(&file, IGVM_SNP, 0x1000);
    assert_fails(launch_check(buf_span(&file), &nothing, &err), ERR_UNSUPPORTED);
    assert_fails(launch_check(buf_span(&file), &tpm, &err), ERR_UNSUPPORTED);
}

static void report_of_an_snp_guest_counts(void **state)
{
    const struct desk_config machine = {.attesters = {&attester_snp},
                                        .places = {.tsm = &fake_tsm_kernel}};
    OWNED_BUF file = BUF_OF(64 * KIB);
    uint8_t report[SNP_REPORT_SIZE] = {2}; /* its version */
    struct err err;

    (void)state;
    make_file(&file, IGVM_SNP, 0x1000);
    report[0x0a] = 2; /* of the policy, the bit that is always one */
    report[0x34] = 1; /* ECDSA on P-384 */
    measure(buf_span(&file), 0, report + 0x90);
    fake_tsm_begin();
    fake_tsm.provider = "sev_guest";
    fake_tsm.report = SPAN_OF_ARRAY(report);
    assert_ok(launch_check(buf_span(&file), &machine, &err));
    report[0x90] ^= 1;
    assert_fails(launch_check(buf_span(&file), &machine, &err), ERR_UNTRUSTED);
    fake_tsm_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_that_was_made_from_another_file_is_told_with_both_digests),
        cmocka_unit_test(file_that_is_none_or_for_another_platform_is_refused),
        cmocka_unit_test(file_that_the_machine_was_made_from_is_found_to_be_it),
        cmocka_unit_test(machine_without_a_report_of_its_launch_cannot_say),
        cmocka_unit_test(report_of_an_snp_guest_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
