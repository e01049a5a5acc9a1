#include "tests/unit/attest/vtpm_make.h"

/* One validation: a machine, a policy made of its values, and what the caller gives beside. */
struct scene {
    struct machine machine;
    struct buf policy;
    struct attest_input in;
    struct verdict verdict;
};

static void scene_done(struct scene *s)
{
    machine_done(&s->machine);
    buf_done(&s->policy);
    verdict_done(&s->verdict);
}
#define OWNED_SCENE __attribute__((cleanup(scene_done))) struct scene

/* Everything that the policy can say about this machine, and `more` after it. */
static void write_policy(struct scene *s, const char *vtpm_more, const char *more)
{
    char pcr0[65], pcr4[65], ak[65], config[65], manifest[65];

    buf_reset(&s->policy);
    buf_printf(&s->policy,
               "{\"version\":1,\"config_sha256\":\"%s\",\"manifest_sha256\":\"%s\"%s,"
               "\"vtpm\":{\"pcrs\":{\"sha256\":{\"0\":\"%s\",\"4\":\"%s\"}},"
               "\"ak_sha256\":[\"%s\"]%s}}",
               hex_of_text("{}", config), hex_of_text("manifest", manifest), more,
               hex_of_register(&s->machine, 0, pcr0), hex_of_register(&s->machine, 4, pcr4),
               hex_of_ak(&s->machine, ak), vtpm_more);
}

/* The policy names no key any more. */
static void unpin_ak(struct scene *s)
{
    char *list = strstr((char *)s->policy.data, "\"ak_sha256\":[");

    assert_non_null(list);
    memset(strchr(list, '[') + 1, ' ', 2 + 2 * SHA256_SIZE);
}

static void scene_make(struct scene *s)
{
    *s = (struct scene){.policy = BUF_OF(64 * KIB)};
    machine_make(&s->machine);
    machine_quote(&s->machine, NULL);
    write_policy(s, "", "");
    s->in.nonce = span_of_str("our challenge");
    s->in.ima_log = buf_span(&s->machine.ima);
}

static void validate(struct scene *s)
{
    OWNED_POLICY *policy = NULL;
    struct err err;

    if (s->in.evidence.data == NULL)
        s->in.evidence = machine_message(&s->machine);
    assert_ok(policy_load(buf_span(&s->policy), &policy, &err));
    s->in.policy = policy;
    verdict_done(&s->verdict);
    assert_ok(attest_validate(&s->in, &s->verdict, &err));
    s->in.policy = NULL;
}

static bool has_finding(const struct scene *s, enum finding_id id)
{
    for (size_t i = 0; i < s->verdict.count; i++)
        if (s->verdict.findings[i].id == id && s->verdict.findings[i].severity == SEVERITY_ERROR)
            return true;
    return false;
}

static bool has_warning(const struct scene *s, enum finding_id id)
{
    for (size_t i = 0; i < s->verdict.count; i++)
        if (s->verdict.findings[i].id == id && s->verdict.findings[i].severity == SEVERITY_WARNING)
            return true;
    return false;
}

static void assert_accepted(struct scene *s)
{
    OWNED_BUF text = BUF_OF(256 * KIB);

    validate(s);
    attest_explain(&s->verdict, &text);
    if (!verdict_accepted(&s->verdict))
        fail_msg("%s", buf_str(&text));
}

/* Refused for this reason, among others or alone. */
static void assert_refused(struct scene *s, enum finding_id id)
{
    OWNED_BUF text = BUF_OF(256 * KIB);

    validate(s);
    attest_explain(&s->verdict, &text);
    if (verdict_accepted(&s->verdict) || !has_finding(s, id))
        fail_msg("expected %s:\n%s", finding_row(id)->id, buf_str(&text));
}

static void quote_again(struct scene *s)
{
    machine_quote(&s->machine, NULL);
    s->in.evidence = span_of(NULL, 0); /* the message is made anew */
    write_policy(s, "", "");
}

/* --- what is accepted ------------------------------------------------------------------------ */

static void a_whole_machine_is_accepted(void **state)
{
    OWNED_SCENE s;
    const struct json *claims;

    (void)state;
    scene_make(&s);
    assert_accepted(&s);
    claims = json_get(s.verdict.claims, "vtpm");
    assert_string_equal(json_get_str(json_get(claims, "ak"), "bound_by"), "policy");
    assert_int_equal(json_get_int(json_get(claims, "ima"), "entries"), 2);
    assert_int_equal(json_get_int(json_get(claims, "run"), "manifests"), 1);
    assert_int_equal(json_count(json_get(json_get(claims, "boot"), "firmware")), 2);
    assert_int_equal(json_count(json_get(json_get(claims, "boot"), "applications")), 1);
    assert_int_equal(json_count(json_get(json_get(claims, "pcrs"), "sha256")), 24);
    for (size_t i = 0; i < s.verdict.count; i++)
        assert_int_equal(s.verdict.findings[i].severity, SEVERITY_INFO);
}

/* The same, as TPM2_Quote answers: registers are rebuilt from the logs. */
static void a_raw_quote_is_accepted_with_its_logs(void **state)
{
    OWNED_SCENE s;
    OWNED_BUF both = BUF_OF(8 * KIB), sized = BUF_OF(8 * KIB);
    struct machine *m = &s.machine;

    (void)state;
    scene_make(&s);
    buf_add_span(&both, buf_span(&m->statement));
    buf_add_span(&both, buf_span(&m->signature));
    s.in.key = buf_span(&m->public);
    s.in.tcg_log = buf_span(&m->tcg);
    s.in.cel_log = buf_span(&m->cel);
    s.in.evidence = buf_span(&both);
    assert_accepted(&s);

    s.in.evidence = buf_span(&m->statement);
    s.in.signature = buf_span(&m->signature);
    assert_accepted(&s);

    buf_add_be16(&sized, (uint16_t)m->statement.len);
    buf_add_span(&sized, buf_span(&both));
    s.in.evidence = buf_span(&sized);
    s.in.signature = span_of(NULL, 0);
    assert_accepted(&s);

    s.in.ima_log = span_of(NULL, 0); /* PCR 10 can no longer be rebuilt */
    assert_refused(&s, FINDING_TPM_REGISTERS);
}

static void a_list_that_grew_after_the_quote_is_accepted(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    make_ng_entry(&s.machine.ima, "/bin/late");
    s.in.ima_log = buf_span(&s.machine.ima);
    assert_accepted(&s);
    assert_int_equal(json_get_int(json_get(json_get(s.verdict.claims, "vtpm"), "ima"), "entries"),
                     2);
}

static void firmware_may_be_judged_by_its_events(void **state)
{
    char pei[65], dxe[65], pcr4[65], ak[65];
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    for (int known = 0; known < 2; known++) {
        buf_reset(&s.policy);
        buf_printf(&s.policy,
                   "{\"version\":1,\"vtpm\":{\"pcrs\":{\"sha256\":{\"4\":\"%s\"}},\"ak_sha256\":"
                   "\"%s\",\"pei_digests\":[\"%s\"%s%s%s]}}",
                   hex_of_register(&s.machine, 4, pcr4), hex_of_ak(&s.machine, ak),
                   hex_of_text("PEI", pei), known ? ",\"" : "",
                   known ? hex_of_text("DXE", dxe) : "", known ? "\"" : "");
        if (known)
            assert_accepted(&s);
        else
            assert_refused(&s, FINDING_TPM_FIRMWARE);
    }
}

/* --- what is refused: the quote -------------------------------------------------------------- */

static void a_key_that_nobody_names_is_refused(void **state)
{
    OWNED_SCENE s;
    char pcr0[65];

    (void)state;
    scene_make(&s);
    buf_reset(&s.policy);
    buf_printf(&s.policy, "{\"version\":1,\"vtpm\":{\"pcrs\":{\"sha256\":{\"0\":\"%s\"}}}}",
               hex_of_register(&s.machine, 0, pcr0));
    assert_refused(&s, FINDING_TPM_AK_UNBOUND);
    assert_int_equal(verdict_crypto(&s.verdict), OUTCOME_FAIL);
    /* A key that was given beside it is no reason either. */
    s.in.key = buf_span(&s.machine.public);
    assert_refused(&s, FINDING_TPM_AK_UNBOUND);
}

static void another_key_than_the_policy_names_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    memset(strstr(buf_str(&s.policy), "ak_sha256\":[\"") + 13, '0', 64);
    assert_refused(&s, FINDING_TPM_AK_PIN);
    assert_true(has_finding(&s, FINDING_TPM_AK_UNBOUND));
}

static void a_quote_by_another_key_is_refused(void **state)
{
    OWNED_KEY *other = NULL;
    OWNED_SCENE s;
    struct err err;

    (void)state;
    scene_make(&s);
    assert_ok(key_generate(KEY_P256, 0, &other, &err));
    machine_quote(&s.machine, other);
    assert_refused(&s, FINDING_TPM_SIGNATURE);
    assert_true(has_finding(&s, FINDING_TPM_PCR_UNQUOTED)); /* nothing of it counts */
    assert_int_equal(s.verdict.proven, 0);
}

static void a_key_that_signs_anything_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.machine.attributes = TPM_AK_ATTRIBUTES & ~(uint32_t)TPM_ATTRIBUTE_RESTRICTED;
    quote_again(&s);
    assert_refused(&s, FINDING_TPM_AK_ATTRIBUTES);
}

static void registers_that_were_not_quoted_are_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.machine.bank.value[4][0] ^= 1;
    assert_refused(&s, FINDING_TPM_REGISTERS);
}

static void the_answer_to_another_challenge_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.in.nonce = span_of_str("our challengf");
    assert_refused(&s, FINDING_TPM_CHALLENGE);
    s.in.nonce = span_of_str("our challeng");
    assert_refused(&s, FINDING_TPM_CHALLENGE);
    s.in.nonce = span_of(NULL, 0);
    assert_refused(&s, FINDING_FRESHNESS);
    write_policy(&s, "", ",\"waive\":[\"freshness\"]");
    assert_accepted(&s);
}

static void report_data_is_carried_hashed(void **state)
{
    uint8_t report_data[64] = {1, 2, 3}, hash[SHA256_SIZE];
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    digest_of(DIGEST_SHA256, SPAN_OF_ARRAY(report_data), hash);
    buf_reset(&s.machine.extra);
    buf_add(&s.machine.extra, hash, sizeof(hash));
    quote_again(&s);
    s.in.nonce = span_of(NULL, 0);
    s.in.report_data = SPAN_OF_ARRAY(report_data);
    assert_accepted(&s);
    report_data[63] = 1;
    assert_refused(&s, FINDING_TPM_CHALLENGE);
}

static void a_software_tpm_is_refused_unless_the_policy_says_so(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.machine.firmware_version = 0x2019102300163636;
    quote_again(&s);
    assert_refused(&s, FINDING_TPM_EMULATED);
    write_policy(&s, ",\"emulated\":true", "");
    assert_accepted(&s);
}

/* Its host can make any key, so nothing could bind this one; without the policy's word it is what
 * every unbound key is. */
static void a_software_tpms_key_needs_no_reason_where_the_policy_takes_such_a_tpm(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.machine.firmware_version = 0x2019102300163636;
    quote_again(&s);
    write_policy(&s, ",\"emulated\":true", "");
    unpin_ak(&s);
    assert_accepted(&s);
    assert_true(has_warning(&s, FINDING_TPM_AK_EMULATED));
    write_policy(&s, "", "");
    unpin_ak(&s);
    assert_refused(&s, FINDING_TPM_AK_UNBOUND);

    s.machine.firmware_version = 0x2020031200120003;
    s.in.evidence = span_of(NULL, 0);
    quote_again(&s);
    write_policy(&s, ",\"emulated\":true", "");
    unpin_ak(&s);
    assert_refused(&s, FINDING_TPM_AK_UNBOUND);
}

/* --- what is refused: registers and logs ------------------------------------------------------ */

static void another_boot_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    memset(strstr(buf_str(&s.policy), "\"4\":\"") + 5, 'a', 64);
    assert_refused(&s, FINDING_TPM_PCR);
}

static void a_register_that_the_quote_leaves_out_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.machine.quoted = ALL_REGISTERS & ~(1u << 4);
    quote_again(&s);
    assert_refused(&s, FINDING_TPM_PCR_UNQUOTED);
}

static void a_policy_without_registers_is_refused(void **state)
{
    OWNED_SCENE s;
    char ak[65];

    (void)state;
    scene_make(&s);
    buf_reset(&s.policy);
    buf_printf(&s.policy, "{\"version\":1,\"vtpm\":{\"ak_sha256\":\"%s\"}}",
               hex_of_ak(&s.machine, ak));
    assert_refused(&s, FINDING_TPM_PCRS_ABSENT);
    assert_true(has_finding(&s, FINDING_TPM_FIRMWARE_ABSENT));
    buf_reset(&s.policy);
    buf_printf(
        &s.policy,
        "{\"version\":1,\"waive\":[\"measurement\",\"pei\"],\"vtpm\":{\"ak_sha256\":\"%s\"}}", ak);
    assert_accepted(&s);
}

static void a_changed_log_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.machine.tcg.data[s.machine.tcg.len - 10] ^= 1; /* in the digest of the last separator */
    assert_refused(&s, FINDING_TPM_LOG);
    assert_null(json_get(json_get(s.verdict.claims, "vtpm"), "boot"));
}

static void a_malformed_log_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    buf_add_str(&s.machine.tcg, "rest");
    assert_refused(&s, FINDING_TPM_LOG_FORM);
}

static void a_log_that_contradicts_itself_is_refused(void **state)
{
    static const uint8_t zeros[4] = {0};
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    machine_measure(&s.machine, 7, EV_SEPARATOR, SPAN_OF_ARRAY(zeros), SPAN_OF_ARRAY(zeros));
    quote_again(&s);
    assert_refused(&s, FINDING_TPM_LOG_FACTS);
}

static void an_ima_list_of_another_machine_is_refused(void **state)
{
    OWNED_BUF other = BUF_OF(4096);
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    make_ng_entry(&other, "boot_aggregate");
    s.in.ima_log = buf_span(&other);
    assert_refused(&s, FINDING_TPM_LOG);
    s.in.ima_log = span_of_str("nonsense");
    assert_refused(&s, FINDING_TPM_LOG_FORM);
}

static void a_boot_aggregate_of_another_boot_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    machine_extend(&s.machine, 9, span_of_str("after IMA began"));
    quote_again(&s);
    assert_refused(&s, FINDING_TPM_IMA_AGGREGATE);
}

/* --- what is refused: the run ----------------------------------------------------------------- */

static void another_manifest_is_refused(void **state)
{
    OWNED_SCENE s;
    char manifest[65];

    (void)state;
    scene_make(&s);
    memset(strstr(buf_str(&s.policy), hex_of_text("manifest", manifest)), 'b', 64);
    assert_refused(&s, FINDING_RUN_MANIFEST);
}

static void another_configuration_is_refused(void **state)
{
    OWNED_SCENE s;
    char config[65];

    (void)state;
    scene_make(&s);
    memset(strstr(buf_str(&s.policy), hex_of_text("{}", config)), 'b', 64);
    assert_refused(&s, FINDING_RUN_CONFIG);
}

static void a_second_manifest_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    machine_run(&s.machine, RUN_END, "manifest");
    machine_run(&s.machine, RUN_MANIFEST, "manifest");
    quote_again(&s);
    assert_refused(&s, FINDING_RUN_MANIFESTS);
    write_policy(&s, "", ",\"max_manifests\":2");
    assert_accepted(&s);
}

static void a_run_log_that_leads_elsewhere_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    machine_extend(&s.machine, RUN_PCR, span_of_str("what the log does not say"));
    quote_again(&s);
    assert_refused(&s, FINDING_TPM_LOG);
    assert_true(has_finding(&s, FINDING_WORKLOAD_UNSHOWN));
}

static void a_run_without_log_is_refused_where_the_policy_asks(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    buf_reset(&s.machine.cel);
    assert_refused(&s, FINDING_WORKLOAD_UNSHOWN);
}

/* --- malformed, and without policy ------------------------------------------------------------ */

static void a_message_cut_anywhere_is_refused(void **state)
{
    OWNED_SCENE s;
    struct span whole;

    (void)state;
    scene_make(&s);
    whole = machine_message(&s.machine);
    s.in.format = ATTEST_TPM_PB;
    for (size_t len = 0; len < whole.len; len += 1 + len / 64) {
        uint8_t *cut = (uint8_t *)mem_copy(whole.data, len);

        s.in.evidence = span_of(cut, len);
        validate(&s);
        assert_false(verdict_accepted(&s.verdict));
        free(cut);
    }
}

static void a_raw_quote_without_its_key_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.in.evidence = buf_span(&s.machine.statement);
    assert_refused(&s, FINDING_TPM_AK_ABSENT);
    s.in.key = span_of_str("no key at all");
    assert_refused(&s, FINDING_TPM_FORM);
}

static void without_a_policy_nothing_is_accepted(void **state)
{
    OWNED_SCENE s;
    struct err err;

    (void)state;
    scene_make(&s);
    s.in.evidence = machine_message(&s.machine);
    assert_ok(attest_validate(&s.in, &s.verdict, &err));
    assert_false(verdict_accepted(&s.verdict));
    assert_int_equal(verdict_policy(&s.verdict), OUTCOME_NONE);
    assert_true(has_finding(&s, FINDING_TPM_AK_UNBOUND));
}

static void a_policy_of_another_kind_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    buf_reset(&s.policy);
    buf_add_str(&s.policy, "{\"version\":1,\"snp\":{}}");
    assert_refused(&s, FINDING_KIND_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_machine_is_accepted),
        cmocka_unit_test(a_raw_quote_is_accepted_with_its_logs),
        cmocka_unit_test(a_list_that_grew_after_the_quote_is_accepted),
        cmocka_unit_test(firmware_may_be_judged_by_its_events),
        cmocka_unit_test(a_key_that_nobody_names_is_refused),
        cmocka_unit_test(another_key_than_the_policy_names_is_refused),
        cmocka_unit_test(a_quote_by_another_key_is_refused),
        cmocka_unit_test(a_key_that_signs_anything_is_refused),
        cmocka_unit_test(registers_that_were_not_quoted_are_refused),
        cmocka_unit_test(the_answer_to_another_challenge_is_refused),
        cmocka_unit_test(report_data_is_carried_hashed),
        cmocka_unit_test(a_software_tpm_is_refused_unless_the_policy_says_so),
        cmocka_unit_test(a_software_tpms_key_needs_no_reason_where_the_policy_takes_such_a_tpm),
        cmocka_unit_test(another_boot_is_refused),
        cmocka_unit_test(a_register_that_the_quote_leaves_out_is_refused),
        cmocka_unit_test(a_policy_without_registers_is_refused),
        cmocka_unit_test(a_changed_log_is_refused),
        cmocka_unit_test(a_malformed_log_is_refused),
        cmocka_unit_test(a_log_that_contradicts_itself_is_refused),
        cmocka_unit_test(an_ima_list_of_another_machine_is_refused),
        cmocka_unit_test(a_boot_aggregate_of_another_boot_is_refused),
        cmocka_unit_test(another_manifest_is_refused),
        cmocka_unit_test(another_configuration_is_refused),
        cmocka_unit_test(a_second_manifest_is_refused),
        cmocka_unit_test(a_run_log_that_leads_elsewhere_is_refused),
        cmocka_unit_test(a_run_without_log_is_refused_where_the_policy_asks),
        cmocka_unit_test(a_message_cut_anywhere_is_refused),
        cmocka_unit_test(a_raw_quote_without_its_key_is_refused),
        cmocka_unit_test(without_a_policy_nothing_is_accepted),
        cmocka_unit_test(a_policy_of_another_kind_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
