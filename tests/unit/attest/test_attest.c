#include "tests/unit/attest/bundle_make.h"
#include "tests/unit/attest/snp_world.h"
#include "tests/fakes/fake_tdx.h"
#include "tests/unit/attest/vectors.h"

static void expect_unknown(struct span evidence, const char *words)
{
    const struct attest_input in = {.evidence = evidence, .now = 1700000000};

    assert_int_equal(attest_detect(evidence), ATTEST_AUTO);
    check(&in, "evidence.format", words);
}

/* What people take for evidence is told by its name. */
static void what_is_no_evidence_is_named(void **state)
{
    (void)state;
    expect_unknown(span_of(NULL, 0), "no bytes at all");
    expect_unknown(span_of_str("hello"), "bytes of no known format");
    expect_unknown(span_of_str("{\"a\":1}"), "JSON of no form that is known here");
    expect_unknown(span_of_str("-----BEGIN PUBLIC KEY-----\n"), "PEM of no chain of DICE");
    expect_unknown(span_of("\xd9\x02\x3b\xa0", 4), "concise evidence (CoEV)");
    expect_unknown(span_of("\xd9\x01\xf5\xa0", 4), "reference values (CoRIM)");
}

static void concise_evidence_is_refused_as_what_it_is(void **state)
{
    static const char *const names[] = {"ce-pce-evidence", "ce-qe-evidence", "ce-seam-evidence"};

    (void)state;
    (void)need_vectors();
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWNED(free_str)
        char *name = mem_printf("corim/coev-tdx-testcases/testcases/%s.cbor", names[i]);
        OWNED_BUF bytes = BUF_OF(64 * KIB);

        vector_read(name, &bytes);
        expect_unknown(buf_span(&bytes), "which nobody signs");
    }
}

static void what_does_not_fit_is_an_error_of_the_call(void **state)
{
    static const uint8_t byte = 0;
    const struct attest_input in = {.evidence = span_of(&byte, ATTEST_EVIDENCE_MAX + 1)};
    OWNED_VERDICT verdict = {0};
    struct err err;

    (void)state;
    assert_fails(attest_validate(&in, &verdict, &err), ERR_TOO_LARGE);
}

/* Whatever the length says, nothing is read beyond what is there: sizes as they come in evidence.
 */
static void every_format_refuses_a_handful_of_bytes(void **state)
{
    static const uint8_t patterns[] = {0x00, 0xff, 0x7f, 0x80, 0x1f, 0xa0, 0x84, 0xd9};

    (void)state;
    for (int format = ATTEST_SNP; format < ATTEST_FORMAT_COUNT; format++)
        for (size_t i = 0; i < COUNT_OF(patterns); i++)
            for (size_t len = 0; len < 80; len += 7) {
                uint8_t *bytes = malloc(len + 1);
                struct attest_input in = {.format = (enum attest_format)format,
                                          .key = span_of_str("key"),
                                          .now = 1700000000};
                OWNED_VERDICT verdict = {0};
                struct err err;

                memset(bytes, patterns[i], len + 1);
                in.evidence = span_of(bytes, len);
                assert_ok(attest_validate(&in, &verdict, &err));
                assert_int_equal(verdict_crypto(&verdict), OUTCOME_FAIL);
                free(bytes);
            }
}

/* --- freshness ------------------------------------------------------------------------------- */

/* Whether freshness was excused, and not refused, for evidence that answers nothing. */
static bool is_excused(struct span nonce, struct span report_data)
{
    struct attest_input in = {.evidence = span_of_str("noise"),
                              .nonce = nonce,
                              .report_data = report_data,
                              .now = 1700000000};
    OWNED_POLICY *policy = NULL;
    OWNED_VERDICT verdict = {0};
    bool found = false, excused = false;
    struct err err;

    assert_ok(policy_load(span_of_str("{\"version\":1,\"waive\":[\"freshness\"]}"), &policy, &err));
    in.policy = policy;
    assert_ok(attest_validate(&in, &verdict, &err));
    for (size_t i = 0; i < verdict.count; i++)
        if (verdict.findings[i].id == FINDING_FRESHNESS) {
            assert_false(found);
            found = true;
            excused = verdict.findings[i].severity == SEVERITY_WARNING;
        }
    assert_true(found);
    assert_int_equal(verdict.waived[WAIVE_FRESHNESS], excused);
    return excused;
}

static void a_waiver_excuses_no_question_that_was_asked(void **state)
{
    const struct span none = span_of(NULL, 0), some = span_of_str("question");

    (void)state;
    assert_true(is_excused(none, none));
    assert_false(is_excused(some, none));
    assert_false(is_excused(none, some));
    assert_false(is_excused(some, some));
}

/* --- what was given beside the evidence ------------------------------------------------------ */

/* One thing given beside evidence that has no use for it. */
static void expect_unread(const struct attest_input *in, size_t member, const char *words)
{
    struct attest_input more = *in;

    memcpy((char *)&more + member, &(struct span){(const uint8_t *)"a log", 5},
           sizeof(struct span));
    check(&more, "evidence.unread", words);
}

static void a_report_vouches_for_no_log_and_no_other_signature(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    check(&in, NULL, NULL);
    expect_unread(&in, offsetof(struct attest_input, tcg_log), "vouches for the event log");
    expect_unread(&in, offsetof(struct attest_input, ima_log), "vouches for the IMA list");
    expect_unread(&in, offsetof(struct attest_input, cel_log),
                  "vouches for the canonical event log");
    expect_unread(&in, offsetof(struct attest_input, signature), "vouches for the signature");
}

static void a_quote_of_a_td_vouches_for_no_list_of_the_kernels(void **state)
{
    OWNED_FAKE_TDX world;
    struct attest_input in;

    (void)state;
    fake_tdx_start(&world, FAKE_TD4);
    fake_tdx_make(&world);
    fake_tdx_input(&world, &in);
    check(&in, NULL, NULL);
    expect_unread(&in, offsetof(struct attest_input, ima_log), "vouches for the IMA list");
    expect_unread(&in, offsetof(struct attest_input, signature), "vouches for the signature");
}

/* A bundle brings its own logs, and those are judged: one given beside them is not. */
static void a_bundle_vouches_for_its_own_logs_alone(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.in.nonce = SPAN_OF_ARRAY(a.channel_bytes[0]);
    agent_accepted(&a);
    expect_unread(&a.in, offsetof(struct attest_input, tcg_log), "vouches for the event log");
    expect_unread(&a.in, offsetof(struct attest_input, ima_log), "vouches for the IMA list");
    expect_unread(&a.in, offsetof(struct attest_input, cel_log),
                  "vouches for the canonical event log");
}

static int forget_all_keys(void **state)
{
    fake_tdx_forget_keys();
    return forget_keys(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_evidence_is_named),
        cmocka_unit_test(concise_evidence_is_refused_as_what_it_is),
        cmocka_unit_test(what_does_not_fit_is_an_error_of_the_call),
        cmocka_unit_test(every_format_refuses_a_handful_of_bytes),
        cmocka_unit_test(a_waiver_excuses_no_question_that_was_asked),
        cmocka_unit_test(a_report_vouches_for_no_log_and_no_other_signature),
        cmocka_unit_test(a_quote_of_a_td_vouches_for_no_list_of_the_kernels),
        cmocka_unit_test(a_bundle_vouches_for_its_own_logs_alone),
    };

    return cmocka_run_group_tests(tests, NULL, forget_all_keys);
}
