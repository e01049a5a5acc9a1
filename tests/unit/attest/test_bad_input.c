/* Evidence of every format that we can make, cut at each length, with a byte more, and with lengths
 * near 2^32 written over each place of it: a finding that says where, never a crash, never found
 * genuine. */
#include "tests/unit/attest/bundle_make.h"
#include "tests/unit/attest/cca_make.h"
#include "tests/unit/attest/dice_make.h"
#include "tests/unit/attest/hcl_make.h"
#include "tests/unit/attest/token_make.h"

#include "lib/attest/evidence/eat.h"
#include "tests/fakes/fake_tdx.h"

#define CLOSELY 300 /* bytes from either end of which each is cut off by itself */
#define STRIDE  23

enum made {
    MADE_SNP,
    MADE_TDX4,
    MADE_TDX5,
    MADE_SGX,
    MADE_BUNDLE,
    MADE_EAT,
    MADE_JWT,
    MADE_CMW,
    MADE_DICE,
    MADE_TPM,
    MADE_HCL,
    MADE_CCA,
    MADE_COUNT
};

/* Bytes, and what makes them genuine. */
static struct sample {
    struct buf bytes;
    struct attest_input in;
} samples[MADE_COUNT];

/* Whoever vouches must outlive the samples. */
static struct fake_tdx quotes[3];
static struct agent agent;
static struct token_scene scene;
static struct cca_maker cca;
static struct device device;
static struct buf cca_key, device_key;
static struct policy *policy;

static struct attest_input *add(enum made made, enum attest_format format, struct span bytes)
{
    struct sample *sample = &samples[made];

    sample->bytes = BUF_OF(1 * MIB);
    buf_add_span(&sample->bytes, bytes);
    sample->in = (struct attest_input){.format = format, .policy = policy};
    return &sample->in;
}

static void add_quote(enum made made, enum attest_format format, enum fake_tdx_kind kind,
                      struct fake_tdx *world)
{
    struct attest_input *in;

    fake_tdx_start(world, kind);
    fake_tdx_make(world);
    in = add(made, format, buf_span(&world->quote));
    fake_tdx_input(world, in);
    in->format = format;
    in->policy = policy;
}

static void add_of_agent(enum made made, enum attest_format format, struct span bytes)
{
    struct attest_input *in = add(made, format, bytes);

    fake_snp_input(&agent.world, in);
    in->format = format;
    in->policy = policy;
}

static void add_token(const struct key *server)
{
    OWNED_BUNDLE bundle = {0};
    OWNED_BUF token = BUF_OF(256 * KIB);
    struct err err;

    assert_ok(bundle_parse(buf_span(&agent.text), &bundle, &err));
    assert_ok(eat_write(&bundle, server, 0, &token, &err));
    add_of_agent(MADE_EAT, ATTEST_EAT, buf_span(&token));
}

static void add_reports(void)
{
    OWNED_BUF wrapped = BUF_OF(256 * KIB), report = BUF_OF(64 * KIB), blob = BUF_OF(64 * KIB);

    buf_add(&report, agent.world.report, sizeof(agent.world.report));
    make_blob(&blob, 2, "{\"keys\":[]}", agent.world.report);
    add_of_agent(MADE_HCL, ATTEST_HCL, buf_span(&blob));
    fake_snp_table(&agent.world, &report);
    add_of_agent(MADE_SNP, ATTEST_SNP, buf_span(&report));
    buf_add_str(&wrapped, "[\"application/vnd.cocos.snp-report\",\"");
    text_encode_base64url(buf_span(&report), &wrapped);
    buf_add_str(&wrapped, "\"]");
    add_of_agent(MADE_CMW, ATTEST_CMW, buf_span(&wrapped));
}

static void add_agents(void)
{
    OWNED_KEY *server = NULL;
    OWNED_BUF text = BUF_OF(1 * KIB);
    struct err err;
    char ak[65];

    assert_ok(key_generate(KEY_P256, 0, &server, &err));
    agent_make(&agent);
    agent_take_key(&agent, server);
    agent.no_chain = true; /* a chain is a sample of its own */
    buf_printf(
        &text,
        "{\"version\":1,\"waive\":[\"freshness\",\"measurement\",\"min_tcb\",\"crl\",\"pei\"],"
        "\"snp\":{},\"tdx\":{},\"sgx\":{},\"dice\":{},"
        "\"vtpm\":{\"emulated\":true,\"ak_sha256\":\"%s\"}}",
        hex_of_ak(&agent.machine, ak));
    assert_ok(policy_load(buf_span(&text), &policy, &err));
    agent_sign(&agent);
    agent_write(&agent);
    add_of_agent(MADE_BUNDLE, ATTEST_BUNDLE, buf_span(&agent.text));
    add_of_agent(MADE_TPM, ATTEST_TPM_PB, machine_message(&agent.machine));
    add_reports();
    add_token(server);
}

static void add_keyed(void)
{
    OWNED_BUF token = BUF_OF(64 * KIB);

    token_scene_make(&scene, KEY_P256);
    token_scene_sign(&scene, MAA_CLAIMS(""));
    *add(MADE_JWT, ATTEST_JWT, buf_span(&scene.text)) = (struct attest_input){
        .format = ATTEST_JWT, .key = buf_span(&scene.pem), .policy = policy, .now = TOKEN_NOW};
    cca_make(&cca);
    cca_write(&cca, &token);
    cca_key = device_key = BUF_OF(4 * KIB);
    key_write_public_pem(cca.platform, &cca_key);
    *add(MADE_CCA, ATTEST_EAT, buf_span(&token)) =
        (struct attest_input){.format = ATTEST_EAT, .key = buf_span(&cca_key), .policy = policy};
    device_make(&device, KEY_ED25519);
    key_write_public_pem(device.keys[0], &device_key);
    *add(MADE_DICE, ATTEST_DICE,
         device_chain(&device, BUNDLE_SNP, span_of(NULL, 0))) = (struct attest_input){
        .format = ATTEST_DICE, .key = buf_span(&device_key), .policy = policy, .now = TOKEN_NOW};
}

static int make_samples(void **state)
{
    (void)state;
    add_agents();
    add_quote(MADE_TDX4, ATTEST_TDX, FAKE_TD4, &quotes[0]);
    add_quote(MADE_TDX5, ATTEST_TDX, FAKE_TD5_15, &quotes[1]);
    add_quote(MADE_SGX, ATTEST_SGX, FAKE_SGX3, &quotes[2]);
    add_keyed();
    return 0;
}

static int free_samples(void **state)
{
    for (int i = 0; i < MADE_COUNT; i++)
        buf_done(&samples[i].bytes);
    for (size_t i = 0; i < COUNT_OF(quotes); i++)
        fake_tdx_done(&quotes[i]);
    agent_done(&agent);
    token_scene_done(&scene);
    cca_maker_done(&cca);
    device_done(&device);
    buf_done(&cca_key);
    buf_done(&device_key);
    policy_free(policy);
    fake_tdx_forget_keys();
    return agent_forget_keys(state);
}

/* --- judging --------------------------------------------------------------------------------- */

/* Whether some finding says at which place, or which part is missing: a message of tagged fields
 * that is cut between two of them is a shorter message. */
static bool names_a_place(const struct verdict *verdict)
{
    static const char *const words[] = {"byte",   "column",      "position",
                                        "offset", "there is no", "holds no"};

    for (size_t i = 0; i < verdict->count; i++)
        for (size_t j = 0; verdict->findings[i].got != NULL && j < COUNT_OF(words); j++)
            if (strstr(verdict->findings[i].got, words[j]) != NULL)
                return true;
    return false;
}

/* From memory of exactly this length, so that no byte after it is read. */
static void judge(enum made made, struct span bytes, struct verdict *ret)
{
    char *exact = malloc(bytes.len > 0 ? bytes.len : 1);
    struct attest_input in = samples[made].in;
    struct err err;

    memcpy(exact, bytes.data, bytes.len);
    in.evidence = span_of(exact, bytes.len);
    assert_ok(attest_validate(&in, ret, &err));
    free(exact);
}

/* An HCL report of ours names no key, and no policy speaks of Arm's CCA; everything else is
 * accepted as it was made. */
static void the_samples_are_accepted_as_they_are(void **state)
{
    (void)state;
    for (int made = 0; made < MADE_COUNT; made++) {
        OWNED_VERDICT verdict = {0};
        OWNED_BUF shown = BUF_OF(64 * KIB);

        judge((enum made)made, buf_span(&samples[made].bytes), &verdict);
        attest_explain(&verdict, &shown);
        if (verdict_accepted(&verdict) != (made != MADE_HCL && made != MADE_CCA) ||
            (verdict_crypto(&verdict) == OUTCOME_PASS) != (made != MADE_HCL))
            fail_msg("sample %d:\n%s", made, buf_str(&shown));
    }
}

static void what_is_cut_is_refused_at_its_place(void **state)
{
    (void)state;
    for (int made = 0; made < MADE_COUNT; made++) {
        size_t whole = samples[made].bytes.len;

        for (size_t len = 0; len < whole;
             len += len < CLOSELY || len + CLOSELY > whole ? 1 : STRIDE) {
            OWNED_VERDICT verdict = {0};

            judge((enum made)made, span_of(samples[made].bytes.data, len), &verdict);
            if (verdict_crypto(&verdict) != OUTCOME_FAIL)
                fail_msg("sample %d cut at %zu is genuine", made, len);
            if (!names_a_place(&verdict)) {
                OWNED_BUF shown = BUF_OF(64 * KIB);

                attest_explain(&verdict, &shown);
                fail_msg("sample %d cut at %zu of %zu names no place:\n%s", made, len, whole,
                         buf_str(&shown));
            }
        }
    }
}

static void a_byte_more_is_refused(void **state)
{
    (void)state;
    for (int made = 0; made < MADE_COUNT; made++) {
        OWNED_VERDICT verdict = {0};

        buf_add_u8(&samples[made].bytes, 1);
        judge((enum made)made, buf_span(&samples[made].bytes), &verdict);
        samples[made].bytes.len--;
        if (verdict_accepted(&verdict))
            fail_msg("sample %d with a byte more", made);
    }
}

/* Whether somebody signed what stands at the place. A table of certificates and the fields around
 * what a TPM signed are nobody's word: what is believed of them is proven otherwise. */
static bool is_vouched_for(enum made made, size_t at)
{
    return made != MADE_TPM && (made != MADE_SNP || at < 1184);
}

/* Lengths are somewhere; whatever else stands there is changed too. */
static void lengths_near_two_to_the_32_are_refused_everywhere(void **state)
{
    static const uint8_t lengths[][4] = {{0xff, 0xff, 0xff, 0xff},
                                         {0xff, 0xff, 0xff, 0xf0},
                                         {0xf0, 0xff, 0xff, 0xff},
                                         {0x7f, 0xff, 0xff, 0xff}};

    (void)state;
    for (int made = 0; made < MADE_COUNT; made++)
        for (size_t at = 0; at + 4 <= samples[made].bytes.len; at += at < CLOSELY ? 1 : STRIDE) {
            OWNED_VERDICT verdict = {0};
            uint8_t was[4];

            memcpy(was, samples[made].bytes.data + at, 4);
            if (memcmp(was, lengths[at % COUNT_OF(lengths)], 4) == 0)
                continue;
            memcpy(samples[made].bytes.data + at, lengths[at % COUNT_OF(lengths)], 4);
            judge((enum made)made, buf_span(&samples[made].bytes), &verdict);
            memcpy(samples[made].bytes.data + at, was, 4);
            if (verdict_accepted(&verdict) && is_vouched_for((enum made)made, at))
                fail_msg("sample %d with a length at %zu", made, at);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_samples_are_accepted_as_they_are),
        cmocka_unit_test(what_is_cut_is_refused_at_its_place),
        cmocka_unit_test(a_byte_more_is_refused),
        cmocka_unit_test(lengths_near_two_to_the_32_are_refused_everywhere),
    };

    return cmocka_run_group_tests(tests, make_samples, free_samples);
}
