/* The attacks of the field on machines, each by its name: what the attacker's evidence says, and
 * the finding that refuses it. The same policy accepts the same machine without the attack. What is
 * done to formats, signatures and tokens is in the tests of those. */
#include "tests/unit/attest/bundle_make.h"
#include "tests/unit/attest/judged.h"

#include "tests/fakes/fake_tdx.h"

#define C1_8  "c1c1c1c1c1c1c1c1"
#define C1_64 C1_8 C1_8 C1_8 C1_8 C1_8 C1_8 C1_8 C1_8
#define LAX   "\"waive\":[\"freshness\",\"measurement\",\"min_tcb\",\"crl\"]"

static void expect(struct attest_input *in, const char *name, const char *text, const char *refusal)
{
    OWNED_BUF shown = BUF_OF(1 * MIB);
    OWNED_POLICY *policy = NULL;
    OWNED_VERDICT verdict = {0};
    struct err err;

    if (policy_load(span_of_str(text), &policy, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    in->policy = policy;
    assert_ok(attest_validate(in, &verdict, &err));
    in->policy = NULL;
    attest_explain(&verdict, &shown);
    if (verdict_accepted(&verdict) != (refusal == NULL) ||
        (refusal != NULL && !has_finding(&verdict, refusal)))
        fail_msg("%s: expected %s, got\n%s", name, refusal ? refusal : "acceptance",
                 buf_str(&shown));
}

/* --- AMD SEV-SNP ----------------------------------------------------------------------------- */

/* A report of `version` with 8 bytes changed before it is signed, and the policy's snp part. */
static const struct {
    const char *name;
    uint32_t version;
    size_t at;
    uint64_t good, bad;
    const char *policy;
    const char *refusal;
} on_snp[] = {
    {"rollback of the committed firmware", 3, 0x1e0, 0xdb18000000000004, 0xda18000000000004,
     "{\"min_committed_tcb\":{\"ucode\":219}}", "snp.tcb.committed"},
    {"a guest that was launched under old firmware, and moved on", 3, 0x1f0, 0xdb18000000000004,
     0xdb17000000000004, "{\"min_launch_tcb\":{\"snp\":24}}", "snp.tcb.launch"},
    {"a newer microcode that hides an older boot loader", 3, 0x1f0, 0xdb18000000000004,
     0xff18000000000003, "{\"min_launch_tcb\":{\"bl\":4,\"snp\":24,\"ucode\":219}}",
     "snp.tcb.launch"},
    {"CacheWarp, CVE-2023-20592; EntrySign, CVE-2024-56161: old microcode", 3, 0x1f0,
     0xdb18000000000004, 0x7318000000000004, "{\"min_launch_tcb\":{\"ucode\":219}}",
     "snp.tcb.launch"},
    {"RMPocalypse, CVE-2025-0033: a mitigation is off", 5, 0x200, 0x0b, 0x09,
     "{\"min_current_mit_vector\":\"0x3\"}", "snp.mitigations.current"},
    {"the same, and it was off when the guest was launched", 5, 0x1f8, 0x0b, 0x09,
     "{\"min_launch_mit_vector\":\"0x3\"}", "snp.mitigations.launch"},
    {"BadRAM, CVE-2024-21944: aliased memory", 3, 0x040, 0x25, 0x05,
     "{\"require_alias_check\":true}", "snp.alias_check"},
    {"Cipherleaks: ciphertext that the host can watch", 3, 0x040, 0x35, 0x25,
     "{\"require_ciphertext_hiding\":true}", "snp.ciphertext_hiding"},
    {"leaks to the sibling thread", 3, 0x040, 0x24, 0x25, "{\"require_no_smt\":true}", "snp.smt"},
    {"a guest that can be debugged", 3, 0x008, 0x30000, 0xb0000, "{}", "snp.policy.debug"},
    {"a guest that a migration agent may take away", 3, 0x008, 0x30000, 0x70000, "{}",
     "snp.policy.migration"},
    {"a migration agent that is bound already", 3, 0x160, UINT64_MAX, 0, "{}",
     "snp.policy.migration"},
    {"a report that an unprivileged level of the guest asked for", 3, 0x030, 0x0000000100000000,
     0x0000000100000003, "{}", "snp.vmpl"},
    {"a report that the host asked for", 3, 0x030, 0x0000000100000000, 0x00000001ffffffff, "{}",
     "snp.vmpl.host"},
    {"diversion to another owner's guest", 3, 0x0c0, 0xa1a1a1a1a1a1a1a1, 0xa1a1a1a1a1a1a1a2,
     "{\"host_data\":\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\"}",
     "snp.host_data"},
};

static void make_snp(struct fake_snp *world, uint32_t version, size_t at, uint64_t value)
{
    fake_snp_start(world, SNP_MILAN, false);
    fake_put32(world->report, 0, version);
    if (version < 3)
        memset(world->report + 0x188, 0, 3);
    if (at > 0)
        fake_put64(world->report, at, value);
    fake_snp_make(world);
}

static void attacks_on_snp_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(on_snp); i++) {
        OWNED(free_str)
        char *policy = mem_printf("{\"version\":1," LAX ",\"snp\":%s}", on_snp[i].policy);
        OWNED_FAKE_SNP good, bad;
        struct attest_input in;

        make_snp(&good, on_snp[i].version, on_snp[i].at, on_snp[i].good);
        fake_snp_input(&good, &in);
        expect(&in, on_snp[i].name, policy, NULL);
        make_snp(&bad, on_snp[i].version, on_snp[i].at, on_snp[i].bad);
        fake_snp_input(&bad, &in);
        expect(&in, on_snp[i].name, policy, on_snp[i].refusal);
    }
}

/* BadRAM once more: what a report of version 2 cannot show is not there. */
static void an_old_report_does_not_show_that_memory_was_checked(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    make_snp(&world, 2, 0x040, 0x25);
    fake_snp_input(&world, &in);
    expect(&in, "version 2", "{\"version\":1," LAX ",\"snp\":{\"require_alias_check\":true}}",
           "snp.alias_check");
}

/* TEE.fail, WireTap, Battering RAM: the keys of a machine that somebody has in his laboratory sign
 * whatever he likes. What bounds him is which machines may sign at all. */
static void keys_out_of_a_laboratory_sign_for_their_own_chip_only(void **state)
{
    const char *policy = "{\"version\":1," LAX ",\"snp\":{\"chip_id\":\"" C1_64 "\"}}";
    OWNED_FAKE_SNP ours, theirs;
    struct attest_input in;

    (void)state;
    make_snp(&ours, 3, 0, 0);
    fake_snp_input(&ours, &in);
    expect(&in, "our chip", policy, NULL);
    fake_snp_start(&theirs, SNP_MILAN, false);
    theirs.chip_id[0] ^= 1;
    theirs.report[0x1a0] ^= 1;
    fake_snp_make(&theirs);
    fake_snp_input(&theirs, &in);
    expect(&in, "another chip", policy, "snp.chip_id");
    theirs.report[0x1a0] ^= 1; /* says to be ours */
    fake_snp_sign(&theirs);
    expect(&in, "another chip under our name", policy, "snp.vek.chip");
    memset(theirs.report + 0x1a0, 0, 64);
    fake_snp_sign(&theirs);
    expect(&in, "a masked chip", policy, "snp.vek.chip");
}

/* --- Intel TDX ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t at; /* in the body of a TD 1.5's report */
    uint8_t byte;
    const char *refusal;
} on_tdx[] = {
    {"a TD that can be debugged", 120, 0x01, "tdx.debug"},
    {"a TD that can be profiled", 120, 0x10, "tdx.debug"},
    {"a TD that can be migrated", 123, 0x30, "tdx.migration"},
    {"a service TD that is given the keys", 600, 0x01, "tdx.migration"},
    {"a module that is not Intel's", 64, 0x01, "tdx.seam"},
    {"a module that is not for production", 112, 0x01, "tdx.seam"},
    {"an attribute that nobody knows", 124, 0x01, "tdx.attributes"},
};

static void attacks_on_tdx_are_refused(void **state)
{
    const char *policy = "{\"version\":1,\"waive\":[\"freshness\",\"measurement\"],\"tdx\":{}}";
    OWNED_FAKE_TDX good;
    struct attest_input in;

    (void)state;
    fake_tdx_start(&good, FAKE_TD5_15);
    fake_tdx_make(&good);
    fake_tdx_input(&good, &in);
    expect(&in, "a TD in order", policy, NULL);
    for (size_t i = 0; i < COUNT_OF(on_tdx); i++) {
        OWNED_FAKE_TDX world;

        fake_tdx_start(&world, FAKE_TD5_15);
        world.body[on_tdx[i].at] = on_tdx[i].byte;
        fake_tdx_make(&world);
        fake_tdx_input(&world, &in);
        expect(&in, on_tdx[i].name, policy, on_tdx[i].refusal);
    }
}

/* Documents of a time before an advisory are genuine for ever: dates and numbers end them. */
static void collateral_of_yesterday_is_refused(void **state)
{
    const char *any = "{\"version\":1,\"waive\":[\"freshness\",\"measurement\"],\"tdx\":{}}";
    const char *later = "{\"version\":1,\"waive\":[\"freshness\",\"measurement\"],"
                        "\"tdx\":{\"min_tcb_evaluation_number\":1000000}}";
    OWNED_FAKE_TDX world;
    struct attest_input in;

    (void)state;
    fake_tdx_start(&world, FAKE_TD4);
    fake_tdx_make(&world);
    fake_tdx_input(&world, &in);
    expect(&in, "today", any, NULL);
    expect(&in, "an evaluation before the one that counts", later, "tdx.tcb.evaluation");
    in.now = FAKE_TDX_END + 1;
    expect(&in, "after its time", any, "dcap.collateral.time");
}

/* --- relays ---------------------------------------------------------------------------------- */

/* CVE-2026-33697: genuine evidence of a genuine machine, over another connection than ours. */
static void a_relay_has_another_connection(void **state)
{
    uint8_t other[32] = {0x52};
    struct attest_channel channel;
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.in.nonce = SPAN_OF_ARRAY(a.channel_bytes[0]);
    a.in.channel = &a.channel;
    agent_accepted(&a);
    channel = a.channel;
    a.channel.exporter = SPAN_OF_ARRAY(other);
    agent_expect(&a, FINDING_TRANSCRIPT_CHANNEL);
    a.channel = channel;
    a.channel.server = SPAN_OF_ARRAY(other); /* the key leaked, and somebody else answers */
    agent_expect(&a, FINDING_TRANSCRIPT_CHANNEL);
    a.channel = channel;
    a.channel.client = SPAN_OF_ARRAY(other); /* we showed a certificate, the relay did not */
    agent_expect(&a, FINDING_TRANSCRIPT_CHANNEL);
    a.channel = channel;
    a.in.nonce = SPAN_OF_ARRAY(other); /* an answer that was kept */
    agent_expect(&a, FINDING_TRANSCRIPT_CHALLENGE);
}

static int forget_all_keys(void **state)
{
    fake_tdx_forget_keys();
    return agent_forget_keys(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attacks_on_snp_are_refused),
        cmocka_unit_test(an_old_report_does_not_show_that_memory_was_checked),
        cmocka_unit_test(keys_out_of_a_laboratory_sign_for_their_own_chip_only),
        cmocka_unit_test(attacks_on_tdx_are_refused),
        cmocka_unit_test(collateral_of_yesterday_is_refused),
        cmocka_unit_test(a_relay_has_another_connection),
    };

    return cmocka_run_group_tests(tests, NULL, forget_all_keys);
}
