/* A refusal says what would mend it; and what it says, does. */
#include "tests/unit/unit.h"

#include "lib/attest/attest.h"
#include "tests/fakes/fake_snp.h"

static int forget_keys(void **state)
{
    (void)state;
    fake_snp_forget_keys();
    return 0;
}

static void explain(struct fake_snp *world, const char *policy_text, bool *ret_accepted,
                    struct buf *out)
{
    OWNED_POLICY *policy = NULL;
    OWNED_VERDICT verdict = {0};
    struct attest_input in;
    struct err err;

    fake_snp_make(world);
    fake_snp_input(world, &in);
    assert_ok(policy_load(span_of_str(policy_text), &policy, &err));
    in.policy = policy;
    assert_ok(attest_validate(&in, &verdict, &err));
    buf_reset(out);
    attest_explain(&verdict, out);
    *ret_accepted = verdict_accepted(&verdict);
}

/* A policy that is refused, what the explanation advises, and a policy that follows the advice. */
#define WAIVE "\"waive\":[\"freshness\",\"measurement\",\"min_tcb\"]"
static const struct {
    const char *refused;
    const char *advice;
    const char *mended;
} rows[] = {
    {"{\"version\":1," WAIVE ",\"snp\":{\"min_tcb\":{\"ucode\":220}}}",
     "update the machine's firmware until ucode is 220, or lower snp.min_tcb.ucode to 219",
     "{\"version\":1," WAIVE ",\"snp\":{\"min_tcb\":{\"ucode\":219}}}"},
    {"{\"version\":1," WAIVE ",\"snp\":{\"vmpl\":2}}", "or set snp.vmpl to 0",
     "{\"version\":1," WAIVE ",\"snp\":{\"vmpl\":0}}"},
    {"{\"version\":1," WAIVE ",\"tdx\":{}}", "or add a \"snp\" part to it",
     "{\"version\":1," WAIVE ",\"tdx\":{},\"snp\":{}}"},
    {"{\"version\":1," WAIVE ",\"platforms\":[\"tdx\",\"sgx\"]}",
     "run the workload on tdx or sgx, or add \"snp\" to platforms",
     "{\"version\":1," WAIVE ",\"platforms\":[\"tdx\",\"sgx\",\"snp\"]}"},
    {"{\"version\":1,\"waive\":[\"measurement\",\"min_tcb\"]}", "waive \"freshness\"",
     "{\"version\":1," WAIVE "}"},
    {"{\"version\":1,\"waive\":[\"freshness\",\"min_tcb\"]}",
     "set snp.measurement (this report has "
     "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"
     "e1e1e1e1e1e1e1e1)",
     "{\"version\":1,\"waive\":[\"freshness\",\"min_tcb\"],\"snp\":{\"measurement\":"
     "\"e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"
     "e1e1e1e1e1e1e1e1\"}}"},
    {"{\"version\":1,\"waive\":[\"freshness\",\"measurement\"]}",
     "set snp.min_tcb (this machine has bl 4, tee 0, snp 24, ucode 219)",
     "{\"version\":1,\"waive\":[\"freshness\",\"measurement\"],\"snp\":{\"min_tcb\":{\"bl\":4,"
     "\"tee\":0,\"snp\":24,\"ucode\":219}}}"},
    {"{\"version\":1," WAIVE ",\"config_sha256\":"
     "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
     "only a policy without config_sha256 accepts any", "{\"version\":1," WAIVE "}"},
};

static void the_advice_mends_the_refusal(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF text = BUF_OF(1 * MIB);
        OWNED_FAKE_SNP world;
        bool accepted;

        fake_snp_start(&world, SNP_MILAN, false);
        explain(&world, rows[i].refused, &accepted, &text);
        assert_false(accepted);
        if (strstr(buf_str(&text), rows[i].advice) == NULL)
            fail_msg("expected the advice '%s' in\n%s", rows[i].advice, buf_str(&text));
        explain(&world, rows[i].mended, &accepted, &text);
        if (!accepted)
            fail_msg("the advice '%s' did not mend it:\n%s", rows[i].advice, buf_str(&text));
    }
}

static void no_placeholder_is_left_open(void **state)
{
    OWNED_BUF text = BUF_OF(1 * MIB);
    OWNED_FAKE_SNP world;
    bool accepted;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_put64(world.report, 0x008, 0xf0000);
    fake_put32(world.report, 0x030, 3);
    world.tcb += 1;
    explain(&world,
            "{\"version\":1,\"platforms\":\"sim\",\"snp\":{\"require_no_smt\":true,"
            "\"csp_id\":\"x\",\"min_launch_tcb\":{\"fmc\":9},"
            "\"min_launch_mit_vector\":1}}",
            &accepted, &text);
    assert_false(accepted);
    assert_null(strstr(buf_str(&text), "{"));
    assert_null(strstr(buf_str(&text), "?\n"));
    assert_null(strstr(buf_str(&text), " ? "));
}

/* Every kind there is, as it looks when only an error's text is known of it. */
static void every_finding_says_what_was_wanted_and_what_would_mend_it(void **state)
{
    static const char *const wanted[] = {".form", ".signature", ".time"};

    (void)state;
    for (int id = 0; id < FINDING_COUNT; id++) {
        const struct finding_row *row = finding_row((enum finding_id)id);
        const char *last = strrchr(row->id, '.');
        OWNED_BUF text = BUF_OF(64 * KIB);
        OWNED_VERDICT verdict = {0};
        bool told = true;

        verdict_init(&verdict, NULL);
        finding_got(verdict_add(&verdict, (enum finding_id)id), "something else");
        attest_explain(&verdict, &text);
        for (size_t i = 0; i < COUNT_OF(wanted); i++)
            if (strcmp(last, wanted[i]) == 0)
                told = strstr(buf_str(&text), "\n  expected  ") != NULL;
        if (!told || strlen(row->what) < 8 || strlen(row->hint) < 16 || strlen(row->spec) < 8 ||
            strstr(buf_str(&text), "\n  to mend   ") == NULL)
            fail_msg("%s:\n%s", row->id, buf_str(&text));
    }
}

static void both_answers_and_their_reasons_are_told(void **state)
{
    OWNED_BUF text = BUF_OF(1 * MIB);
    OWNED_FAKE_SNP world;
    bool accepted;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    explain(&world, "{\"version\":1," WAIVE ",\"snp\":{\"vmpl\":1}}", &accepted, &text);
    assert_true(text_starts_with(buf_str(&text), "REJECTED\n"));
    assert_non_null(strstr(buf_str(&text), "genuine and whole?    yes"));
    assert_non_null(strstr(buf_str(&text), "what the policy asks? no"));
    assert_non_null(strstr(buf_str(&text), "REFUSED  snp.vmpl\n"));
    assert_non_null(strstr(buf_str(&text), "excused  policy.freshness\n"));
    assert_non_null(strstr(buf_str(&text), "note  snp.root.given\n"));
    /* What refuses comes first. */
    assert_true(strstr(buf_str(&text), "REFUSED") < strstr(buf_str(&text), "excused"));
    assert_true(strstr(buf_str(&text), "excused") < strstr(buf_str(&text), "note"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_advice_mends_the_refusal),
        cmocka_unit_test(no_placeholder_is_left_open),
        cmocka_unit_test(every_finding_says_what_was_wanted_and_what_would_mend_it),
        cmocka_unit_test(both_answers_and_their_reasons_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
