/* The bodies of quotes: of TDs and of enclaves, as fields and as claims. */
#include "tests/unit/attest/tdx_world.h"

#include "lib/attest/evidence/claim_bits.h"
#include "lib/attest/evidence/sgx_claims.h"
#include "lib/attest/evidence/sgx_report.h"
#include "lib/attest/evidence/td_claims.h"
#include "lib/attest/evidence/td_report.h"

static void a_body_of_another_length_is_refused(void **state)
{
    static const uint8_t bytes[TD_REPORT_15_SIZE + 1];
    struct sgx_report report;
    struct td_report td;
    struct err err;

    (void)state;
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        if (len != TD_REPORT_SIZE && len != TD_REPORT_15_SIZE)
            assert_fails(td_report_parse(span_of(bytes, len), &td, &err), ERR_INPUT);
        if (len != SGX_REPORT_SIZE)
            assert_fails(sgx_report_parse(span_of(bytes, len), &report, &err), ERR_INPUT);
    }
}

/* What the processor leaves zero. */
static void a_reserved_byte_of_an_enclave_is_refused(void **state)
{
    uint8_t bytes[SGX_REPORT_SIZE] = {0};
    struct sgx_report report;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bool reserved = (i >= 20 && i < 32) || (i >= 96 && i < 128) || (i >= 160 && i < 192) ||
                        (i >= 262 && i < 304);

        bytes[i] = 1;
        assert_int_equal(sgx_report_parse(SPAN_OF_ARRAY(bytes), &report, &err), reserved ? -1 : 0);
        if (reserved) {
            OWNED(free_str) char *place = mem_printf("byte %zu of", i);

            assert_non_null(strstr(err.text, place));
        }
        bytes[i] = 0;
    }
}

static void expect_claim(const struct json *claims, const char *key, const char *value)
{
    const char *got = json_get_str(claims, key);

    if (got == NULL || strncmp(got, value, strlen(value)) != 0)
        fail_msg("%s: expected '%s', got '%s'", key, value, got ? got : "nothing");
}

static void a_td_says_everything(void **state)
{
    static const char *const hex[] = {
        "mrtd",          "e1e1", "mrconfigid",  "c1c1", "mrowner",     "c2c2",    "rtmr0", "a0a0",
        "mrownerconfig", "c3c3", "rtmr1",       "a1a1", "rtmr2",       "a2a2",    "rtmr3", "a3a3",
        "mrseam",        "5e5e", "report_data", "d1d1", "tee_tcb_svn", "05010200"};

    (void)state;
    for (int kind = FAKE_TD4; kind < FAKE_TDX_KINDS; kind++) {
        OWNED_FAKE_TDX world;
        OWNED_JSON *claims = NULL;
        struct td_report td;
        struct err err;

        fake_tdx_start(&world, (enum fake_tdx_kind)kind);
        world.body[600] = 0x77;
        world.body[127] = 0x80;
        assert_ok(td_report_parse(span_of(world.body, fake_tdx_body_size(&world)), &td, &err));
        assert_int_equal(td.is_15, kind == FAKE_TD5_15);
        assert_int_equal(td.td_attributes, TD_ATTR_SEPT_VE_DISABLE | TD_ATTR_PERFMON);
        assert_int_equal(td.xfam, 0x602e7);
        claims = td_claims(&td);
        for (size_t i = 0; i < COUNT_OF(hex); i += 2)
            expect_claim(claims, hex[i], hex[i + 1]);
        expect_claim(claims, "td_version", td.is_15 ? "1.5" : "1.0");
        expect_claim(claims, "xfam", "0x602e7");
        expect_claim(json_get(claims, "td_attributes"), "raw", "0x8000000010000000");
        assert_true(json_get_bool(json_get(claims, "td_attributes"), "sept_ve_disable"));
        assert_false(json_get_bool(json_get(claims, "td_attributes"), "debug"));
        assert_int_equal(json_get(claims, "mrservicetd") != NULL, td.is_15);
        if (td.is_15)
            expect_claim(claims, "mrservicetd", "7700");
    }
}

static void an_enclave_says_everything(void **state)
{
    OWNED_FAKE_TDX world;
    OWNED_JSON *claims = NULL;
    struct sgx_report report;
    struct err err;

    (void)state;
    fake_tdx_start(&world, FAKE_SGX3);
    world.body[16] = 0x01; /* MISCSELECT */
    world.body[260] = 9;   /* CONFIGSVN */
    assert_ok(sgx_report_parse(span_of(world.body, SGX_REPORT_SIZE), &report, &err));
    claims = sgx_claims(&report);
    expect_claim(claims, "mrenclave", "e1e1");
    expect_claim(claims, "mrsigner", "e2e2");
    expect_claim(claims, "report_data", "d1d1");
    expect_claim(claims, "misc_select", "0x1");
    expect_claim(claims, "xfrm", "0xe7");
    expect_claim(json_get(claims, "attributes"), "raw", "0x5");
    assert_true(json_get_bool(json_get(claims, "attributes"), "init"));
    assert_int_equal(json_get_int(claims, "isv_prod_id"), 7);
    assert_int_equal(json_get_int(claims, "config_svn"), 9);
}

static void a_word_of_flags_is_shown_whole_and_by_name(void **state)
{
    static const struct claim_bit names[] = {{1, "low"}, {1ULL << 63, "high"}};
    OWNED_JSON *claims = claim_bits(1ULL << 63, names, COUNT_OF(names));

    (void)state;
    expect_claim(claims, "raw", "0x8000000000000000");
    assert_true(json_get_bool(claims, "high"));
    assert_false(json_get_bool(claims, "low"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_of_another_length_is_refused),
        cmocka_unit_test(a_reserved_byte_of_an_enclave_is_refused),
        cmocka_unit_test(a_td_says_everything),
        cmocka_unit_test(an_enclave_says_everything),
        cmocka_unit_test(a_word_of_flags_is_shown_whole_and_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
