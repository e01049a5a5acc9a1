#include "tests/unit/attest/bundle_make.h"

#include "lib/attest/transcript_case.h"

/* --- the caller's challenge ------------------------------------------------------------------ */

static void another_nonce_is_refused(void **state)
{
    uint8_t nonce[32] = {0};
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.in.nonce = SPAN_OF_ARRAY(nonce);
    agent_refused(&a, FINDING_TRANSCRIPT_CHALLENGE);
    a.in.nonce = span_of(a.channel_bytes[0], 31);
    agent_refused(&a, FINDING_TRANSCRIPT_CHALLENGE);
}

static void without_a_challenge_nothing_is_fresh(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    agent_refused(&a, FINDING_FRESHNESS);
}

static void report_data_of_the_callers_is_the_transcripts_hash(void **state)
{
    uint8_t report_data[SHA512_SIZE];
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    agent_sign(&a);
    transcript_report_data(buf_span(&a.encoded), report_data);
    a.in.report_data = SPAN_OF_ARRAY(report_data);
    agent_accepted(&a);
    report_data[63] ^= 1;
    agent_refused(&a, FINDING_TRANSCRIPT_CHALLENGE);
}

/* --- the caller's connection ----------------------------------------------------------------- */

static void evidence_for_another_connection_is_refused(void **state)
{
    uint8_t other[32] = {0};
    struct span *members[3];
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.in.nonce = SPAN_OF_ARRAY(a.channel_bytes[0]);
    a.in.channel = &a.channel;
    members[0] = &a.channel.exporter;
    members[1] = &a.channel.server;
    members[2] = &a.channel.client;
    agent_accepted(&a);
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        struct span right = *members[i];

        *members[i] = SPAN_OF_ARRAY(other);
        agent_refused(&a, FINDING_TRANSCRIPT_CHANNEL);
        *members[i] = span_of(NULL, 0);
        if (right.len > 0)
            agent_refused(&a, FINDING_TRANSCRIPT_CHANNEL);
        *members[i] = right;
    }
    agent_accepted(&a);
}

static void a_client_that_the_transcript_names_must_be_us(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.in.nonce = SPAN_OF_ARRAY(a.channel_bytes[0]);
    a.in.channel = &a.channel;
    transcript_set(&a.transcript, TRANSCRIPT_CLIENT, a.channel_bytes[2]);
    agent_refused(&a, FINDING_TRANSCRIPT_CHANNEL);
    a.channel.client = SPAN_OF_ARRAY(a.channel_bytes[2]);
    agent_accepted(&a);
}

static void evidence_from_boot_is_for_no_connection(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.in.nonce = SPAN_OF_ARRAY(a.channel_bytes[0]);
    a.transcript.kind = TRANSCRIPT_BOOT;
    a.transcript.has[TRANSCRIPT_EXPORTER] = false;
    agent_accepted(&a);
    a.in.channel = &a.channel;
    agent_refused(&a, FINDING_TRANSCRIPT_CHANNEL);
}

static void evidence_without_a_transcript_is_for_no_connection(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    agent_sign(&a);
    buf_reset(&a.text);
    buf_add(&a.text, a.world.report, sizeof(a.world.report));
    a.in.report_data = span_of(a.world.report + 0x50, 64);
    a.in.channel = &a.channel;
    agent_expect(&a, FINDING_CHANNEL_UNSHOWN);
}

/* --- what it says, and what is proven -------------------------------------------------------- */

static void an_agent_that_says_another_run_than_its_registers_is_refused(void **state)
{
    static const enum transcript_field fields[] = {TRANSCRIPT_CONFIG, TRANSCRIPT_MANIFEST};
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.in.nonce = SPAN_OF_ARRAY(a.channel_bytes[0]);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        agent_hash(&a, fields[i], span_of_str("another"));
        agent_refused(&a, FINDING_TRANSCRIPT_RUN);
        a.transcript.has[fields[i]] = false;
        agent_refused(&a, FINDING_TRANSCRIPT_RUN);
        agent_describe(&a);
    }
    agent_accepted(&a);
}

static void without_a_tpm_the_log_must_agree_with_the_transcript(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.in.nonce = SPAN_OF_ARRAY(a.channel_bytes[0]);
    a.vtpm = false;
    agent_policy(&a, "");
    agent_accepted(&a);
    assert_true(verdict_holds(&a.verdict, FINDING_RUN_MANIFEST));
    machine_run(&a.machine, RUN_END, "manifest");
    machine_run(&a.machine, RUN_MANIFEST, "another");
    agent_describe(&a);
    agent_refused(&a, FINDING_TRANSCRIPT_RUN);
    assert_true(agent_found(&a, FINDING_RUN_MANIFESTS));
}

static void without_tpm_and_log_the_transcript_is_judged(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.in.nonce = SPAN_OF_ARRAY(a.channel_bytes[0]);
    a.vtpm = false;
    agent_policy(&a, "");
    buf_reset(&a.machine.cel);
    agent_describe(&a);
    agent_accepted(&a);
    a.transcript.has[TRANSCRIPT_MANIFEST] = false;
    agent_refused(&a, FINDING_RUN_MANIFEST);
    agent_hash(&a, TRANSCRIPT_MANIFEST, span_of_str("another"));
    agent_refused(&a, FINDING_RUN_MANIFEST);
}

static void a_log_that_is_none_is_refused(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.in.nonce = SPAN_OF_ARRAY(a.channel_bytes[0]);
    a.vtpm = false;
    agent_policy(&a, "");
    buf_reset(&a.machine.cel);
    buf_add_str(&a.machine.cel, "{");
    agent_describe(&a);
    agent_refused(&a, FINDING_TPM_LOG_FORM);
}

/* Outside of a wrapper there is nothing to disagree with. */
static void without_a_transcript_everything_agrees(void **state)
{
    static const uint8_t any[SHA256_SIZE];
    const struct run_log run = {.manifests = 1};
    struct verdict verdict;
    struct attest_case c = {.verdict = &verdict};

    (void)state;
    verdict_init(&verdict, NULL);
    assert_true(transcript_case_check_ak(&c, any));
    assert_true(transcript_case_check_run(&c, &run));
    assert_int_equal(verdict.count, 0);
    verdict_done(&verdict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_nonce_is_refused),
        cmocka_unit_test(without_a_challenge_nothing_is_fresh),
        cmocka_unit_test(report_data_of_the_callers_is_the_transcripts_hash),
        cmocka_unit_test(evidence_for_another_connection_is_refused),
        cmocka_unit_test(a_client_that_the_transcript_names_must_be_us),
        cmocka_unit_test(evidence_from_boot_is_for_no_connection),
        cmocka_unit_test(evidence_without_a_transcript_is_for_no_connection),
        cmocka_unit_test(an_agent_that_says_another_run_than_its_registers_is_refused),
        cmocka_unit_test(without_a_tpm_the_log_must_agree_with_the_transcript),
        cmocka_unit_test(without_tpm_and_log_the_transcript_is_judged),
        cmocka_unit_test(a_log_that_is_none_is_refused),
        cmocka_unit_test(without_a_transcript_everything_agrees),
    };

    return cmocka_run_group_tests(tests, NULL, agent_forget_keys);
}
