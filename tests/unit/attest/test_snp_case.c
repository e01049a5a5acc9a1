/* SNP evidence from bytes to a verdict, on a PKI of our own. */
#include "tests/unit/unit.h"

#include "lib/attest/appraisal/appraise_snp.h"
#include "lib/attest/case.h"
#include "lib/attest/snp_case.h"
#include "tests/fakes/fake_snp.h"

#define WAIVE_ALL "\"waive\":[\"freshness\",\"measurement\",\"min_tcb\",\"crl\"]"
#define D1_64                                                                                      \
    "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1"                             \
    "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1"
#define E1_48                                                                                      \
    "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"                             \
    "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"
#define A1_32 "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define F1_48                                                                                      \
    "f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1"                             \
    "f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1"
#define C1_8  "c1c1c1c1c1c1c1c1"
#define C1_64 C1_8 C1_8 C1_8 C1_8 C1_8 C1_8 C1_8 C1_8

static int forget_keys(void **state)
{
    (void)state;
    fake_snp_forget_keys();
    return 0;
}

static bool has_error(const struct verdict *verdict, const char *id)
{
    for (size_t i = 0; i < verdict->count; i++)
        if (verdict->findings[i].severity == SEVERITY_ERROR &&
            strcmp(finding_row(verdict->findings[i].id)->id, id) == 0)
            return true;
    return false;
}

static size_t error_count(const struct verdict *verdict)
{
    size_t count = 0;

    for (size_t i = 0; i < verdict->count; i++)
        count += verdict->findings[i].severity == SEVERITY_ERROR ? 1 : 0;
    return count;
}

/* Judges by a policy with the given snp part; refusal: an error there must be, NULL for none.
 * Returns how many there are. */
static size_t judge_errors(const struct attest_input *given, const char *snp, const char *refusal)
{
    OWNED_BUF text = BUF_OF(64 * KIB);
    OWNED_BUF shown = BUF_OF(1 * MIB);
    OWNED_POLICY *policy = NULL;
    OWNED_VERDICT verdict = {0};
    struct attest_input in = *given;
    struct err err;

    buf_printf(&text, "{\"version\":1," WAIVE_ALL ",\"snp\":%s}", snp);
    assert_ok(policy_load(buf_span(&text), &policy, &err));
    in.policy = policy;
    assert_ok(attest_validate(&in, &verdict, &err));
    attest_explain(&verdict, &shown);
    if (refusal == NULL && !verdict_accepted(&verdict))
        fail_msg("%s: expected acceptance, got\n%s", snp, buf_str(&shown));
    if (refusal != NULL && (verdict_accepted(&verdict) || !has_error(&verdict, refusal)))
        fail_msg("%s: expected %s, got\n%s", snp, refusal, buf_str(&shown));
    return error_count(&verdict);
}

/* The same, and there is no other error. */
static void judge(const struct attest_input *given, const char *snp, const char *refusal)
{
    assert_int_equal(judge_errors(given, snp, refusal), refusal != NULL ? 1 : 0);
}

/* --- the policy ----------------------------------------------------------------------------------
 */

/* One change of the report (at an offset, 4 or 8 bytes wide, or filling up to 64 bytes), a policy,
 * and what becomes of it. */
static const struct {
    uint32_t version;
    size_t at;
    uint64_t value;
    const char *policy;
    const char *refusal;
} cases[] = {
    {3, 0, 0, "{}", NULL},
    {2, 0, 0, "{}", NULL},
    {5, 0, 0, "{}", NULL},
    {3, 0x008, 0xb0000, "{}", "snp.policy.debug"},
    {3, 0x008, 0x70000, "{}", "snp.policy.migration"},
    {3, 0x160, 0, "{}", "snp.policy.migration"},
    {3, 0x030, 1, "{}", "snp.vmpl"},
    {3, 0x030, 1, "{\"vmpl\":1}", NULL},
    {3, 0x030, 0, "{\"vmpl\":1}", "snp.vmpl"},
    {3, 0, 0, "{\"measurement\":\"" E1_48 "\"}", NULL},
    {3, 0, 0, "{\"measurement\":[\"" F1_48 "\",\"" E1_48 "\"]}", NULL},
    {3, 0, 0, "{\"measurement\":\"" F1_48 "\"}", "snp.measurement"},
    {3, 0, 0, "{\"report_data\":\"" D1_64 "\"}", NULL},
    {3, 0x08f, 0, "{\"report_data\":\"" D1_64 "\"}", "snp.report_data"},
    {3, 0, 0, "{\"host_data\":\"" A1_32 "\"}", NULL},
    {3, 0x0c0, 0, "{\"host_data\":\"" A1_32 "\"}", "snp.host_data"},
    {3, 0, 0, "{\"id_key_digest\":\"" F1_48 "\"}", "snp.id_key_digest"},
    {3, 0, 0, "{\"author_key_digest\":\"" F1_48 "\"}", "snp.author_key_digest"},
    {3, 0, 0, "{\"chip_id\":\"" C1_64 "\"}", NULL},
    {3, 0, 0, "{\"chip_id\":\"" D1_64 "\"}", "snp.chip_id"},
    {3, 0, 0, "{\"chip_id\":\"" C1_8 "\"}", "snp.chip_id"},
    {3, 0, 0, "{\"csp_id\":\"CN=x\"}", "snp.csp_id"},
    {3, 0, 0, "{\"min_tcb\":{\"bl\":4,\"tee\":0,\"snp\":24,\"ucode\":219}}", NULL},
    {3, 0, 0, "{\"min_tcb\":{\"bl\":5}}", "snp.tcb.reported"},
    {3, 0, 0, "{\"min_tcb\":{\"tee\":1}}", "snp.tcb.reported"},
    {3, 0, 0, "{\"min_tcb\":{\"snp\":25}}", "snp.tcb.reported"},
    {3, 0, 0, "{\"min_tcb\":{\"bl\":0,\"snp\":1,\"ucode\":220}}", "snp.tcb.reported"},
    {3, 0, 0, "{\"min_tcb\":{\"fmc\":0}}", NULL},
    {3, 0, 0, "{\"min_tcb\":{\"fmc\":1}}", "snp.tcb.reported"},
    {3, 0x1e0, 0, "{\"min_committed_tcb\":{\"snp\":0}}", NULL},
    {3, 0x1e0, 0, "{\"min_committed_tcb\":{\"snp\":1}}", "snp.tcb.committed"},
    {3, 0x1f0, 0, "{\"min_launch_tcb\":{\"ucode\":1}}", "snp.tcb.launch"},
    {3, 0x1f0, 0, "{\"min_tcb\":{\"ucode\":1}}", NULL},
    {3, 0, 0, "{\"require_no_smt\":true}", "snp.smt"},
    {3, 0x008, 0x20000, "{\"require_no_smt\":true}", NULL},
    {3, 0x040, 0x24, "{\"require_no_smt\":true}", NULL},
    {3, 0, 0, "{\"require_alias_check\":true}", NULL},
    {3, 0x040, 0x05, "{\"require_alias_check\":true}", "snp.alias_check"},
    {2, 0x040, 0x25, "{\"require_alias_check\":true}", "snp.alias_check"},
    {3, 0, 0, "{\"require_ciphertext_hiding\":true}", "snp.ciphertext_hiding"},
    {3, 0x040, 0x35, "{\"require_ciphertext_hiding\":true}", NULL},
    {3, 0x040, 0xffffffffffffffff, "{}", NULL},
    {5, 0x200, 0xb, "{\"min_current_mit_vector\":\"0x3\"}", NULL},
    {5, 0x200, 0x9, "{\"min_current_mit_vector\":\"0x3\"}", "snp.mitigations.current"},
    {5, 0x200, 0xffff, "{\"min_launch_mit_vector\":1}", "snp.mitigations.launch"},
    {5, 0x1f8, 1, "{\"min_launch_mit_vector\":1}", NULL},
    {3, 0, 0, "{\"min_current_mit_vector\":1}", "snp.mitigations.current"},
    {3, 0, 0, "{\"min_current_mit_vector\":0}", "snp.mitigations.current"},
};

static void every_member_of_the_policy_is_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_FAKE_SNP world;
        struct attest_input in;

        fake_snp_start(&world, SNP_MILAN, false);
        fake_put32(world.report, 0, cases[i].version);
        if (cases[i].version == 2)
            memset(world.report + 0x188, 0, 3);
        if (cases[i].at == 0x030)
            fake_put32(world.report, cases[i].at, (uint32_t)cases[i].value);
        else if (cases[i].at == 0x08f)
            world.report[0x08f] = (uint8_t)cases[i].value;
        else if (cases[i].at != 0)
            fake_put64(world.report, cases[i].at, cases[i].value);
        fake_snp_make(&world);
        fake_snp_input(&world, &in);
        judge(&in, cases[i].policy, cases[i].refusal);
    }
}

static void a_host_that_asks_for_a_report_is_no_guest(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_put32(world.report, 0x030, UINT32_MAX);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    judge(&in, "{}", "snp.vmpl.host");
    judge(&in, "{\"vmpl\":3}", "snp.vmpl.host");
}

static void every_product_has_its_own_tcb(void **state)
{
    static const struct {
        enum snp_product product;
        const char *policy, *refusal;
    } rows[] = {
        {SNP_GENOA, "{\"min_tcb\":{\"bl\":9,\"snp\":24,\"ucode\":84}}", NULL},
        {SNP_GENOA, "{\"min_tcb\":{\"bl\":10}}", "snp.tcb.reported"},
        {SNP_TURIN, "{\"min_tcb\":{\"fmc\":1,\"bl\":1,\"tee\":2,\"snp\":3,\"ucode\":71}}", NULL},
        {SNP_TURIN, "{\"min_tcb\":{\"fmc\":2}}", "snp.tcb.reported"},
        {SNP_TURIN, "{\"min_tcb\":{\"tee\":3}}", "snp.tcb.reported"},
        {SNP_TURIN, "{\"min_tcb\":{\"snp\":4}}", "snp.tcb.reported"},
        {SNP_TURIN, "{\"chip_id\":\"" C1_8 "\"}", NULL},
        {SNP_TURIN, "{\"chip_id\":\"" C1_64 "\"}", "snp.chip_id"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_FAKE_SNP world;
        struct attest_input in;

        fake_snp_start(&world, rows[i].product, false);
        fake_snp_make(&world);
        fake_snp_input(&world, &in);
        judge(&in, rows[i].policy, rows[i].refusal);
    }
}

static void a_vlek_is_a_providers_and_no_chips(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, true);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    judge(&in, "{}", NULL);
    judge(&in, "{\"csp_id\":\"CN=cc-us-east-2.amazonaws.com\"}", NULL);
    judge(&in, "{\"csp_id\":[\"CN=a\",\"CN=cc-us-east-2.amazonaws\"]}", "snp.csp_id");
    judge(&in, "{\"chip_id\":\"" C1_64 "\"}", "snp.chip_id");
    judge(&in, "{\"chip_id\":\"0000000000000000\"}", "snp.chip_id");
}

/* --- what must be there --------------------------------------------------------------------------
 */

static void judge_whole(const struct attest_input *given, const char *policy_text,
                        const char *refusal)
{
    OWNED_BUF shown = BUF_OF(1 * MIB);
    OWNED_POLICY *policy = NULL;
    OWNED_VERDICT verdict = {0};
    struct attest_input in = *given;
    struct err err;

    assert_ok(policy_load(span_of_str(policy_text), &policy, &err));
    in.policy = policy;
    assert_ok(attest_validate(&in, &verdict, &err));
    attest_explain(&verdict, &shown);
    assert_int_equal(verdict_crypto(&verdict), OUTCOME_PASS);
    if (verdict_accepted(&verdict) != (refusal == NULL) ||
        (refusal != NULL && (!has_error(&verdict, refusal) || error_count(&verdict) != 1)))
        fail_msg("%s: expected %s, got\n%s", policy_text, refusal ? refusal : "acceptance",
                 buf_str(&shown));
}

#define FULL_SNP "{\"measurement\":\"" E1_48 "\",\"min_tcb\":{\"snp\":1}}"

static void what_nobody_waived_must_be_there(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;
    uint8_t asked[64];
    struct err err;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    assert_ok(text_parse_hex(D1_64, asked, sizeof(asked), &err));
    in.report_data = SPAN_OF_ARRAY(asked);

    judge_whole(&in, "{\"version\":1,\"snp\":" FULL_SNP "}", NULL);
    judge_whole(&in, "{\"version\":1,\"snp\":{\"min_tcb\":{\"snp\":1}}}", "snp.measurement.absent");
    judge_whole(&in, "{\"version\":1,\"snp\":{\"measurement\":\"" E1_48 "\"}}", "snp.tcb.absent");
    in.report_data = span_of(NULL, 0);
    judge_whole(&in, "{\"version\":1,\"snp\":" FULL_SNP "}", "policy.freshness");
    judge_whole(&in, "{\"version\":1,\"waive\":\"freshness\",\"snp\":" FULL_SNP "}", NULL);
    in.crls.count = 0;
    judge_whole(&in, "{\"version\":1,\"waive\":\"freshness\",\"snp\":" FULL_SNP "}",
                "snp.crl.absent");
    judge_whole(&in, "{\"version\":1,\"waive\":[\"freshness\",\"crl\"],\"snp\":" FULL_SNP "}",
                NULL);
}

static void a_challenge_must_be_answered_whole(void **state)
{
    static const char policy[] = "{\"version\":1,\"waive\":\"freshness\",\"snp\":" FULL_SNP "}";
    OWNED_FAKE_SNP world;
    struct attest_input in;
    uint8_t asked[64], nonce[32];

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    memset(world.report + 0x050 + 32, 0, 32);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    memset(asked, 0xd1, sizeof(asked));
    memset(nonce, 0xd1, sizeof(nonce));

    in.nonce = SPAN_OF_ARRAY(nonce); /* carried padded with zeros */
    judge_whole(&in, policy, NULL);
    in.nonce = span_of(nonce, 31);
    judge_whole(&in, policy, "snp.report_data");
    in.nonce = span_of(NULL, 0);
    in.report_data = SPAN_OF_ARRAY(nonce); /* report data is all 64 bytes */
    judge_whole(&in, policy, "snp.report_data");
    in.report_data = SPAN_OF_ARRAY(asked);
    judge_whole(&in, policy, "snp.report_data");
    memset(asked + 32, 0, 32);
    judge_whole(&in, policy, NULL);
}

static void other_kinds_and_platforms_are_refused(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    judge_whole(&in, "{\"version\":1," WAIVE_ALL "}", NULL);
    judge_whole(&in, "{\"version\":1," WAIVE_ALL ",\"tdx\":{}}", "policy.kind");
    judge_whole(&in, "{\"version\":1," WAIVE_ALL ",\"platforms\":[\"tdx\",\"sim\"]}",
                "policy.platform");
    judge_whole(&in, "{\"version\":1," WAIVE_ALL ",\"platforms\":\"snp\"}", NULL);
}

static void a_manifest_that_is_not_shown_is_refused(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    judge_whole(&in, "{\"version\":1," WAIVE_ALL ",\"manifest_sha256\":\"" A1_32 "\"}",
                "policy.unshown");
    judge_whole(&in, "{\"version\":1," WAIVE_ALL ",\"config_sha256\":\"" A1_32 "\"}",
                "policy.unshown");
}

static void without_a_policy_crypto_is_told(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;
    struct err err;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    for (int broken = 0; broken < 2; broken++) {
        OWNED_VERDICT verdict = {0};

        world.report[0x090] ^= (uint8_t)broken;
        assert_ok(attest_validate(&in, &verdict, &err));
        assert_int_equal(verdict_crypto(&verdict), broken ? OUTCOME_FAIL : OUTCOME_PASS);
        assert_int_equal(verdict_policy(&verdict), OUTCOME_NONE);
        assert_false(verdict_accepted(&verdict));
        assert_true(has_error(&verdict, "policy.absent"));
    }
}

/* --- checked once --------------------------------------------------------------------------------
 */

static void an_endorsement_serves_many_reports(void **state)
{
    OWNED_FAKE_SNP world;
    OWNED_ATTEST_ENDORSEMENT *endorsement = NULL;
    struct attest_input in;
    struct err err;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    assert_ok(attest_endorse(&in, &endorsement, &err));
    in = (struct attest_input){
        .evidence = in.evidence, .endorsement = endorsement, .now = FAKE_SNP_NOW};
    judge(&in, "{}", NULL);
    world.report[0x090] ^= 1;
    judge(&in, "{}", "snp.report.signature");
    world.report[0x090] ^= 1;
    in.now = FAKE_SNP_END + 1; /* the certificates' and the list's time are looked at each time */
    judge_errors(&in, "{}", "snp.chain.time");
    in.now = FAKE_SNP_NOW + 1001;
    judge(&in, "{}", "snp.crl.time");
}

static void an_endorsement_that_does_not_hold_is_none(void **state)
{
    OWNED_FAKE_SNP world;
    OWNED_ATTEST_ENDORSEMENT *endorsement = NULL;
    struct attest_input in;
    struct err err;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    in.trust_roots.count = 0;
    assert_fails(attest_endorse(&in, &endorsement, &err), ERR_UNTRUSTED);
    assert_true(text_starts_with(err.text, "snp.root.unknown: "));
    in.vek = span_of(NULL, 0);
    assert_fails(attest_endorse(&in, &endorsement, &err), ERR_UNTRUSTED);
}

/* --- bytes ---------------------------------------------------------------------------------------
 */

static void a_report_cut_anywhere_is_refused(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;
    struct err err;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    for (size_t len = 0; len < SNP_REPORT_SIZE; len++) {
        OWNED_VERDICT verdict = {0};

        in.evidence.len = len;
        assert_ok(attest_validate(&in, &verdict, &err));
        assert_false(verdict_accepted(&verdict));
        assert_true(has_error(&verdict, "snp.report.form"));
    }
}

static void certificates_may_come_with_the_report(void **state)
{
    OWNED_FAKE_SNP world;
    OWNED_BUF evidence = BUF_OF(64 * KIB);
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_GENOA, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    buf_add(&evidence, world.report, sizeof(world.report));
    fake_snp_table(&world, &evidence);
    in.evidence = buf_span(&evidence);
    in.vek = span_of(NULL, 0);
    in.chain.count = 0;
    judge(&in, "{}", NULL);
    /* The root that came along is no reason to believe it. */
    in.trust_roots.count = 0;
    judge(&in, "{}", "snp.root.unknown");
}

static void what_else_follows_the_report_is_refused(void **state)
{
    OWNED_FAKE_SNP world;
    OWNED_BUF evidence = BUF_OF(64 * KIB);
    struct attest_input in;
    struct err err;
    size_t whole;

    (void)state;
    fake_snp_start(&world, SNP_GENOA, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    buf_add(&evidence, world.report, sizeof(world.report));
    fake_snp_table(&world, &evidence);
    whole = evidence.len;
    for (size_t len = SNP_REPORT_SIZE + 1; len < whole; len += len < 1300 ? 1 : 37) {
        OWNED_VERDICT verdict = {0};

        in.evidence = span_of(evidence.data, len);
        assert_ok(attest_validate(&in, &verdict, &err));
        assert_true(has_error(&verdict, "snp.certificates.form"));
    }
    buf_add_u8(&evidence, 1);
    in.evidence = buf_span(&evidence);
    judge(&in, "{}", "snp.certificates.form");
    evidence.data[evidence.len - 1] = 0; /* padding of the page that the host gives */
    judge(&in, "{}", NULL);
    for (size_t extra = 1; extra < 64; extra++) {
        OWNED_VERDICT verdict = {0};

        memset(evidence.data + SNP_REPORT_SIZE, 0, extra);
        in.evidence = span_of(evidence.data, SNP_REPORT_SIZE + extra);
        assert_ok(attest_validate(&in, &verdict, &err));
        assert_true(has_error(&verdict, "snp.certificates.form"));
    }
}

static void every_flipped_bit_is_refused(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;
    struct err err;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    for (size_t bit = 0; bit < 8 * SNP_REPORT_SIZE; bit += 23) {
        OWNED_VERDICT verdict = {0};

        world.report[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_ok(attest_validate(&in, &verdict, &err));
        assert_int_equal(verdict_crypto(&verdict), OUTCOME_FAIL);
        world.report[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void reports_are_detected(void **state)
{
    OWNED_FAKE_SNP world;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    assert_int_equal(attest_detect(SPAN_OF_ARRAY(world.report)), ATTEST_SNP);
    assert_int_equal(attest_detect(span_of("{}", 2)), ATTEST_AUTO);
    assert_int_equal(attest_detect(span_of(NULL, 0)), ATTEST_AUTO);
    assert_int_equal(attest_detect(span_of_str("no evidence of any kind")), ATTEST_AUTO);
}

static void bytes_of_no_known_format_are_a_finding(void **state)
{
    struct attest_input in = {.evidence = span_of_str("what is this?")};
    OWNED_VERDICT verdict = {0};
    struct err err;

    (void)state;
    assert_ok(attest_validate(&in, &verdict, &err));
    assert_false(verdict_accepted(&verdict));
    assert_int_equal(verdict_crypto(&verdict), OUTCOME_FAIL);
    assert_true(has_error(&verdict, "evidence.format"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_of_the_policy_is_checked),
        cmocka_unit_test(a_host_that_asks_for_a_report_is_no_guest),
        cmocka_unit_test(every_product_has_its_own_tcb),
        cmocka_unit_test(a_vlek_is_a_providers_and_no_chips),
        cmocka_unit_test(what_nobody_waived_must_be_there),
        cmocka_unit_test(a_challenge_must_be_answered_whole),
        cmocka_unit_test(other_kinds_and_platforms_are_refused),
        cmocka_unit_test(a_manifest_that_is_not_shown_is_refused),
        cmocka_unit_test(without_a_policy_crypto_is_told),
        cmocka_unit_test(an_endorsement_serves_many_reports),
        cmocka_unit_test(an_endorsement_that_does_not_hold_is_none),
        cmocka_unit_test(a_report_cut_anywhere_is_refused),
        cmocka_unit_test(certificates_may_come_with_the_report),
        cmocka_unit_test(what_else_follows_the_report_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(reports_are_detected),
        cmocka_unit_test(bytes_of_no_known_format_are_a_finding),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
