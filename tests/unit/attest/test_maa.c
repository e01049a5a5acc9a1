#include "tests/unit/attest/token_make.h"

#include "lib/attest/evidence/maa.h"

static int read_text(const char *text, struct snp_report *report, struct err *err)
{
    OWNED_JSON *claims = NULL;

    assert_int_equal(json_parse(span_of_str(text), &claims, err), 0);
    assert_int_equal(maa_detect(claims), MAA_SNP);
    return maa_read_snp(claims, report, err);
}

static void claims_become_the_report_that_the_service_saw(void **state)
{
    struct snp_report report;
    struct err err;

    (void)state;
    assert_ok(read_text(MAA_CLAIMS(""), &report, &err));
    assert_int_equal(report.measurement[47], 0x89);
    assert_int_equal(report.id_key_digest[0], 0x22);
    assert_int_equal(snp_tcb_of(report.reported_tcb, SNP_GENOA).svn[SNP_TCB_UCODE], 115);
    assert_int_equal(report.policy, SNP_POLICY_RESERVED_ONE | SNP_POLICY_SMT);
    assert_int_equal(report.report_id_ma[31], 0xff);
    assert_int_equal(report.guest_svn, 4);
}

/* Each claim in turn under another name, and then of another kind. */
static void a_claim_that_is_missing_or_odd_is_refused(void **state)
{
    static const char prefix[] = "\"x-ms-sevsnpvm-";
    OWNED(free_str) char *text = mem_strdup(MAA_CLAIMS(""));
    char *at = text;
    size_t count = 0;
    struct err err;

    (void)state;
    while ((at = strstr(at, prefix)) != NULL) {
        struct snp_report report;
        char *value = strchr(at, ':') + 1, was;

        at[1] = 'y';
        assert_fails(read_text(text, &report, &err), ERR_INPUT);
        at[1] = 'x';
        was = value[0];
        if (was == '"') {
            value[1] = 'g'; /* no digit */
            assert_fails(read_text(text, &report, &err), ERR_INPUT);
            value[1] = MAA_CLAIMS("")[value + 1 - text];
        }
        at += sizeof(prefix);
        count++;
    }
    assert_int_equal(count, 17);
}

static void debug_and_migration_are_taken_over(void **state)
{
    OWNED(free_str) char *text = mem_strdup(MAA_CLAIMS(""));
    char *debug = strstr(text, "is-debuggable\":false"), *migration;
    struct snp_report report;
    struct err err;

    (void)state;
    memcpy(strchr(debug, ':'), ":true ", 6);
    migration = strstr(text, "migration-allowed\":false");
    memcpy(strchr(migration, ':'), ":true ", 6);
    assert_ok(read_text(text, &report, &err));
    assert_true((report.policy & SNP_POLICY_DEBUG) != 0);
    assert_true((report.policy & SNP_POLICY_MIGRATE_MA) != 0);
    assert_int_equal(report.report_id_ma[0], 0);
}

static void the_claims_may_stand_within_those_of_the_machine(void **state)
{
    OWNED(free_str)
    char *text = mem_printf("{\"x-ms-attestation-type\":\"azurevm\",\"x-ms-isolation-tee\":%s}",
                            MAA_CLAIMS(""));
    struct snp_report report;
    struct err err;

    (void)state;
    assert_ok(read_text(text, &report, &err));
    assert_int_equal(report.measurement[0], 0x89);
}

/* --- TDX ------------------------------------------------------------------------------------- */

static int read_tdx(const char *text, struct td_report *td, struct err *err)
{
    OWNED_JSON *claims = NULL;
    const char *status = NULL;
    int result;

    assert_int_equal(json_parse(span_of_str(text), &claims, err), 0);
    assert_int_equal(maa_detect(claims), MAA_TDX);
    result = maa_read_tdx(claims, td, &status, err);
    if (result == 0)
        assert_string_equal(status, "UpToDate");
    return result;
}

static void claims_become_the_td_that_the_service_saw(void **state)
{
    OWNED(free_str)
    char *inner = mem_printf("{\"x-ms-attestation-type\":\"azurevm\",\"x-ms-isolation-tee\":%s}",
                             MAA_TDX_CLAIMS(""));
    const char *const texts[] = {MAA_TDX_CLAIMS(""), inner};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct td_report td;

        assert_ok(read_tdx(texts[i], &td, &err));
        assert_int_equal(td.mrtd[47], 0xd7);
        assert_int_equal(td.rtmr[0][0], 0x10);
        assert_int_equal(td.rtmr[3][47], 0x13);
        assert_int_equal(td.mrseam[1], 0x5e);
        assert_int_equal(td.report_data[47], 0x9b);
        assert_int_equal(td.tee_tcb_svn[0], 0x05);
        assert_int_equal(td.td_attributes, TD_ATTR_SEPT_VE_DISABLE);
        assert_int_equal(td.xfam, 0x618e7);
    }
}

static void a_claim_about_a_td_that_is_missing_or_odd_is_refused(void **state)
{
    OWNED(free_str) char *text = mem_strdup(MAA_TDX_CLAIMS(""));
    char *at = text;
    size_t count = 0;
    struct td_report td;
    struct err err;

    (void)state;
    while ((at = strstr(at, "\"tdx_")) != NULL) {
        char *digit = strchr(at, ':') + 2, was = *digit;

        at[1] = 'y';
        assert_fails(read_tdx(text, &td, &err), ERR_INPUT);
        at[1] = 't';
        *digit = 'g';
        assert_fails(read_tdx(text, &td, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, "tdx_"));
        *digit = was;
        at++;
        count++;
    }
    assert_int_equal(count, 15);
    strstr(text, "attester_tcb_status")[0] = 'b';
    assert_fails(read_tdx(text, &td, &err), ERR_INPUT);
}

static void other_claims_are_none_of_the_services(void **state)
{
    OWNED_JSON *claims = NULL;
    struct err err;

    (void)state;
    assert_ok(json_parse(span_of_str("{\"x-ms-attestation-type\":\"sgx\"}"), &claims, &err));
    assert_int_equal(maa_detect(claims), MAA_NOBODY);
    assert_null(maa_nonce(claims));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_become_the_report_that_the_service_saw),
        cmocka_unit_test(a_claim_that_is_missing_or_odd_is_refused),
        cmocka_unit_test(debug_and_migration_are_taken_over),
        cmocka_unit_test(the_claims_may_stand_within_those_of_the_machine),
        cmocka_unit_test(claims_become_the_td_that_the_service_saw),
        cmocka_unit_test(a_claim_about_a_td_that_is_missing_or_odd_is_refused),
        cmocka_unit_test(other_claims_are_none_of_the_services),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
