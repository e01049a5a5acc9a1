#include "tests/unit/unit.h"

#include "lib/attest/verdict.h"

static struct policy *policy_of(const char *text)
{
    struct policy *policy = NULL;
    struct err err;

    assert_ok(policy_load(span_of_str(text), &policy, &err));
    return policy;
}

static void nothing_done_is_nothing_accepted(void **state)
{
    OWNED_POLICY *policy = policy_of("{\"version\":1}");
    OWNED_VERDICT verdict = {0};

    (void)state;
    verdict_init(&verdict, policy);
    assert_int_equal(verdict_crypto(&verdict), OUTCOME_FAIL);
    assert_int_equal(verdict_policy(&verdict), OUTCOME_FAIL);
    assert_false(verdict_accepted(&verdict));
}

static void an_item_must_go_the_whole_way(void **state)
{
    OWNED_POLICY *policy = policy_of("{\"version\":1}");

    (void)state;
    for (int stations = 0; stations < 8; stations++) {
        OWNED_VERDICT verdict = {0};

        verdict_init(&verdict, policy);
        if (stations & 1)
            verdict_open_item(&verdict);
        if (stations & 2)
            verdict_prove_item(&verdict);
        if (stations & 4)
            verdict_appraise_item(&verdict);
        assert_int_equal(verdict_accepted(&verdict), stations == 7);
        assert_int_equal(verdict_crypto(&verdict) == OUTCOME_PASS, (stations & 3) == 3);
        assert_int_equal(verdict_policy(&verdict) == OUTCOME_PASS, (stations & 5) == 5);
    }
}

static void one_unproven_item_of_two_refuses(void **state)
{
    OWNED_POLICY *policy = policy_of("{\"version\":1}");
    OWNED_VERDICT verdict = {0};

    (void)state;
    verdict_init(&verdict, policy);
    verdict_open_item(&verdict);
    verdict_prove_item(&verdict);
    verdict_appraise_item(&verdict);
    assert_true(verdict_accepted(&verdict));
    verdict_open_item(&verdict);
    verdict_appraise_item(&verdict);
    assert_false(verdict_accepted(&verdict));
}

static void without_a_policy_nothing_is_accepted(void **state)
{
    OWNED_VERDICT verdict = {0};

    (void)state;
    verdict_init(&verdict, NULL);
    verdict_open_item(&verdict);
    verdict_prove_item(&verdict);
    verdict_appraise_item(&verdict);
    assert_int_equal(verdict_crypto(&verdict), OUTCOME_PASS);
    assert_int_equal(verdict_policy(&verdict), OUTCOME_NONE);
    assert_false(verdict_accepted(&verdict));
}

static void pass_all(struct verdict *verdict, const struct policy *policy)
{
    verdict_init(verdict, policy);
    verdict_open_item(verdict);
    verdict_prove_item(verdict);
    verdict_appraise_item(verdict);
}

static void an_error_refuses_in_its_own_aspect(void **state)
{
    OWNED_POLICY *policy = policy_of("{\"version\":1}");
    OWNED_VERDICT crypto = {0}, judged = {0}, told = {0};

    (void)state;
    pass_all(&crypto, policy);
    verdict_add(&crypto, FINDING_SNP_SIGNATURE);
    assert_int_equal(verdict_crypto(&crypto), OUTCOME_FAIL);
    assert_int_equal(verdict_policy(&crypto), OUTCOME_PASS);
    pass_all(&judged, policy);
    verdict_add(&judged, FINDING_SNP_DEBUG);
    assert_int_equal(verdict_crypto(&judged), OUTCOME_PASS);
    assert_int_equal(verdict_policy(&judged), OUTCOME_FAIL);
    pass_all(&told, policy);
    verdict_add(&told, FINDING_SNP_ROOT_GIVEN);
    assert_true(verdict_accepted(&told));
}

static void a_waiver_excuses_what_it_names_and_nothing_else(void **state)
{
    OWNED_POLICY *policy = policy_of("{\"version\":1,\"waive\":\"crl\"}");
    OWNED_VERDICT verdict = {0};

    (void)state;
    pass_all(&verdict, policy);
    verdict_add_missing(&verdict, FINDING_SNP_CRL_ABSENT, WAIVE_CRL);
    assert_true(verdict_accepted(&verdict));
    assert_true(verdict.waived[WAIVE_CRL]);
    verdict_add_missing(&verdict, FINDING_SNP_TCB_ABSENT, WAIVE_MIN_TCB);
    assert_false(verdict_accepted(&verdict));
    assert_false(verdict.waived[WAIVE_MIN_TCB]);
}

static void too_many_findings_refuse_however_harmless(void **state)
{
    OWNED_POLICY *policy = policy_of("{\"version\":1}");
    OWNED_VERDICT verdict = {0};

    (void)state;
    pass_all(&verdict, policy);
    for (int i = 0; i < VERDICT_FINDINGS_MAX - 1; i++)
        finding_got(verdict_add(&verdict, FINDING_SNP_ROOT_GIVEN), "%d", i);
    assert_true(verdict_accepted(&verdict));
    for (int i = 0; i < 1000; i++)
        finding_got(verdict_add(&verdict, FINDING_SNP_ROOT_GIVEN), "%d", i);
    assert_int_equal(verdict.count, VERDICT_FINDINGS_MAX);
    assert_int_equal(verdict.findings[VERDICT_FINDINGS_MAX - 1].id, FINDING_OVERFLOW);
    assert_false(verdict_accepted(&verdict));
}

static void add_texts(struct verdict *verdict, const char *subject, const char *got)
{
    struct finding *finding = verdict_add(verdict, FINDING_TPM_PCR);

    if (subject != NULL)
        finding_subject(finding, "%s", subject);
    finding_got(finding, "%s", got);
}

static void what_was_said_is_not_said_again(void **state)
{
    OWNED_VERDICT verdict = {0};

    (void)state;
    verdict_init(&verdict, NULL);
    add_texts(&verdict, "4", "x");
    add_texts(&verdict, "4", "x");
    add_texts(&verdict, "4", "y");
    add_texts(&verdict, NULL, "x");
    add_texts(&verdict, "4", "x");
    add_texts(&verdict, "5", "x");
    verdict_drop_repeated(&verdict);
    assert_int_equal(verdict.count, 4);
    assert_string_equal(verdict.findings[1].got, "y");
    assert_null(verdict.findings[2].subject);
    assert_string_equal(verdict.findings[3].subject, "5");
    verdict_drop_repeated(&verdict);
    assert_int_equal(verdict.count, 4);
}

static void json_has_the_members_of_the_contract(void **state)
{
    static const char *const members[] = {"result", "crypto",   "policy",
                                          "waived", "findings", "claims"};
    static const char *const texts[] = {"id",  "severity", "what", "expected",
                                        "got", "hint",     "spec"};
    OWNED_POLICY *policy = policy_of("{\"version\":1,\"waive\":[\"crl\"]}");
    OWNED_VERDICT verdict = {0};
    OWNED_JSON *json = NULL;
    const struct json *finding;
    struct finding *made;

    (void)state;
    pass_all(&verdict, policy);
    verdict_pass(&verdict, FINDING_SNP_CA_TIME);
    verdict_pass(&verdict, FINDING_SNP_SIGNATURE);
    made = verdict_add(&verdict, FINDING_SNP_SIGNATURE);
    finding_expect(made, "a");
    finding_got(made, "b");
    finding_expect(verdict_add_missing(&verdict, FINDING_SNP_CRL_ABSENT, WAIVE_CRL), "ARK");
    json = verdict_json(&verdict);
    for (size_t i = 0; i < COUNT_OF(members); i++)
        assert_non_null(json_get(json, members[i]));
    assert_string_equal(json_get_str(json, "result"), "rejected");
    assert_string_equal(json_get_str(json, "crypto"), "fail");
    assert_string_equal(json_get_str(json, "policy"), "pass");
    assert_string_equal(json_str(json_at(json_get(json, "waived"), 0)), "crl");
    finding = json_at(json_get(json, "findings"), 0);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_non_null(json_get_str(finding, texts[i]));
    assert_string_equal(json_get_str(finding, "severity"), "error");
    finding = json_at(json_get(json, "findings"), 1);
    assert_string_equal(json_get_str(finding, "severity"), "warning");
    assert_string_equal(json_get_str(finding, "what"), "a revocation list by ARK");
    /* The signature did not hold, whatever held once. */
    assert_int_equal(json_count(json_get(json, "checked")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_done_is_nothing_accepted),
        cmocka_unit_test(an_item_must_go_the_whole_way),
        cmocka_unit_test(one_unproven_item_of_two_refuses),
        cmocka_unit_test(without_a_policy_nothing_is_accepted),
        cmocka_unit_test(an_error_refuses_in_its_own_aspect),
        cmocka_unit_test(a_waiver_excuses_what_it_names_and_nothing_else),
        cmocka_unit_test(too_many_findings_refuse_however_harmless),
        cmocka_unit_test(what_was_said_is_not_said_again),
        cmocka_unit_test(json_has_the_members_of_the_contract),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
