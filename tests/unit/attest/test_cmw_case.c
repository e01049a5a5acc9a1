#include "tests/unit/attest/bundle_make.h"
#include "tests/unit/attest/hcl_make.h"

#include "lib/attest/cmw_case.h"
#include "lib/cbor/cose.h"

#define SNP_TYPE "application/vnd.cocos.snp-report"

/* A machine whose report answers the caller's report data, ready to be wrapped. */
static void make_agent(struct agent *a, struct buf *report)
{
    agent_make(a);
    memset(a->world.report + 0x50, 0x5c, 64);
    fake_snp_make(&a->world);
    buf_add(report, a->world.report, sizeof(a->world.report));
    fake_snp_table(&a->world, report);
    a->in.report_data = span_of(a->world.report + 0x50, 64);
    buf_reset(&a->policy);
    buf_add_str(&a->policy, "{\"version\":1,\"waive\":[\"crl\",\"min_tcb\",\"measurement\"],"
                            "\"snp\":{\"vmpl\":0}}");
}

static void add_json(struct buf *out, const char *type, struct span value, const char *more)
{
    buf_printf(out, "[\"%s\",\"", type);
    text_encode_base64url(value, out);
    buf_printf(out, "\"%s]", more);
}

static void evidence_in_a_record_is_judged(void **state)
{
    OWNED_BUF report = BUF_OF(64 * KIB);
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, &report);
    add_json(&a.text, SNP_TYPE, buf_span(&report), "");
    agent_expect(&a, FINDING_COUNT);
    buf_reset(&a.text);
    add_json(&a.text, SNP_TYPE "; version=2", buf_span(&report), ",4");
    agent_expect(&a, FINDING_COUNT);
    buf_reset(&a.text);
    add_json(&a.text, "Application/VND.cocos.snp-report", buf_span(&report), "");
    agent_expect(&a, FINDING_COUNT);
    buf_reset(&a.text);
    add_json(&a.text, SNP_TYPE "s", buf_span(&report), "");
    agent_expect(&a, FINDING_CMW_TYPE);
    report.data[0x50] ^= 1;
    buf_reset(&a.text);
    add_json(&a.text, SNP_TYPE, buf_span(&report), "");
    agent_expect(&a, FINDING_SNP_SIGNATURE);
}

static void nothing_unknown_is_passed_over(void **state)
{
    OWNED_BUF report = BUF_OF(64 * KIB);
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, &report);
    buf_add_str(&a.text, "{\"a\":");
    add_json(&a.text, SNP_TYPE, buf_span(&report), "");
    buf_add_str(&a.text, ",\"b\":[\"application/other\",\"AA\"]}");
    agent_expect(&a, FINDING_CMW_TYPE);
    buf_reset(&a.text);
    buf_add_str(&a.text, "[30001,\"AA\"]");
    agent_expect(&a, FINDING_CMW_TYPE);
}

/* What Azure's paravisor vouches for, in a wrapper. */
static void an_hcl_report_in_a_record_is_judged(void **state)
{
    static const char runtime[] = "{\"keys\":[]}";
    OWNED_BUF report = BUF_OF(64 * KIB), blob = BUF_OF(64 * KIB);
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, &report);
    make_blob(&blob, 2, runtime, a.world.report);
    add_json(&a.text, "application/vnd.cocos.hcl-report", buf_span(&blob), "");
    agent_expect(&a, FINDING_HCL_FORM); /* it names no key */
}

static void what_is_no_evidence_is_told_and_not_taken_for_it(void **state)
{
    OWNED_BUF report = BUF_OF(64 * KIB);
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, &report);
    add_json(&a.text, SNP_TYPE, buf_span(&report), ",2");
    agent_expect(&a, FINDING_CMW_EMPTY);
    buf_reset(&a.text);
    buf_add_str(&a.text, "{\"a\":");
    add_json(&a.text, SNP_TYPE, buf_span(&report), "");
    buf_add_str(&a.text, ",\"b\":[\"application/other\",\"AA\",3]}");
    agent_expect(&a, FINDING_COUNT);
    assert_int_equal(a.verdict.findings[a.verdict.count - 1].severity, SEVERITY_INFO);
}

/* Each wrapper is within the ones before it, up to the ceiling. */
static void wrappers_within_wrappers_have_a_ceiling(void **state)
{
    OWNED_BUF inner = BUF_OF(1 * MIB), report = BUF_OF(64 * KIB);
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, &report);
    add_json(&inner, SNP_TYPE, buf_span(&report), "");
    for (unsigned depth = 2; depth <= CASE_DEPTH_MAX + 1; depth++) {
        buf_reset(&a.text);
        buf_add_span(&a.text, buf_span(&inner));
        agent_expect(&a, depth <= CASE_DEPTH_MAX ? FINDING_COUNT : FINDING_FORMAT_UNKNOWN);
        buf_reset(&inner);
        add_json(&inner, "application/cmw+json", buf_span(&a.text), "");
    }
}

/* Sixty-five small messages, three levels wide. */
static void many_messages_have_a_ceiling(void **state)
{
    OWNED_BUF one = BUF_OF(64 * KIB), report = BUF_OF(64 * KIB);
    OWNED_AGENT a;

    (void)state;
    make_agent(&a, &report);
    buf_add_str(&one, "{");
    for (int i = 0; i < 32; i++)
        buf_printf(&one, "%s\"%d\":[\"" SNP_TYPE "\",\"AA\"]", i > 0 ? "," : "", i);
    buf_add_str(&one, "}");
    buf_add_str(&a.text, "{\"a\":");
    add_json(&a.text, "application/cmw+json", buf_span(&one), "");
    buf_add_str(&a.text, ",\"b\":");
    add_json(&a.text, "application/cmw+json", buf_span(&one), "");
    buf_add_str(&a.text, "}");
    agent_expect(&a, FINDING_FORMAT_UNKNOWN);
    assert_true(a.verdict.opened < CASE_ITEMS_MAX);
}

static void malformed_wrappers_are_refused(void **state)
{
    OWNED_BUF report = BUF_OF(64 * KIB);
    OWNED_AGENT a;
    OWNED_VERDICT verdict;
    struct err err;

    (void)state;
    make_agent(&a, &report);
    a.in.format = ATTEST_CMW;
    a.in.evidence = span_of("\x9f\x01\x40\xff", 4);
    assert_ok(attest_validate(&a.in, &verdict, &err));
    assert_int_equal(verdict.findings[0].id, FINDING_CMW_FORM);
    assert_non_null(strstr(verdict.findings[0].got, "byte"));
    assert_false(verdict_accepted(&verdict));
}

/* --- signed ---------------------------------------------------------------------------------- */

static void sign(struct agent *a, struct span wrapper, const char *type, const struct key *key)
{
    OWNED_CBOR_MAP headers = CBOR_MAP_OF(1 * KIB);
    struct cose_content content = {.protected_map = &headers, .payload = wrapper};
    struct err err;

    cbor_map_key_int(&headers, COSE_CONTENT_TYPE);
    cbor_add_text(&headers.items, type);
    buf_reset(&a->text);
    assert_ok(cose_sign1_sign(key, &content, &a->text, &err));
}

static void a_signed_wrapper_needs_its_key(void **state)
{
    OWNED_BUF report = BUF_OF(64 * KIB), wrapper = BUF_OF(64 * KIB), pem = BUF_OF(4 * KIB);
    OWNED_KEY *key = NULL;
    OWNED_POLICY *policy = NULL;
    OWNED_AGENT a;
    struct attest_input in;
    struct err err;

    (void)state;
    make_agent(&a, &report);
    assert_ok(key_generate(KEY_P256, 0, &key, &err));
    key_write_public_pem(key, &pem);
    add_json(&wrapper, SNP_TYPE, buf_span(&report), "");
    sign(&a, buf_span(&wrapper), "application/cmw+json", key);
    agent_expect(&a, FINDING_TOKEN_KEY);

    in = a.in;
    in.key = buf_span(&pem);
    assert_ok(policy_load(buf_span(&a.policy), &policy, &err));
    in.policy = policy;
    {
        OWNED_VERDICT good, bad;

        assert_ok(attest_validate(&in, &good, &err));
        assert_true(verdict_accepted(&good));
        a.text.data[a.text.len - 1] ^= 1;
        assert_ok(attest_validate(&in, &bad, &err));
        assert_int_equal(verdict_crypto(&bad), OUTCOME_FAIL);
    }
    sign(&a, buf_span(&wrapper), "application/other", key);
    assert_false(cmw_case_detect(buf_span(&a.text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_in_a_record_is_judged),
        cmocka_unit_test(nothing_unknown_is_passed_over),
        cmocka_unit_test(an_hcl_report_in_a_record_is_judged),
        cmocka_unit_test(what_is_no_evidence_is_told_and_not_taken_for_it),
        cmocka_unit_test(wrappers_within_wrappers_have_a_ceiling),
        cmocka_unit_test(many_messages_have_a_ceiling),
        cmocka_unit_test(malformed_wrappers_are_refused),
        cmocka_unit_test(a_signed_wrapper_needs_its_key),
    };

    return cmocka_run_group_tests(tests, NULL, agent_forget_keys);
}
