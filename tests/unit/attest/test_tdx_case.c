/* A TDX quote from bytes to verdict: what it proves, and what a policy makes of it. */
#include "tests/unit/attest/tdx_world.h"

#include "lib/attest/appraisal/appraise_tdx.h"
#include "lib/attest/appraisal/appraise_values.h"
#include "lib/attest/dcap_claims.h"
#include "lib/attest/dcap_proof.h"
#include "lib/attest/tdx_case.h"

/* Offsets in a TD's report. */
#define MRSIGNERSEAM 64
#define SEAMATTR     112
#define ATTRIBUTES   120
#define XFAM         128
#define MRSERVICETD  600

#define LAX "{\"version\":1,\"waive\":[\"freshness\",\"measurement\"],\"tdx\":{"

static void worlds_in_order_are_accepted(void **state)
{
    (void)state;
    for (int kind = FAKE_TD4; kind < FAKE_TDX_KINDS; kind++) {
        OWNED_FAKE_TDX world;

        make_world(&world, (enum fake_tdx_kind)kind);
        check_policy(&world, LAX "}}", NULL, NULL);
        check_policy(&world, "{\"version\":1,\"waive\":[\"freshness\",\"measurement\"]}", NULL,
                     NULL);
    }
}

static void without_a_policy_nothing_is_accepted(void **state)
{
    OWNED_FAKE_TDX world;
    struct attest_input in;

    (void)state;
    make_world(&world, FAKE_TD4);
    fake_tdx_input(&world, &in);
    check(&in, NULL, NULL);
    check_accepted(&in, "policy.absent", NULL);
    in.format = ATTEST_SGX;
    check(&in, "dcap.quote.form", "byte 4");
    in.format = ATTEST_AUTO;
    check(&in, NULL, NULL);
}

/* --- crypto ---------------------------------------------------------------------------------- */

/* Every bit of what is signed, of the keys and of the signatures; certificates have their own. */
static void every_flipped_bit_is_seen(void **state)
{
    (void)state;
    for (int kind = 0; kind < FAKE_TDX_KINDS; kind++) {
        OWNED_FAKE_TDX world;
        struct attest_input in;
        size_t end;

        make_world(&world, (enum fake_tdx_kind)kind);
        fake_tdx_input(&world, &in);
        end = world.quote.len - world.chain.len;
        for (size_t bit = 0; bit < 8 * end; bit += getenv("FLIP_ALL") != NULL ? 1 : 41) {
            OWNED_VERDICT verdict = {0};
            struct err err;

            world.quote.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_ok(attest_validate(&in, &verdict, &err));
            if (verdict_crypto(&verdict) == OUTCOME_PASS)
                fail_msg("kind %d: bit %zu of byte %zu was not seen", kind, bit % 8, bit / 8);
            world.quote.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        check(&in, NULL, NULL);
    }
}

static void signatures_out_of_range_are_refused(void **state)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                      0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    static const uint8_t zero[32];

    (void)state;
    for (int i = 0; i < 8; i++) {
        OWNED_FAKE_TDX world;
        struct attest_input in;
        /* The quote's own, and the one over the quoting enclave's report. */
        size_t at = i % 2 == 0 ? 48 + TD_REPORT_SIZE + 4 : 48 + TD_REPORT_SIZE + 4 + 134 + 384;

        make_world(&world, FAKE_TD4);
        memcpy(world.quote.data + at + (i & 2 ? 32 : 0), i & 4 ? order : zero, 32);
        fake_tdx_input(&world, &in);
        check(&in, i % 2 == 0 ? "dcap.quote.signature" : "dcap.qe.signature",
              i & 4 ? "not below the curve's order" : "is zero");
    }
}

static void a_key_that_is_no_point_is_refused(void **state)
{
    OWNED_FAKE_TDX world;
    struct attest_input in;

    (void)state;
    make_world(&world, FAKE_TD4);
    memset(world.quote.data + 48 + TD_REPORT_SIZE + 4 + 64, 0, 64);
    fake_tdx_input(&world, &in);
    check(&in, "dcap.quote.signature", "curve");
}

/* A key of somebody else, with a true quoting enclave's report beside it. */
static void a_key_that_the_quoting_enclave_does_not_name_is_refused(void **state)
{
    OWNED_FAKE_TDX world;
    struct attest_input in;

    (void)state;
    make_world(&world, FAKE_TD4);
    fake_tdx_input(&world, &in);
    world.quote.data[48 + TD_REPORT_SIZE + 4 + 134 + 384 + 64 + 2] ^= 1; /* the auth data */
    check(&in, "dcap.qe.key", NULL);
}

static void only_zeros_may_follow_the_quote(void **state)
{
    OWNED_FAKE_TDX world;
    size_t end;

    (void)state;
    make_world(&world, FAKE_TD4);
    end = world.quote.len;
    for (size_t i = 0; i < 70; i++)
        buf_add_u8(&world.quote, 0);
    check_policy(&world, LAX "}}", NULL, NULL);
    for (size_t at = end; at < world.quote.len; at += 23) {
        OWNED(free_str) char *words = mem_printf("0x01 at byte %zu", at);
        struct attest_input in;

        world.quote.data[at] = 1;
        check_policy(&world, LAX "}}", "dcap.quote.trailing", words);
        fake_tdx_input(&world, &in);
        check(&in, NULL, NULL); /* the quote itself is genuine */
        world.quote.data[at] = 0;
    }
}

static void a_platform_that_intel_does_not_know_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        static const char *const refusals[] = {"dcap.tcb.level", "tdx.module", "dcap.qe.identity",
                                               "dcap.qe.identity"};
        OWNED_FAKE_TDX world;

        fake_tdx_start(&world, FAKE_TD4);
        if (i == 0)
            world.platform.components[0] = 1;
        if (i == 1)
            world.body[1] = 9;
        if (i == 2)
            world.qe[258] = 3;
        if (i == 3)
            world.qe[128] ^= 1;
        check_world(&world, refusals[i], NULL);
    }
}

static void documents_that_are_signed_and_make_no_sense_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        static const char *const refusals[] = {"dcap.tcb_info.form", "dcap.qe_identity.form",
                                               "dcap.qe_identity.other"};
        OWNED_FAKE_TDX world;

        fake_tdx_start(&world, FAKE_TD4);
        if (i == 0)
            fake_tdx_edit(&world.tcb_info, "\"pcesvn\":11", "\"pcesvn\":null");
        if (i == 1)
            fake_tdx_edit(&world.qe_identity, "\"isvprodid\":2", "\"isvprodid\":\"2\"");
        if (i == 2)
            fake_tdx_edit(&world.qe_identity, "TD_QE", "QE");
        check_world(&world, refusals[i], NULL);
    }
}

/* --- policy ---------------------------------------------------------------------------------- */

static void what_the_guest_may_not_be_is_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *refusal, *words;
    } cases[] = {
        {ATTRIBUTES, 0x01, "tdx.debug", "DEBUG set"},
        {ATTRIBUTES, 0x10, "tdx.debug", "profiling"},
        {ATTRIBUTES, 0x80, "tdx.debug", "profiling"},
        {ATTRIBUTES + 1, 0x01, "tdx.attributes", "ATTRIBUTES"},
        {ATTRIBUTES + 3, 0x14, "tdx.attributes", "ATTRIBUTES"},
        {ATTRIBUTES + 4, 0x01, "tdx.attributes", "ATTRIBUTES"},
        {ATTRIBUTES + 7, 0x20, "tdx.attributes", "ATTRIBUTES"},
        {ATTRIBUTES + 3, 0x30, "tdx.migration", "MIGRATABLE set"},
        {XFAM, 0xe6, "tdx.attributes", "XFAM"},
        {XFAM + 7, 0x80, "tdx.attributes", "XFAM"},
        {SEAMATTR, 0x01, "tdx.seam", "SEAMATTRIBUTES"},
        {MRSERVICETD, 0x01, "tdx.migration", "MRSERVICETD"},
        {MRSERVICETD + 47, 0x01, "tdx.migration", "MRSERVICETD"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_FAKE_TDX world;

        fake_tdx_start(&world, FAKE_TD5_15);
        world.body[cases[i].at] = cases[i].value;
        fake_tdx_make(&world);
        check_policy(&world, LAX "}}", cases[i].refusal, cases[i].words);
    }
    for (size_t i = 0; i < 3; i++) {
        static const uint8_t fine[] = {0x00, 0xd0, 0x18};
        OWNED_FAKE_TDX world;

        fake_tdx_start(&world, FAKE_TD5_15);
        world.body[ATTRIBUTES + 3] = fine[i]; /* nothing; PKS and KL; LASS */
        fake_tdx_make(&world);
        check_policy(&world, LAX "}}", NULL, NULL);
    }
}

static void a_module_that_is_not_intels_is_refused(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    fake_tdx_start(&world, FAKE_TD4);
    world.body[MRSIGNERSEAM] = 1;
    fake_tdx_make(&world);
    check_policy(&world, LAX "}}", "tdx.seam", "MRSIGNERSEAM");
    check_policy(&world, LAX "}}", "tdx.module", NULL);
}

/* The 48 bytes that the fake world has everywhere in a field. */
static void write_value(uint8_t fill, char out[static 97])
{
    uint8_t bytes[48];

    memset(bytes, fill, sizeof(bytes));
    text_hex(bytes, sizeof(bytes), out);
}

static void every_register_is_compared(void **state)
{
    static const struct {
        const char *member, *id;
        uint8_t fill;
    } rows[] = {
        {"mrtd", "tdx.mrtd", 0xe1},       {"rtmr0", "tdx.rtmr0", 0xa0},
        {"rtmr1", "tdx.rtmr1", 0xa1},     {"rtmr2", "tdx.rtmr2", 0xa2},
        {"rtmr3", "tdx.rtmr3", 0xa3},     {"mrconfigid", "tdx.mrconfigid", 0xc1},
        {"mrowner", "tdx.mrowner", 0xc2}, {"mrownerconfig", "tdx.mrownerconfig", 0xc3},
        {"mrseam", "tdx.mrseam", 0x5e},
    };
    OWNED_FAKE_TDX world;

    (void)state;
    make_world(&world, FAKE_TD4);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char right[97], wrong[97];
        OWNED(free_str) char *good = NULL;
        OWNED(free_str) char *bad = NULL;

        write_value(rows[i].fill, right);
        write_value(0x11, wrong);
        good = mem_printf(LAX "\"%s\":[\"%s\",\"%s\"]}}", rows[i].member, wrong, right);
        bad = mem_printf(LAX "\"%s\":\"%s\"}}", rows[i].member, wrong);
        check_policy(&world, good, NULL, NULL);
        check_policy(&world, bad, rows[i].id, wrong);
    }
    check_policy(&world, "{\"version\":1,\"waive\":[\"freshness\"],\"tdx\":{}}",
                 "tdx.measurement.absent", "e1e1e1");
}

static void every_byte_of_the_minimum_svn_is_compared(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    make_world(&world, FAKE_TD4);
    check_policy(&world, LAX "\"min_tee_tcb_svn\":\"05010200000000000000000000000000\"}}", NULL,
                 NULL);
    check_policy(&world, LAX "\"min_tee_tcb_svn\":\"06000000000000000000000000000000\"}}",
                 "tdx.tcb.svn", "in byte 0");
    check_policy(&world, LAX "\"min_tee_tcb_svn\":\"00000000000000000000000000000001\"}}",
                 "tdx.tcb.svn", "in byte 15");
}

static void a_kind_or_platform_that_is_not_spoken_of_is_refused(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    make_world(&world, FAKE_TD4);
    check_policy(&world, "{\"version\":1,\"waive\":[\"freshness\"],\"snp\":{}}", "policy.kind",
                 NULL);
    check_policy(
        &world, "{\"version\":1,\"waive\":[\"freshness\",\"measurement\"],\"platforms\":[\"snp\"]}",
        "policy.platform", "tdx");
}

static void the_question_must_be_answered_whole(void **state)
{
    OWNED_FAKE_TDX world;
    OWNED_POLICY *policy = NULL;
    struct attest_input in;
    uint8_t asked[64];
    struct err err;

    (void)state;
    make_world(&world, FAKE_TD4);
    assert_ok(policy_load(span_of_str("{\"version\":1,\"waive\":[\"measurement\"],\"tdx\":{}}"),
                          &policy, &err));
    fake_tdx_input(&world, &in);
    in.policy = policy;
    check_accepted(&in, "policy.freshness", NULL);
    memset(asked, 0xd1, sizeof(asked));
    in.report_data = SPAN_OF_ARRAY(asked);
    check_accepted(&in, NULL, NULL);
    in.report_data.len = 63;
    check_accepted(&in, "tdx.report_data", NULL);
    in.report_data = span_of(NULL, 0);
    in.nonce = SPAN_OF_ARRAY(asked);
    check_accepted(&in, NULL, NULL);
    in.nonce.len = 32; /* a prefix is no answer */
    check_accepted(&in, "tdx.report_data", NULL);
    asked[63] ^= 1;
    in.nonce.len = 64;
    check_accepted(&in, "tdx.report_data", NULL);
}

/* --- what the platform is worth -------------------------------------------------------------- */

/* Each of the three parts of the TCB behind its time, and what that makes of the whole. */
static void the_worst_part_decides_and_all_advisories_count(void **state)
{
    static const struct {
        const char *advisory;
        const char *allowed;
    } cases[] = {
        {"INTEL-SA-00002", "[\"INTEL-SA-00001\",\"INTEL-SA-00002\"]"},
        {"INTEL-SA-00003", "\"INTEL-SA-00003\""},
        {"INTEL-SA-00004", "\"INTEL-SA-00004\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_FAKE_TDX world;
        OWNED(free_str)
        char *allowed =
            mem_printf(LAX "\"tcb_status\":[\"UpToDate\",\"OutOfDate\"],\"allow_advisories\":%s}}",
                       cases[i].allowed);

        fake_tdx_start(&world, FAKE_TD4);
        if (i == 0)
            world.platform.pce_svn = 10;
        if (i == 1)
            world.body[0] = 4;
        if (i == 2)
            world.qe[258] = 5;
        fake_tdx_make(&world);
        check_policy(&world, LAX "}}", "tdx.tcb.status", "OutOfDate");
        check_policy(&world, LAX "\"tcb_status\":\"OutOfDate\"}}", "tdx.tcb.advisory",
                     cases[i].advisory);
        check_policy(&world, LAX "\"tcb_status\":\"OutOfDate\",\"allow_advisories\":[\"X\"]}}",
                     "tdx.tcb.advisory", cases[i].advisory);
        check_policy(&world, allowed, NULL, NULL);
    }
}

static void a_revoked_platform_is_accepted_by_no_other_name(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    fake_tdx_start(&world, FAKE_TD4);
    fake_tdx_edit(&world.qe_identity, "UpToDate", "Revoked");
    fake_tdx_make(&world);
    check_policy(&world,
                 LAX "\"tcb_status\":[\"UpToDate\",\"OutOfDate\",\"ConfigurationNeeded\"]}}",
                 "tdx.tcb.status", "Revoked");
}

static void both_documents_must_be_of_a_late_evaluation(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    make_world(&world, FAKE_TD4);
    check_policy(&world, LAX "\"min_tcb_evaluation_number\":17}}", NULL, NULL);
    check_policy(&world, LAX "\"min_tcb_evaluation_number\":18}}", "tdx.tcb.evaluation",
                 "TCB info");
    fake_tdx_edit(&world.tcb_info, "DataNumber\":17", "DataNumber\":18");
    fake_tdx_make(&world);
    check_policy(&world, LAX "\"min_tcb_evaluation_number\":18}}", "tdx.tcb.evaluation",
                 "QE identity");
    fake_tdx_edit(&world.qe_identity, "DataNumber\":17", "DataNumber\":19");
    fake_tdx_make(&world);
    check_policy(&world, LAX "\"min_tcb_evaluation_number\":18}}", NULL, NULL);
}

/* --- absence --------------------------------------------------------------------------------- */

static void judge_bare(struct fake_tdx *world, const char *text, const char *refusal,
                       const char *words)
{
    OWNED_POLICY *policy = NULL;
    struct attest_input in;
    struct err err;

    assert_ok(policy_load(span_of_str(text), &policy, &err));
    fake_tdx_input(world, &in);
    in.policy = policy;
    in.collateral.count = 0;
    check_accepted(&in, refusal, words);
}

#define BARE(more) "{\"version\":1,\"waive\":[\"freshness\",\"measurement\"" more "],\"tdx\":{"

static void absent_collateral_is_excused_by_name_only(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    make_world(&world, FAKE_TD4);
    judge_bare(&world, BARE("") "}}", "dcap.tcb_info.absent", "50806f000000");
    judge_bare(&world, BARE("") "}}", "dcap.qe_identity.absent", "TD_QE");
    judge_bare(&world, BARE("") "}}", "dcap.crl.absent", "Intel SGX Root CA");
    judge_bare(&world, BARE(",\"crl\"") "}}", "dcap.tcb_info.absent", NULL);
    judge_bare(&world, BARE(",\"collateral\"") "}}", NULL, NULL);
    judge_bare(&world, BARE(",\"collateral\",\"crl\"") "}}", NULL, NULL);
    /* What the policy names itself cannot be shown without it. */
    judge_bare(&world, BARE(",\"collateral\"") "\"tcb_status\":\"UpToDate\"}}", "tdx.tcb.status",
               "unknown");
    judge_bare(&world, BARE(",\"collateral\"") "\"min_tcb_evaluation_number\":1}}",
               "tdx.tcb.evaluation", "unknown");
}

static void a_missing_piece_is_excused_by_name_only(void **state)
{
    static const struct {
        const char *member, *id;
        bool crl;
    } cases[] = {
        {"\"tcb_info\":", "dcap.tcb_info.absent", false},
        {"\"qe_identity\":", "dcap.qe_identity.absent", false},
        {"\"root_ca_crl\":", "dcap.crl.absent", true},
        {"\"pck_crl\":", "dcap.crl.absent", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_FAKE_TDX world;

        make_world(&world, FAKE_TD4);
        fake_tdx_edit(&world.collateral, cases[i].member, "\"x\":");
        check_policy(&world, BARE("") "}}", cases[i].id, NULL);
        check_policy(&world, BARE(",\"collateral\"") "}}", cases[i].crl ? cases[i].id : NULL, NULL);
        check_policy(&world, BARE(",\"crl\"") "}}", cases[i].crl ? NULL : cases[i].id, NULL);
    }
}

/* A waiver excuses that something is not there, not that it is bad. */
static void collateral_that_is_given_is_judged_whatever_is_waived(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    fake_tdx_start(&world, FAKE_TD4);
    fake_tdx_edit(&world.tcb_info, "2027-01-31", "2027-01-02");
    fake_tdx_make(&world);
    check_policy(&world, BARE(",\"collateral\",\"crl\"") "}}", "dcap.collateral.time", NULL);
    fake_tdx_done(&world);
    fake_tdx_start(&world, FAKE_TD4);
    world.pck_crl.next_update = FAKE_TDX_NOW - 1;
    fake_tdx_make(&world);
    check_policy(&world, BARE(",\"collateral\",\"crl\"") "}}", "dcap.crl.time", NULL);
    fake_tdx_done(&world);
    fake_tdx_start(&world, FAKE_TD4);
    fake_tdx_edit(&world.tcb_info, "50806F000000", "50806F000001");
    fake_tdx_make(&world);
    check_policy(&world, BARE(",\"collateral\",\"crl\"") "}}", "dcap.tcb_info.other", NULL);
}

static void the_claims_tell_what_the_platform_is_worth(void **state)
{
    OWNED_FAKE_TDX world;
    OWNED_VERDICT verdict = {0};
    const struct json *tdx, *tcb;
    struct attest_input in;
    struct err err;

    (void)state;
    fake_tdx_start(&world, FAKE_TD4);
    world.qe[258] = 5;
    fake_tdx_make(&world);
    fake_tdx_input(&world, &in);
    assert_ok(attest_validate(&in, &verdict, &err));
    tdx = json_get(verdict.claims, "tdx");
    tcb = json_get(tdx, "tcb");
    assert_string_equal(json_get_str(tcb, "status"), "OutOfDate");
    assert_string_equal(json_get_str(json_get(tcb, "platform"), "status"), "UpToDate");
    assert_string_equal(json_get_str(json_get(tcb, "module"), "status"), "UpToDate");
    assert_string_equal(json_get_str(json_get(tcb, "qe"), "status"), "OutOfDate");
    assert_string_equal(json_str(json_at(json_get(tcb, "advisories"), 0)), "INTEL-SA-00004");
    assert_int_equal(json_get_int(tcb, "evaluation_number"), 17);
    assert_string_equal(json_get_str(json_get(tdx, "platform"), "fmspc"), "50806f000000");
    assert_int_equal(json_get_int(json_get(tdx, "qe"), "isv_svn"), 5);
    assert_int_equal(json_get_int(tdx, "quote_version"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worlds_in_order_are_accepted),
        cmocka_unit_test(without_a_policy_nothing_is_accepted),
        cmocka_unit_test(every_flipped_bit_is_seen),
        cmocka_unit_test(signatures_out_of_range_are_refused),
        cmocka_unit_test(a_key_that_is_no_point_is_refused),
        cmocka_unit_test(a_key_that_the_quoting_enclave_does_not_name_is_refused),
        cmocka_unit_test(only_zeros_may_follow_the_quote),
        cmocka_unit_test(a_platform_that_intel_does_not_know_is_refused),
        cmocka_unit_test(documents_that_are_signed_and_make_no_sense_are_refused),
        cmocka_unit_test(what_the_guest_may_not_be_is_refused),
        cmocka_unit_test(a_module_that_is_not_intels_is_refused),
        cmocka_unit_test(every_register_is_compared),
        cmocka_unit_test(every_byte_of_the_minimum_svn_is_compared),
        cmocka_unit_test(a_kind_or_platform_that_is_not_spoken_of_is_refused),
        cmocka_unit_test(the_question_must_be_answered_whole),
        cmocka_unit_test(the_worst_part_decides_and_all_advisories_count),
        cmocka_unit_test(a_revoked_platform_is_accepted_by_no_other_name),
        cmocka_unit_test(both_documents_must_be_of_a_late_evaluation),
        cmocka_unit_test(absent_collateral_is_excused_by_name_only),
        cmocka_unit_test(a_missing_piece_is_excused_by_name_only),
        cmocka_unit_test(collateral_that_is_given_is_judged_whatever_is_waived),
        cmocka_unit_test(the_claims_tell_what_the_platform_is_worth),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
