#include "tests/unit/attest/bundle_make.h"
#include "tests/unit/attest/dice_make.h"
#include "tests/unit/attest/vectors.h"

#include "lib/attest/dice_case.h"
#include "lib/attest/evidence/sim.h"
#include "tests/fakes/fake_pki.h"

#define POLICY "{\"version\":1,\"waive\":[\"freshness\"],\"dice\":{\"required\":true}}"

/* A chain, judged with its device secret's key given. */
struct scene {
    struct device device;
    struct buf pem;
    const char *policy;
    struct attest_input in;
    struct verdict verdict;
};

static void scene_done(struct scene *s)
{
    device_done(&s->device);
    buf_done(&s->pem);
    verdict_done(&s->verdict);
}
#define OWNED_SCENE __attribute__((cleanup(scene_done))) struct scene

static void scene_make(struct scene *s)
{
    *s = (struct scene){.pem = BUF_OF(4 * KIB), .policy = POLICY};
    device_make(&s->device, KEY_ED25519);
    key_write_public_pem(s->device.keys[0], &s->pem);
    s->in.key = buf_span(&s->pem);
}

static void validate(struct scene *s)
{
    OWNED_POLICY *policy = NULL;
    struct err err;

    if (s->in.evidence.data == NULL)
        s->in.evidence = device_chain(&s->device, BUNDLE_SNP, span_of(NULL, 0));
    assert_ok(policy_load(span_of_str(s->policy), &policy, &err));
    s->in.policy = policy;
    verdict_done(&s->verdict);
    assert_ok(attest_validate(&s->in, &s->verdict, &err));
    s->in.policy = NULL;
    s->in.evidence = span_of(NULL, 0);
}

static bool found(const struct scene *s, enum finding_id id)
{
    for (size_t i = 0; i < s->verdict.count; i++)
        if (s->verdict.findings[i].id == id && s->verdict.findings[i].severity == SEVERITY_ERROR)
            return true;
    return false;
}

static void expect(struct scene *s, enum finding_id refusal)
{
    OWNED_BUF shown = BUF_OF(1 * MIB);
    bool accepted;

    validate(s);
    attest_explain(&s->verdict, &shown);
    accepted = verdict_accepted(&s->verdict);
    if (refusal == FINDING_COUNT ? !accepted : accepted || !found(s, refusal))
        fail_msg("expected %s, got\n%s",
                 refusal == FINDING_COUNT ? "no refusal" : finding_row(refusal)->id,
                 buf_str(&shown));
}

static void a_chain_from_a_given_key_is_accepted(void **state)
{
    const struct json *layers;
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    expect(&s, FINDING_COUNT);
    layers = json_get(json_get(s.verdict.claims, "dice"), "layers");
    assert_int_equal(json_count(layers), DEVICE_LAYERS);
    assert_string_equal(json_get_str(json_at(layers, 2), "mode"), "normal");
}

static void a_chain_from_nobody_we_know_is_refused(void **state)
{
    OWNED_BUF other = BUF_OF(4 * KIB);
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.in.key = span_of(NULL, 0);
    expect(&s, FINDING_DICE_ROOT);
    key_write_public_pem(s.device.keys[1], &other);
    s.in.key = buf_span(&other);
    expect(&s, FINDING_DICE_ROOT);
    assert_true(found(&s, FINDING_DICE_REQUIRED));
}

static void a_certificate_alone_needs_the_key_that_signed_it(void **state)
{
    OWNED_BUF pem = BUF_OF(4 * KIB);
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.in.evidence = buf_span(&s.device.certs[0]);
    expect(&s, FINDING_COUNT);
    s.in.evidence = buf_span(&s.device.certs[1]);
    expect(&s, FINDING_DICE_ROOT);
    key_write_public_pem(s.device.keys[1], &pem);
    s.in.key = buf_span(&pem);
    s.in.evidence = buf_span(&s.device.certs[1]);
    expect(&s, FINDING_COUNT);
}

static void swapped_and_missing_layers_are_refused(void **state)
{
    struct buf first, second;
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    first = s.device.certs[0];
    second = s.device.certs[1];
    s.device.certs[0] = second;
    s.device.certs[1] = first;
    expect(&s, FINDING_DICE_SIGNATURE);
    assert_true(found(&s, FINDING_DICE_LINK));
    s.device.certs[0] = first;
    s.device.certs[1] = second;
    buf_reset(&s.device.certs[1]);
    buf_add_span(&s.device.certs[1], buf_span(&s.device.certs[2]));
    expect(&s, FINDING_DICE_SIGNATURE);
}

static void a_layer_by_another_key_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    device_certify(&s.device, 2, s.device.keys[0]); /* not by the layer before */
    expect(&s, FINDING_DICE_SIGNATURE);
    assert_true(found(&s, FINDING_DICE_LINK));
}

static void a_layer_that_may_not_issue_is_refused(void **state)
{
    struct dice_certificate certificate;
    OWNED_SCENE s;
    struct err err;

    (void)state;
    scene_make(&s);
    certificate = (struct dice_certificate){
        .issuer = s.device.keys[1], .subject = s.device.keys[2], .input = &s.device.inputs[1]};
    buf_reset(&s.device.certs[1]);
    assert_ok(dice_layer_write(&certificate, &s.device.certs[1], &err));
    expect(&s, FINDING_DICE_LINK);
}

static void a_layer_in_debug_mode_is_refused(void **state)
{
    static const enum dice_mode modes[] = {DICE_NOT_CONFIGURED, DICE_DEBUG, DICE_RECOVERY,
                                           (enum dice_mode)9};
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        s.device.inputs[1].mode = modes[i];
        device_boot(&s.device);
        expect(&s, FINDING_DICE_MODE);
        assert_int_equal(verdict_crypto(&s.verdict), OUTCOME_PASS);
    }
}

static void a_policy_that_requires_a_chain_refuses_evidence_without(void **state)
{
    OWNED_AGENT a;

    (void)state;
    agent_make(&a);
    a.in.nonce = SPAN_OF_ARRAY(a.channel_bytes[0]);
    agent_policy(&a, ",\"dice\":{\"required\":true}");
    agent_accepted(&a);
    a.no_chain = true;
    agent_refused(&a, FINDING_DICE_REQUIRED);
}

/* Chains are no secret: that of any device may be laid beside the report of ours. */
static void a_chain_that_merely_lies_beside_a_platform_is_not_what_is_required(void **state)
{
    OWNED_BUF report = BUF_OF(64 * KIB);
    OWNED_SCENE s;
    OWNED_AGENT a;

    (void)state;
    scene_make(&s);
    agent_make(&a);
    memset(a.world.report + 0x50, 0x5c, 64);
    fake_snp_make(&a.world);
    buf_add(&report, a.world.report, sizeof(a.world.report));
    fake_snp_table(&a.world, &report);
    a.in.report_data = span_of(a.world.report + 0x50, 64);
    a.in.key = s.in.key;
    buf_add_str(&a.text, "{\"a\":[\"application/vnd.cocos.snp-report\",\"");
    text_encode_base64url(buf_span(&report), &a.text);
    buf_add_str(&a.text, "\"],\"b\":[\"application/vnd.cocos.dice-chain\",\"");
    text_encode_base64url(device_chain(&s.device, BUNDLE_SNP, span_of(NULL, 0)), &a.text);
    buf_add_str(&a.text, "\"]}");
    buf_reset(&a.policy);
    buf_add_str(&a.policy, "{\"version\":1,\"waive\":[\"crl\",\"min_tcb\",\"measurement\"],"
                           "\"snp\":{},\"dice\":{\"required\":true}}");
    agent_validate(&a);
    assert_true(agent_found(&a, FINDING_MACHINE));
    assert_true(agent_found(&a, FINDING_DICE_REQUIRED));
    assert_false(verdict_accepted(&a.verdict));
}

static void malformed_chains_are_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.in.format = ATTEST_DICE;
    s.in.evidence = span_of("\x9f\xff", 2);
    expect(&s, FINDING_DICE_FORM);
}

/* --- rooted in a platform -------------------------------------------------------------------- */

/* A bundle of a simulated machine whose chain ends in the server's key. */
struct rooted {
    struct device device;
    struct key *root;
    struct sim_machine machine;
    struct transcript transcript;
    struct buf endorsement, text, policy;
    struct verdict verdict;
};

static void rooted_done(struct rooted *r)
{
    device_done(&r->device);
    key_free(r->root);
    buf_done(&r->endorsement);
    buf_done(&r->text);
    buf_done(&r->policy);
    verdict_done(&r->verdict);
}
#define OWNED_ROOTED __attribute__((cleanup(rooted_done))) struct rooted

static void rooted_make(struct rooted *r)
{
    OWNED_BUF pem = BUF_OF(4 * KIB);
    uint8_t identity[SHA256_SIZE];
    struct err err;

    *r = (struct rooted){
        .endorsement = BUF_OF(4 * KIB), .text = BUF_OF(64 * KIB), .policy = BUF_OF(8 * KIB)};
    device_make(&r->device, KEY_P256);
    assert_ok(key_generate(KEY_P384, 0, &r->root, &err));
    key_write_public_pem(r->root, &pem);
    buf_add_str(&r->policy, "{\"version\":1,\"dice\":{\"required\":true},\"sim\":{\"root\":\"");
    for (size_t i = 0; i < pem.len; i++)
        buf_add_str(&r->policy, pem.data[i] == '\n' ? "\\n" : (char[]){(char)pem.data[i], 0});
    buf_add_str(&r->policy, "\"}}");
    key_identity(device_leaf(&r->device), identity);
    transcript_set(&r->transcript, TRANSCRIPT_NONCE, identity);
    transcript_set(&r->transcript, TRANSCRIPT_EXPORTER, identity);
    transcript_set(&r->transcript, TRANSCRIPT_SERVER, identity);
    dice_root_report_data(r->device.keys[0], r->machine.report_data);
    assert_ok(sim_report_make(&r->machine, r->root, &r->endorsement, &err));
}

static void rooted_expect(struct rooted *r, enum finding_id refusal)
{
    OWNED_BUF encoded = BUF_OF(TRANSCRIPT_SIZE_MAX), report = BUF_OF(4 * KIB);
    struct attest_input in = {.nonce = SPAN_OF_ARRAY(r->transcript.value[TRANSCRIPT_NONCE])};
    OWNED_BUF shown = BUF_OF(1 * MIB);
    OWNED_POLICY *policy = NULL;
    OWNED_BUNDLE bundle;
    bool there = false;
    struct err err;

    assert_ok(transcript_encode(&r->transcript, &encoded, &err));
    transcript_report_data(buf_span(&encoded), r->machine.report_data);
    assert_ok(sim_report_make(&r->machine, r->root, &report, &err));
    bundle_init(&bundle);
    assert_ok(bundle_set_transcript(&bundle, &r->transcript, &err));
    assert_ok(bundle_add(&bundle, BUNDLE_DICE,
                         device_chain(&r->device, BUNDLE_SIM, buf_span(&r->endorsement)), &err));
    assert_ok(bundle_add(&bundle, BUNDLE_SIM, buf_span(&report), &err));
    buf_reset(&r->text);
    assert_ok(bundle_write(&bundle, &r->text, &err));
    assert_ok(policy_load(buf_span(&r->policy), &policy, &err));
    in.policy = policy;
    in.evidence = buf_span(&r->text);
    verdict_done(&r->verdict);
    assert_ok(attest_validate(&in, &r->verdict, &err));
    attest_explain(&r->verdict, &shown);
    for (size_t i = 0; i < r->verdict.count; i++)
        there = there || r->verdict.findings[i].id == refusal;
    if (verdict_accepted(&r->verdict) != (refusal == FINDING_COUNT) ||
        there != (refusal != FINDING_COUNT))
        fail_msg("%s", buf_str(&shown));
}

static void a_platform_roots_the_chain_and_the_chain_ends_in_the_servers_key(void **state)
{
    OWNED_ROOTED r;

    (void)state;
    rooted_make(&r);
    rooted_expect(&r, FINDING_COUNT);
    transcript_set(&r.transcript, TRANSCRIPT_SERVER, r.machine.measurement);
    rooted_expect(&r, FINDING_DICE_LEAF);
}

static void evidence_for_another_root_is_refused(void **state)
{
    OWNED_ROOTED r;
    struct err err;

    (void)state;
    rooted_make(&r);
    dice_root_report_data(r.device.keys[1], r.machine.report_data);
    buf_reset(&r.endorsement);
    assert_ok(sim_report_make(&r.machine, r.root, &r.endorsement, &err));
    rooted_expect(&r, FINDING_DICE_ROOT);
}

static void a_chain_without_evidence_for_its_root_is_refused(void **state)
{
    OWNED_ROOTED r;

    (void)state;
    rooted_make(&r);
    buf_reset(&r.endorsement);
    rooted_expect(&r, FINDING_DICE_ROOT);
}

/* Whoever wrote a policy before there were chains has nothing to say about them; one that is there
 * must still hold. */
static void a_chain_beside_a_platform_needs_no_word_of_the_policy(void **state)
{
    static const char with[] = "\"dice\":{\"required\":true},";
    OWNED(free_str) char *policy = NULL;
    OWNED_ROOTED r;
    char *at;

    (void)state;
    rooted_make(&r);
    policy = mem_strdup(buf_str(&r.policy));
    at = strstr(policy, with);
    assert_non_null(at);
    buf_reset(&r.policy);
    buf_printf(&r.policy, "%.*s%s", (int)(at - policy), policy, at + strlen(with));
    rooted_expect(&r, FINDING_COUNT);
    transcript_set(&r.transcript, TRANSCRIPT_SERVER, r.machine.measurement);
    rooted_expect(&r, FINDING_DICE_LEAF);
}

/* --- X.509 ----------------------------------------------------------------------------------- */

/* A device certificate and a layer under it, with TcbInfo. */
static void make_pem(const struct key *root, const struct key *leaf, const char *flags,
                     struct buf *pem)
{
    const struct fake_extension tcb = {OID_TCB_INFO, true, span_of(flags, 6)};
    struct fake_cert cert = {.subject = "device",
                             .issuer = "device",
                             .serial = 1,
                             .not_before = 1000000000,
                             .not_after = 2000000000,
                             .ca = true,
                             .path_len = -1};
    OWNED_BUF der = BUF_OF(8 * KIB);

    fake_cert_make(&cert, root, root, &der);
    fake_pem("CERTIFICATE", buf_span(&der), pem);
    cert.subject = "layer";
    cert.ca = false;
    cert.extensions = &tcb;
    cert.extension_count = 1;
    fake_cert_make(&cert, leaf, root, &der);
    fake_pem("CERTIFICATE", buf_span(&der), pem);
}

static void a_chain_of_the_tcgs_certificates_is_judged_by_its_flags(void **state)
{
    OWNED_BUF good = BUF_OF(16 * KIB), debug = BUF_OF(16 * KIB);
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    s.in.now = 1500000000;
    make_pem(s.device.keys[0], s.device.keys[1], "\x30\x04\x87\x02\x04\x00", &good);
    s.in.evidence = buf_span(&good);
    expect(&s, FINDING_COUNT);
    s.in.now = 2100000000;
    s.in.evidence = buf_span(&good);
    expect(&s, FINDING_DICE_TIME);
    s.in.now = 1500000000;
    make_pem(s.device.keys[0], s.device.keys[1], "\x30\x04\x87\x02\x04\x10", &debug);
    s.in.evidence = buf_span(&debug);
    expect(&s, FINDING_DICE_MODE);
}

/* --- the profile's published certificates ---------------------------------------------------- */

static void check_published(const char *name)
{
    static const char *const inputs = "dice/open-dice-inputs/inputs-and-expected-cdis-open.json";
    const char *input = strstr(name, "ZeroInput") != NULL ? "ZeroInput" : "HashOnlyInput";
    enum key_type type = strstr(name, "P256") != NULL   ? KEY_P256
                         : strstr(name, "P384") != NULL ? KEY_P384
                                                        : KEY_ED25519;
    OWNED_BUF bytes = BUF_OF(4 * KIB);
    OWNED_JSON *known = vector_read_json(inputs);
    uint8_t cdi[DICE_CDI_SIZE];
    OWNED_KEY *key = NULL;
    OWNED_SCENE s;
    struct err err;

    scene_make(&s);
    assert_ok(
        text_parse_hex(json_get_str(json_get(known, input), "cdi_attest"), cdi, sizeof(cdi), &err));
    assert_ok(dice_derive_key(cdi, type, &key, &err));
    buf_reset(&s.pem);
    key_write_public_pem(key, &s.pem);
    s.in.key = buf_span(&s.pem);
    s.in.now = 1700000000;
    vector_read(name, &bytes);
    assert_true(dice_case_detect(buf_span(&bytes)));
    s.in.evidence = buf_span(&bytes);
    validate(&s);
    assert_int_equal(verdict_crypto(&s.verdict), OUTCOME_PASS);
    assert_true(found(&s, FINDING_DICE_MODE)); /* their mode is "not configured" */
}

static void published_certificates_are_genuine_and_not_configured(void **state)
{
    (void)state;
    (void)need_vectors();
    (void)vector_each("dice/open-dice-known-values", ".der", check_published);
    (void)vector_each("dice/open-dice-known-values", ".cbor", check_published);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_from_a_given_key_is_accepted),
        cmocka_unit_test(a_chain_from_nobody_we_know_is_refused),
        cmocka_unit_test(a_certificate_alone_needs_the_key_that_signed_it),
        cmocka_unit_test(swapped_and_missing_layers_are_refused),
        cmocka_unit_test(a_layer_by_another_key_is_refused),
        cmocka_unit_test(a_layer_that_may_not_issue_is_refused),
        cmocka_unit_test(a_layer_in_debug_mode_is_refused),
        cmocka_unit_test(a_policy_that_requires_a_chain_refuses_evidence_without),
        cmocka_unit_test(a_chain_that_merely_lies_beside_a_platform_is_not_what_is_required),
        cmocka_unit_test(malformed_chains_are_refused),
        cmocka_unit_test(a_platform_roots_the_chain_and_the_chain_ends_in_the_servers_key),
        cmocka_unit_test(evidence_for_another_root_is_refused),
        cmocka_unit_test(a_chain_beside_a_platform_needs_no_word_of_the_policy),
        cmocka_unit_test(a_chain_without_evidence_for_its_root_is_refused),
        cmocka_unit_test(a_chain_of_the_tcgs_certificates_is_judged_by_its_flags),
        cmocka_unit_test(published_certificates_are_genuine_and_not_configured),
    };

    return cmocka_run_group_tests(tests, NULL, agent_forget_keys);
}
