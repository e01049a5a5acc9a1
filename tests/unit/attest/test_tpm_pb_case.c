/* A message of go-tpm-tools with an SNP report inside. */
#include "tests/unit/attest/vtpm_make.h"

#include "lib/attest/evidence/svsm.h"
#include "tests/fakes/fake_snp.h"
#include "tests/unit/attest/pb_make.h"

static const uint8_t asked[64] = {0x77, 0x66};

struct scene {
    struct machine machine;
    struct fake_snp world;
    struct attest_input in;
    struct buf policy, snp, message;
    struct span manifest;
    const struct attest_credential *credential;
    struct verdict verdict;
};

static void scene_done(struct scene *s)
{
    machine_done(&s->machine);
    fake_snp_done(&s->world);
    buf_done(&s->policy);
    buf_done(&s->snp);
    buf_done(&s->message);
    verdict_done(&s->verdict);
}
#define OWNED_SCENE __attribute__((cleanup(scene_done))) struct scene

static int forget_keys(void **state)
{
    (void)state;
    fake_snp_forget_keys();
    return 0;
}

/* Report data as CocosAI's earlier agents make it, from these 64 bytes and this key. */
static void tie(struct scene *s, const uint8_t bytes[64], struct span ak_public)
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA3_512);

    digest_add(digest, span_of(bytes, 64));
    digest_add(digest, ak_public);
    digest_finish(digest, s->world.report + 0x50);
}

static void scene_make(struct scene *s)
{
    *s = (struct scene){
        .policy = BUF_OF(8 * KIB), .snp = BUF_OF(64 * KIB), .message = BUF_OF(256 * KIB)};
    machine_make(&s->machine);
    machine_quote(&s->machine, NULL);
    fake_snp_start(&s->world, SNP_MILAN, false);
    tie(s, asked, buf_span(&s->machine.public));
    buf_add_str(&s->policy,
                "{\"version\":1,\"waive\":[\"measurement\",\"min_tcb\",\"crl\",\"pei\"],"
                "\"snp\":{},\"vtpm\":{\"emulated\":true}}");
}

static void validate(struct scene *s)
{
    struct tpm_pb pb = {.quote_count = 1};
    OWNED_POLICY *policy = NULL;
    struct err err;

    fake_snp_make(&s->world);
    fake_snp_input(&s->world, &s->in);
    buf_reset(&s->snp);
    pb_snp(&s->snp, SPAN_OF_ARRAY(s->world.report), span_of(NULL, 0));
    pb.ak_public = buf_span(&s->machine.public);
    pb.quotes[0].quote = buf_span(&s->machine.statement);
    pb.quotes[0].signature = buf_span(&s->machine.signature);
    pb.quotes[0].bank = s->machine.bank;
    pb.event_log = buf_span(&s->machine.tcg);
    pb.snp = buf_span(&s->snp);
    buf_reset(&s->message);
    tpm_pb_write(&pb, &s->message);

    assert_ok(policy_load(buf_span(&s->policy), &policy, &err));
    s->in.format = ATTEST_AUTO;
    s->in.evidence = buf_span(&s->message);
    s->in.policy = policy;
    s->in.nonce = span_of_str("our challenge");
    s->in.report_data = SPAN_OF_ARRAY(asked);
    s->in.svsm_manifest = s->manifest;
    s->in.credential = s->credential;
    verdict_done(&s->verdict);
    assert_ok(attest_validate(&s->in, &s->verdict, &err));
}

static bool found(const struct scene *s, enum finding_id id)
{
    for (size_t i = 0; i < s->verdict.count; i++)
        if (s->verdict.findings[i].id == id)
            return true;
    return false;
}

static void fail_with_reasons(const struct scene *s)
{
    OWNED_BUF text = BUF_OF(256 * KIB);

    attest_explain(&s->verdict, &text);
    fail_msg("%s", buf_str(&text));
}

static void a_report_that_names_the_key_binds_it(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    validate(&s);
    if (!verdict_accepted(&s.verdict))
        fail_with_reasons(&s);
    assert_string_equal(
        json_get_str(json_get(json_get(s.verdict.claims, "vtpm"), "ak"), "bound_by"), "guest");
}

static void a_report_over_another_key_binds_nothing(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    tie(&s, asked, span_of_str("another key"));
    validate(&s);
    assert_false(verdict_accepted(&s.verdict));
    assert_true(found(&s, FINDING_TPM_AK_UNBOUND));
    assert_true(found(&s, FINDING_SNP_REPORT_DATA));
}

static void a_report_for_another_question_binds_nothing(void **state)
{
    const uint8_t other[64] = {0x01};
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    tie(&s, other, buf_span(&s.machine.public));
    validate(&s);
    assert_false(verdict_accepted(&s.verdict));
    assert_true(found(&s, FINDING_TPM_AK_UNBOUND));
}

static void a_report_that_is_not_signed_binds_nothing(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    validate(&s);
    s.world.report[0x2a5] ^= 1;
    s.world.report[0x90] ^= 1;
    buf_reset(&s.snp);
    pb_snp(&s.snp, SPAN_OF_ARRAY(s.world.report), span_of(NULL, 0));
    {
        struct tpm_pb pb;
        struct err err;
        OWNED_POLICY *policy = NULL;
        OWNED_BUF changed = BUF_OF(256 * KIB);

        assert_ok(tpm_pb_parse(buf_span(&s.message), &pb, &err));
        pb.snp = buf_span(&s.snp);
        tpm_pb_write(&pb, &changed);
        assert_ok(policy_load(buf_span(&s.policy), &policy, &err));
        s.in.policy = policy;
        s.in.evidence = buf_span(&changed);
        verdict_done(&s.verdict);
        assert_ok(attest_validate(&s.in, &s.verdict, &err));
    }
    assert_false(verdict_accepted(&s.verdict));
    assert_true(found(&s, FINDING_TPM_AK_UNBOUND));
}

static void a_stale_quote_beside_a_fresh_report_is_refused(void **state)
{
    OWNED_SCENE s;

    (void)state;
    scene_make(&s);
    buf_reset(&s.machine.extra);
    buf_add_str(&s.machine.extra, "an older one");
    machine_quote(&s.machine, NULL);
    validate(&s);
    assert_false(verdict_accepted(&s.verdict));
    assert_true(found(&s, FINDING_TPM_CHALLENGE));
}

/* --- the report of an SVSM ------------------------------------------------------------------- */

struct svsm {
    struct key *ek;
    struct buf ek_public, manifest;
    uint8_t ak_name[TPM_NAME_SIZE_MAX];
    struct attest_credential credential;
};

static void svsm_done(struct svsm *v)
{
    key_free(v->ek);
    buf_done(&v->ek_public);
    buf_done(&v->manifest);
}
#define OWNED_SVSM __attribute__((cleanup(svsm_done))) struct svsm

/* The report is over our bytes and the manifest; the TPM has answered a challenge for the key. */
static void svsm_make(struct svsm *v, struct scene *s)
{
    struct tpm_public ak;
    struct err err;
    size_t len;

    *v = (struct svsm){.ek_public = BUF_OF(4 * KIB), .manifest = BUF_OF(4 * KIB)};
    assert_ok(key_generate(KEY_P256, 0, &v->ek, &err));
    make_public(&v->ek_public, v->ek, TPM_ATTRIBUTE_DECRYPT);
    buf_add_span(&v->manifest, buf_span(&v->ek_public));
    svsm_report_data(SPAN_OF_ARRAY(asked), buf_span(&v->manifest), s->world.report + 0x50);
    assert_ok(tpm_public_parse(buf_span(&s->machine.public), &ak, &err));
    assert_ok(tpm_public_name(&ak, v->ak_name, &len, &err));
    v->credential = (struct attest_credential){.ak_name = span_of(v->ak_name, len),
                                               .ek = buf_span(&v->ek_public)};
    s->manifest = buf_span(&v->manifest);
    s->credential = &v->credential;
}

static void an_svsm_vouches_for_the_key_beside_its_own(void **state)
{
    OWNED_SCENE s;
    OWNED_SVSM v;

    (void)state;
    scene_make(&s);
    svsm_make(&v, &s);
    validate(&s);
    if (!verdict_accepted(&s.verdict))
        fail_with_reasons(&s);
    assert_string_equal(
        json_get_str(json_get(json_get(s.verdict.claims, "vtpm"), "ak"), "bound_by"), "report");
    s.credential = NULL; /* it names the endorsement key only */
    validate(&s);
    assert_true(found(&s, FINDING_TPM_AK_UNBOUND));
}

static void a_report_that_the_guest_asked_for_itself_binds_nothing(void **state)
{
    OWNED_SCENE s;
    OWNED_SVSM v;

    (void)state;
    scene_make(&s);
    svsm_make(&v, &s);
    fake_put32(s.world.report, 0x30, 2);
    validate(&s);
    assert_true(found(&s, FINDING_SVSM_VMPL));
    assert_true(found(&s, FINDING_TPM_AK_UNBOUND));
}

static void another_manifest_binds_nothing(void **state)
{
    OWNED_SCENE s;
    OWNED_SVSM v;

    (void)state;
    scene_make(&s);
    svsm_make(&v, &s);
    v.manifest.data[v.manifest.len - 1] ^= 1;
    validate(&s);
    assert_true(found(&s, FINDING_SVSM_REPORT));
    assert_true(found(&s, FINDING_TPM_AK_UNBOUND));
    s.manifest = span_of_str("nonsense");
    validate(&s);
    assert_true(found(&s, FINDING_SVSM_FORM));
}

static void an_odd_report_is_refused(void **state)
{
    OWNED_BUF evidence = BUF_OF(256 * KIB);
    OWNED_SCENE s;
    struct tpm_pb pb;
    struct err err;
    OWNED_POLICY *policy = NULL;
    struct span noise[2] = {span_of_str("\x08"), span_of_str("\x12\x01x")};

    (void)state;
    scene_make(&s);
    validate(&s);
    assert_ok(policy_load(buf_span(&s.policy), &policy, &err));
    s.in.policy = policy;
    for (size_t i = 0; i < 4; i++) {
        assert_ok(tpm_pb_parse(buf_span(&s.message), &pb, &err));
        pb.snp = i < 2 ? noise[i] : span_of(NULL, 0);
        pb.tdx = i >= 2 ? noise[i - 2] : span_of(NULL, 0);
        buf_reset(&evidence);
        tpm_pb_write(&pb, &evidence);
        s.in.evidence = buf_span(&evidence);
        verdict_done(&s.verdict);
        assert_ok(attest_validate(&s.in, &s.verdict, &err));
        assert_false(verdict_accepted(&s.verdict));
        assert_true(found(&s, FINDING_TPM_FORM));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_that_names_the_key_binds_it),
        cmocka_unit_test(a_report_over_another_key_binds_nothing),
        cmocka_unit_test(a_report_for_another_question_binds_nothing),
        cmocka_unit_test(a_report_that_is_not_signed_binds_nothing),
        cmocka_unit_test(a_stale_quote_beside_a_fresh_report_is_refused),
        cmocka_unit_test(an_svsm_vouches_for_the_key_beside_its_own),
        cmocka_unit_test(a_report_that_the_guest_asked_for_itself_binds_nothing),
        cmocka_unit_test(another_manifest_binds_nothing),
        cmocka_unit_test(an_odd_report_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
