#include "tests/unit/attest/bundle_make.h"

#include "lib/attest/bundle_case.h"

#define HEX_OF_8_ZEROS  "0000000000000000"
#define HEX_OF_32_ZEROS HEX_OF_8_ZEROS HEX_OF_8_ZEROS HEX_OF_8_ZEROS HEX_OF_8_ZEROS

static void make_fresh(struct agent *a)
{
    agent_make(a);
    a->in.nonce = SPAN_OF_ARRAY(a->channel_bytes[0]);
}

/* --- what is accepted ------------------------------------------------------------------------ */

static void a_whole_bundle_is_accepted(void **state)
{
    const struct json *claims;
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    agent_accepted(&a);
    claims = a.verdict.claims;
    assert_string_equal(json_get_str(json_get(claims, "transcript"), "kind"), "channel");
    assert_non_null(json_get(claims, "snp"));
    assert_string_equal(json_get_str(json_get(json_get(claims, "vtpm"), "ak"), "bound_by"),
                        "guest");
    assert_int_equal(a.verdict.opened, 5); /* with the chain, and the word for its root */
}

static void a_tpm_alone_needs_a_key_that_the_policy_names(void **state)
{
    char more[128], ak[65];
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    a.snp = false;
    agent_refused(&a, FINDING_TPM_AK_UNBOUND);
    snprintf(more, sizeof(more), ",\"ak_sha256\":\"%s\"", hex_of_ak(&a.machine, ak));
    a.policy.len -= 2; /* into the vtpm part */
    buf_printf(&a.policy, "%s}}", more);
    agent_accepted(&a);
}

/* Whatever runs in a guest can let the platform sign a key of its own making and call it a TPM's.
 * So registers that such a key signed are the guest's word, until the policy takes them in words.
 */
static void a_tpm_for_which_only_the_guest_vouches_is_taken_in_words_only(void **state)
{
    OWNED_AGENT a;
    char *said;

    (void)state;
    make_fresh(&a);
    said = strstr((char *)a.policy.data, "true");
    assert_non_null(said);
    memcpy(said, "null", 4);
    agent_refused(&a, FINDING_TPM_EMULATED);
    assert_int_equal(verdict_crypto(&a.verdict), OUTCOME_PASS);
    memcpy(said, "true", 4);
    agent_accepted(&a);
}

/* Registers show what the measured firmware started, so a host that starts something else would
 * rather send no quote. */
static void a_quote_that_was_left_away_does_not_excuse_registers(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    a.vtpm = false;
    agent_refused(&a, FINDING_TPM_ABSENT);
    assert_int_equal(verdict_crypto(&a.verdict), OUTCOME_PASS);
    buf_reset(&a.policy);
    buf_add_str(&a.policy, "{\"version\":1,\"waive\":[\"crl\",\"min_tcb\",\"measurement\",\"pei\"],"
                           "\"snp\":{},\"vtpm\":{\"pei_digests\":\"" HEX_OF_32_ZEROS "\"}}");
    agent_refused(&a, FINDING_TPM_ABSENT);
    buf_reset(&a.policy);
    buf_add_str(&a.policy, "{\"version\":1,\"waive\":[\"crl\",\"min_tcb\",\"measurement\",\"pei\"],"
                           "\"snp\":{},\"vtpm\":{\"emulated\":true}}");
    agent_accepted(&a);
    a.vtpm = true;
    agent_accepted(&a);
}

/* --- what is refused ------------------------------------------------------------------------- */

static void an_item_over_another_transcript_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    agent_sign(&a);
    a.world.report[0x50] ^= 1;
    fake_snp_sign(&a.world);
    agent_write(&a);
    agent_expect(&a, FINDING_SNP_REPORT_DATA);
    assert_true(agent_found(&a, FINDING_TPM_AK_UNBOUND)); /* it binds nothing then */

    agent_sign(&a);
    a.machine.extra.data[0] ^= 1;
    machine_quote(&a.machine, NULL);
    agent_write(&a);
    agent_expect(&a, FINDING_TPM_CHALLENGE);
}

static void a_transcript_that_was_changed_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    agent_sign(&a);
    agent_hash(&a, TRANSCRIPT_CLIENT, span_of_str("another client"));
    agent_write(&a);
    agent_expect(&a, FINDING_SNP_REPORT_DATA);
}

static void a_log_that_was_changed_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    agent_sign(&a);
    buf_add_str(&a.machine.cel, "\n");
    agent_write(&a);
    agent_expect(&a, FINDING_BUNDLE_LOGS);
}

static void logs_that_the_transcript_does_not_name_are_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    a.transcript.has[TRANSCRIPT_LOGS] = false;
    agent_refused(&a, FINDING_BUNDLE_LOGS);
}

static void another_key_than_the_transcripts_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    agent_hash(&a, TRANSCRIPT_AK, span_of_str("another key"));
    agent_refused(&a, FINDING_TRANSCRIPT_AK);
    assert_int_equal(verdict_crypto(&a.verdict), OUTCOME_FAIL);
    a.transcript.has[TRANSCRIPT_AK] = false;
    agent_refused(&a, FINDING_TRANSCRIPT_AK);
}

/* What a register shows cannot be replaced by what the transcript says. */
static void a_run_that_no_register_shows_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    a.machine.quoted &= ~(1u << RUN_PCR);
    agent_refused(&a, FINDING_WORKLOAD_UNSHOWN);
}

static void a_report_of_nobody_we_know_vouches_for_nothing(void **state)
{
    OWNED_POLICY *policy = NULL;
    OWNED_VERDICT verdict;
    OWNED_AGENT a;
    struct err err;

    (void)state;
    make_fresh(&a);
    agent_accepted(&a);
    assert_ok(policy_load(buf_span(&a.policy), &policy, &err));
    a.in.policy = policy;
    a.in.trust_roots = (struct attest_spans){0};
    assert_ok(attest_validate(&a.in, &verdict, &err));
    assert_int_equal(verdict_crypto(&verdict), OUTCOME_FAIL);
    assert_true(verdict.proven == 0);
}

static void a_kind_that_the_policy_does_not_name_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    buf_reset(&a.policy);
    buf_add_str(&a.policy, "{\"version\":1,\"waive\":[\"crl\",\"min_tcb\",\"measurement\"],"
                           "\"snp\":{}}");
    agent_refused(&a, FINDING_KIND_REFUSED);
}

static void malformed_bundles_are_refused_with_their_place(void **state)
{
    OWNED_BUF shown = BUF_OF(64 * KIB);
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    buf_add_str(&a.text, "{\"transcript\":\"\",\"items\":[]}");
    agent_expect(&a, FINDING_BUNDLE_FORM);
    attest_explain(&a.verdict, &shown);
    assert_non_null(strstr(buf_str(&shown), "/transcript"));

    buf_reset(&a.text);
    buf_add_str(&a.text, "{\"version\":1,\"transcript\":\"AAAA\",\"items\":[{\"type\":\"dice\","
                         "\"media_type\":\"application/vnd.cocos.dice-chain\",\"data\":\"AAAA\"}],"
                         "\"logs\":{}}");
    agent_expect(&a, FINDING_TRANSCRIPT_FORM);
}

/* --- whose key it is -------------------------------------------------------------------------- */

static void expect_no_computation(struct agent *a, const char *got)
{
    agent_refused(a, FINDING_DICE_COMPUTATION);
    for (size_t i = 0; i < a->verdict.count; i++)
        if (a->verdict.findings[i].id == FINDING_DICE_COMPUTATION)
            assert_non_null(strstr(a->verdict.findings[i].got, got));
}

/* With a TPM, and where no register shows the run. */
static void a_key_that_is_not_the_computations_is_refused(void **state)
{
    (void)state;
    for (int tpm = 0; tpm < 2; tpm++) {
        OWNED_AGENT a;

        make_fresh(&a);
        a.vtpm = tpm == 1;
        agent_policy(&a, "");
        a.no_chain = true;
        expect_no_computation(&a, "no DICE chain");
        assert_int_equal(verdict_crypto(&a.verdict), OUTCOME_PASS); /* all of it is genuine */
        a.no_chain = false;
        a.computation.what = "waiting";
        expect_no_computation(&a, "no computation's");
        assert_int_equal(verdict_crypto(&a.verdict), OUTCOME_PASS);
        a.computation.what = DICE_LAYER_COMPUTATION;
        a.computation.of[0] ^= 1;
        expect_no_computation(&a, "another manifest");
        assert_int_equal(verdict_crypto(&a.verdict), OUTCOME_PASS);
        a.computation.of[0] ^= 1;
        agent_accepted(&a);
        assert_true(verdict_holds(&a.verdict, FINDING_DICE_COMPUTATION));
    }
}

static void a_chain_that_does_not_hold_certifies_no_key(void **state)
{
    OWNED_AGENT a;
    struct key *other;

    (void)state;
    make_fresh(&a);
    buf_add_str(&a.computation.evidence, "x");
    a.computation.type = BUNDLE_SNP;
    agent_refused(&a, FINDING_DICE_COMPUTATION);
    buf_reset(&a.computation.evidence);
    other = a.computation.server; /* another key than that of the transcript */
    a.computation.server = computation_key();
    expect_no_computation(&a, "does not hold");
    key_free(a.computation.server);
    a.computation.server = other;
    agent_accepted(&a);
}

static void who_demands_no_manifest_needs_no_chain(void **state)
{
    OWNED_AGENT a;
    char *said;

    (void)state;
    make_fresh(&a);
    a.no_chain = true;
    agent_refused(&a, FINDING_DICE_COMPUTATION);
    said = strstr((char *)a.policy.data, "\"manifest_sha256\":");
    assert_non_null(said);
    memset(said + strlen("\"manifest_sha256\":"), ' ', 66);
    memcpy(said + strlen("\"manifest_sha256\":"), "null", 4);
    agent_accepted(&a);
}

/* The computation is over, and a process that waits answers. */
static void after_the_end_the_manifest_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    machine_run(&a.machine, RUN_END, "manifest");
    agent_describe(&a);
    agent_refused(&a, FINDING_TRANSCRIPT_RUN); /* the transcript names it still */
    a.transcript.has[TRANSCRIPT_MANIFEST] = false;
    agent_refused(&a, FINDING_RUN_MANIFEST);
    assert_true(agent_found(&a, FINDING_DICE_COMPUTATION));
    assert_int_equal(verdict_crypto(&a.verdict), OUTCOME_PASS);
}

/* One bit of the items, anywhere. */
static void no_bit_of_an_item_can_be_changed(void **state)
{
    OWNED_AGENT a;

    (void)state;
    make_fresh(&a);
    agent_accepted(&a);
    for (size_t at = 0; at < SNP_REPORT_SIZE; at += 37) {
        a.world.report[at] ^= 1;
        agent_write(&a);
        agent_validate(&a);
        assert_false(verdict_accepted(&a.verdict));
        a.world.report[at] ^= 1;
    }
    for (size_t at = 0; at < a.machine.statement.len; at++) {
        a.machine.statement.data[at] ^= 1;
        agent_write(&a);
        agent_validate(&a);
        assert_false(verdict_accepted(&a.verdict));
        a.machine.statement.data[at] ^= 1;
    }
}

static void an_svsms_tpm_is_bound_by_its_endorsement_key(void **state)
{
    OWNED_AGENT a;
    OWNED_SVSM s;

    (void)state;
    make_fresh(&a);
    make_svsm(&a, &s);
    agent_accepted(&a);
    assert_string_equal(
        json_get_str(json_get(json_get(a.verdict.claims, "vtpm"), "ak"), "bound_by"), "report");

    a.credential = NULL; /* the transcript names the key, but nobody vouches for that */
    agent_refused(&a, FINDING_TPM_AK_UNBOUND);
}

static void an_svsms_report_is_over_its_manifest_and_from_where_it_is(void **state)
{
    OWNED_AGENT a;
    OWNED_SVSM s;

    (void)state;
    make_fresh(&a);
    make_svsm(&a, &s);
    agent_sign(&a);
    a.svsm.data[a.svsm.len - 1] ^= 1; /* another key in the manifest */
    agent_write(&a);
    agent_expect(&a, FINDING_SNP_REPORT_DATA);
    assert_true(agent_found(&a, FINDING_TPM_AK_UNBOUND));

    a.svsm.len--; /* none at all */
    agent_refused(&a, FINDING_SVSM_FORM);
}

static void a_report_that_the_guest_asked_for_is_no_svsms(void **state)
{
    OWNED_AGENT a;
    OWNED_SVSM s;

    (void)state;
    make_fresh(&a);
    make_svsm(&a, &s);
    agent_sign(&a);
    a.world.report[0x30] = 2;
    fake_snp_make(&a.world);
    agent_write(&a);
    agent_expect(&a, FINDING_SVSM_VMPL);
    assert_true(agent_found(&a, FINDING_TPM_AK_UNBOUND));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_bundle_is_accepted),
        cmocka_unit_test(a_tpm_alone_needs_a_key_that_the_policy_names),
        cmocka_unit_test(a_tpm_for_which_only_the_guest_vouches_is_taken_in_words_only),
        cmocka_unit_test(a_quote_that_was_left_away_does_not_excuse_registers),
        cmocka_unit_test(an_item_over_another_transcript_is_refused),
        cmocka_unit_test(a_transcript_that_was_changed_is_refused),
        cmocka_unit_test(a_log_that_was_changed_is_refused),
        cmocka_unit_test(logs_that_the_transcript_does_not_name_are_refused),
        cmocka_unit_test(another_key_than_the_transcripts_is_refused),
        cmocka_unit_test(a_run_that_no_register_shows_is_refused),
        cmocka_unit_test(a_report_of_nobody_we_know_vouches_for_nothing),
        cmocka_unit_test(a_kind_that_the_policy_does_not_name_is_refused),
        cmocka_unit_test(malformed_bundles_are_refused_with_their_place),
        cmocka_unit_test(a_key_that_is_not_the_computations_is_refused),
        cmocka_unit_test(a_chain_that_does_not_hold_certifies_no_key),
        cmocka_unit_test(who_demands_no_manifest_needs_no_chain),
        cmocka_unit_test(after_the_end_the_manifest_is_refused),
        cmocka_unit_test(no_bit_of_an_item_can_be_changed),
        cmocka_unit_test(an_svsms_tpm_is_bound_by_its_endorsement_key),
        cmocka_unit_test(an_svsms_report_is_over_its_manifest_and_from_where_it_is),
        cmocka_unit_test(a_report_that_the_guest_asked_for_is_no_svsms),
    };

    return cmocka_run_group_tests(tests, NULL, agent_forget_keys);
}
