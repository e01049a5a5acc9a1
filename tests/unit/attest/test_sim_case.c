#include "tests/unit/attest/snp_world.h"

#include "lib/attest/evidence/bundle.h"
#include "lib/attest/evidence/sim.h"
#include "lib/attest/sim_case.h"

struct scene {
    struct key *root;
    struct sim_machine machine;
    struct buf report, policy;
    struct attest_input in;
    struct verdict verdict;
};

static void scene_done(struct scene *s)
{
    key_free(s->root);
    buf_done(&s->report);
    buf_done(&s->policy);
    verdict_done(&s->verdict);
}
#define OWNED_SCENE __attribute__((cleanup(scene_done))) struct scene

/* A policy whose sim part names the key, with other parts after it. */
static void name_root(struct scene *s, const struct key *root, const char *more)
{
    OWNED_BUF pem = BUF_OF(4 * KIB), text = BUF_OF(8 * KIB);

    key_write_public_pem(root, &pem);
    for (size_t i = 0; i < pem.len; i++)
        buf_printf(&text, pem.data[i] == '\n' ? "\\n" : "%c", pem.data[i]);
    buf_reset(&s->policy);
    buf_printf(&s->policy, "{\"version\":1,\"sim\":{\"root\":\"%s\"}%s}", buf_str(&text), more);
}

static void scene_make(struct scene *s)
{
    struct err err;

    *s = (struct scene){.report = BUF_OF(4 * KIB), .policy = BUF_OF(16 * KIB)};
    assert_ok(key_generate(KEY_P384, 0, &s->root, &err));
    memset(&s->machine, 0x21, sizeof(s->machine));
    name_root(s, s->root, "");
    s->in.format = ATTEST_SIM;
    s->in.report_data = SPAN_OF_ARRAY(s->machine.report_data);
}

static void validate(struct scene *s, const char *refusal)
{
    OWNED_POLICY *policy = NULL;
    struct err err;

    buf_reset(&s->report);
    assert_ok(sim_report_make(&s->machine, s->root, &s->report, &err));
    s->in.evidence = buf_span(&s->report);
    assert_ok(policy_load(buf_span(&s->policy), &policy, &err));
    s->in.policy = policy;
    verdict_done(&s->verdict);
    assert_ok(attest_validate(&s->in, &s->verdict, &err));
    s->in.policy = NULL;
    assert_int_equal(verdict_accepted(&s->verdict), refusal == NULL);
    assert_true(refusal == NULL || has_finding(&s->verdict, refusal));
    assert_true(has_finding(&s->verdict, "sim.simulated"));
}

static void without_a_root_in_the_policy_it_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    buf_reset(&s.policy);
    buf_add_str(&s.policy, "{\"version\":1}");
    validate(&s, "sim.root");
    buf_reset(&s.policy);
    buf_add_str(&s.policy, "{\"version\":1,\"sim\":{\"root\":\"no key\"}}");
    validate(&s, "sim.root");
}

static void by_another_root_it_is_refused(void **state)
{
    OWNED_KEY *other = NULL;
    OWNED_SCENE s;
    struct err err;

    (void)state;
    scene_make(&s);
    assert_ok(key_generate(KEY_P384, 0, &other, &err));
    name_root(&s, other, "");
    validate(&s, "sim.signature");
}

static void what_was_not_asked_is_refused(void **state)
{
    uint8_t other[64] = {0};
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.in.report_data = SPAN_OF_ARRAY(other);
    validate(&s, "sim.report_data");
}

static void a_policy_about_real_platforms_refuses_it(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    buf_reset(&s.policy);
    buf_add_str(&s.policy, "{\"version\":1,\"snp\":{\"measurement\":[]}}");
    validate(&s, "policy.kind");
    name_root(&s, s.root, ",\"platforms\":[\"snp\"]");
    validate(&s, "policy.platform");
}

static void measurements_of_the_policy_hold_for_it_too(void **state)
{
    char hex[97], more[256];
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    text_hex(s.machine.measurement, 48, hex);
    snprintf(more, sizeof(more),
             ",\"waive\":[\"min_tcb\",\"crl\"],\"snp\":{\"measurement\":\"%s\"}", hex);
    name_root(&s, s.root, more);
    validate(&s, NULL);
    s.machine.measurement[0] ^= 1;
    validate(&s, "snp.measurement");
}

static void report_data_of_the_policy_holds_for_it_too(void **state)
{
    char hex[129], more[512];
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    text_hex(s.machine.report_data, 64, hex);
    snprintf(more, sizeof(more),
             ",\"waive\":[\"min_tcb\",\"crl\",\"measurement\"],\"snp\":{\"report_data\":\"%s\"}",
             hex);
    name_root(&s, s.root, more);
    validate(&s, NULL);
    s.machine.report_data[63] ^= 1;
    validate(&s, "snp.report_data");
}

static void with_its_root_it_is_accepted_and_called_what_it_is(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    validate(&s, NULL);
    assert_true(json_get_bool(json_get(s.verdict.claims, "sim"), "simulated"));
    assert_null(json_get(s.verdict.claims, "snp"));
}

static void it_is_never_found_by_its_looks(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    validate(&s, NULL);
    assert_int_equal(attest_detect(buf_span(&s.report)), ATTEST_SNP);
    assert_false(sim_case_detect(buf_span(&s.report)));
}

/* The whole way: a transcript, a simulated platform under it, in a bundle. */
static void in_a_bundle_it_carries_the_transcript(void **state)
{
    struct transcript transcript = {.kind = TRANSCRIPT_BOOT};
    OWNED_BUF encoded = BUF_OF(TRANSCRIPT_SIZE_MAX), text = BUF_OF(16 * KIB);
    OWNED_POLICY *policy = NULL;
    OWNED_BUNDLE bundle;
    OWNED_SCENE s;
    struct err err;

    (void)state;
    scene_make(&s);
    transcript_set(&transcript, TRANSCRIPT_NONCE, s.machine.host_data);
    assert_ok(transcript_encode(&transcript, &encoded, &err));
    transcript_report_data(buf_span(&encoded), s.machine.report_data);
    validate(&s, NULL);
    bundle_init(&bundle);
    assert_ok(bundle_set_transcript(&bundle, &transcript, &err));
    assert_ok(bundle_add(&bundle, BUNDLE_SIM, buf_span(&s.report), &err));
    assert_ok(bundle_write(&bundle, &text, &err));

    assert_ok(policy_load(buf_span(&s.policy), &policy, &err));
    s.in = (struct attest_input){
        .evidence = buf_span(&text), .nonce = SPAN_OF_ARRAY(s.machine.host_data), .policy = policy};
    verdict_done(&s.verdict);
    assert_ok(attest_validate(&s.in, &s.verdict, &err));
    assert_true(verdict_accepted(&s.verdict));
    assert_true(has_finding(&s.verdict, "sim.simulated"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_root_in_the_policy_it_is_refused),
        cmocka_unit_test(by_another_root_it_is_refused),
        cmocka_unit_test(what_was_not_asked_is_refused),
        cmocka_unit_test(a_policy_about_real_platforms_refuses_it),
        cmocka_unit_test(measurements_of_the_policy_hold_for_it_too),
        cmocka_unit_test(report_data_of_the_policy_holds_for_it_too),
        cmocka_unit_test(with_its_root_it_is_accepted_and_called_what_it_is),
        cmocka_unit_test(it_is_never_found_by_its_looks),
        cmocka_unit_test(in_a_bundle_it_carries_the_transcript),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
