#include "tests/unit/attest/vtpm_bench.h"

#include "lib/attest/appraisal/appraise_vtpm.h"

/* Judges the machine by the vtpm part of a policy; the rest of the policy is its waivers. */
static void judge(struct bench *b, enum ak_binding binding, const char *waive, const char *part)
{
    const struct vtpm_subject subject = {.vtpm = &b->vtpm, .proof = &b->proof, .binding = binding};
    OWNED(free_str)
    char *text = mem_printf("{\"version\":1,\"waive\":[%s],\"vtpm\":{%s}}", waive, part);
    OWNED_POLICY *policy = NULL;
    struct err err;

    assert_ok(policy_load(span_of_str(text), &policy, &err));
    bench_prove(b);
    verdict_done(&b->verdict);
    verdict_init(&b->verdict, policy);
    appraise_vtpm(&subject, &policy->vtpm, &b->verdict);
}

static size_t errors(const struct bench *b)
{
    size_t count = 0;

    for (size_t i = 0; i < b->verdict.count; i++)
        count += b->verdict.findings[i].severity == SEVERITY_ERROR;
    return count;
}

static void absence_refuses_unless_it_is_waived(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    bench_quote(&b);
    judge(&b, AK_REPORTED, "", "");
    assert_int_equal(errors(&b), 2);
    judge(&b, AK_REPORTED, "\"measurement\"", "");
    assert_int_equal(errors(&b), 1);
    assert_int_equal(bench_count(&b, FINDING_TPM_FIRMWARE_ABSENT), 1);
    judge(&b, AK_REPORTED, "\"measurement\",\"pei\"", "");
    assert_int_equal(errors(&b), 0);
}

/* What is present is checked, waived or not. */
static void a_waiver_excuses_absence_only(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    bench_quote(&b);
    judge(&b, AK_REPORTED, "\"measurement\",\"pei\"",
          "\"pcrs\":{\"sha256\":{\"4\":"
          "\"0000000000000000000000000000000000000000000000000000000000000000\"}}");
    assert_int_equal(bench_count(&b, FINDING_TPM_PCR), 1);
    judge(&b, AK_REPORTED, "\"measurement\",\"pei\"",
          "\"pei_digests\":"
          "\"0000000000000000000000000000000000000000000000000000000000000000\"");
    assert_int_equal(bench_count(&b, FINDING_TPM_FIRMWARE), 2);
}

static void firmware_that_no_log_shows_is_refused(void **state)
{
    char pei[65], part[256];
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    snprintf(part, sizeof(part), "\"pei_digests\":\"%s\"", hex_of_text("PEI", pei));
    bench_quote(&b);
    b.logs.tcg = span_of(NULL, 0);
    judge(&b, AK_REPORTED, "\"measurement\"", part);
    assert_int_equal(bench_count(&b, FINDING_TPM_FIRMWARE_UNSHOWN), 1);

    b.machine.quoted = ALL_REGISTERS & ~1u; /* with the log, but PCR 0 is not quoted */
    bench_quote(&b);
    judge(&b, AK_REPORTED, "\"measurement\"", part);
    assert_int_equal(bench_count(&b, FINDING_TPM_FIRMWARE_UNSHOWN), 1);
}

static void values_of_sha1_pin_nothing(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    bench_quote(&b);
    judge(&b, AK_REPORTED, "\"pei\"",
          "\"pcrs\":{\"sha1\":{\"0\":\"0000000000000000000000000000000000000000\"}}");
    assert_int_equal(bench_count(&b, FINDING_TPM_PCRS_ABSENT), 1);
    assert_int_equal(bench_count(&b, FINDING_TPM_PCR_UNQUOTED), 1);
}

static void a_software_tpm_that_a_report_names_is_the_platforms(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    b.machine.firmware_version = 0x2019102300163636;
    bench_quote(&b);
    judge(&b, AK_REPORTED, "\"measurement\",\"pei\"", "");
    assert_int_equal(errors(&b), 0);
    judge(&b, AK_CREDENTIAL, "\"measurement\",\"pei\"", "");
    assert_int_equal(bench_count(&b, FINDING_TPM_EMULATED), 1);
    b.machine.firmware_version = 0; /* which is not that of a program, as far as it says */
    bench_quote(&b);
    judge(&b, AK_GUEST, "\"measurement\",\"pei\"", "");
    assert_int_equal(bench_count(&b, FINDING_TPM_EMULATED), 1);
    judge(&b, AK_GUEST, "\"measurement\",\"pei\"", "\"emulated\":true");
    assert_int_equal(errors(&b), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absence_refuses_unless_it_is_waived),
        cmocka_unit_test(a_waiver_excuses_absence_only),
        cmocka_unit_test(firmware_that_no_log_shows_is_refused),
        cmocka_unit_test(values_of_sha1_pin_nothing),
        cmocka_unit_test(a_software_tpm_that_a_report_names_is_the_platforms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
