/* An agent on a machine of our own, for tests of bundles: an SNP report and a quote of its TPM over
 * one transcript, and the chain of a computation's process, in a bundle that a fitting policy
 * accepts; tests change one thing of it. */
#ifndef COCOS_TESTS_ATTEST_BUNDLE_MAKE_H
#define COCOS_TESTS_ATTEST_BUNDLE_MAKE_H

#include "tests/unit/attest/computation_make.h"
#include "tests/unit/attest/vtpm_make.h"

#include "lib/attest/evidence/bundle.h"
#include "lib/attest/evidence/svsm.h"
#include "tests/fakes/fake_snp.h"

struct agent {
    struct fake_snp world;
    struct machine machine;
    struct transcript transcript;
    struct buf encoded, text, policy;
    struct buf svsm; /* the manifest of an SVSM that makes the report; empty: none does */
    const struct attest_credential *credential;
    bool snp, vtpm; /* which items it sends */
    struct computation computation;
    bool no_chain;    /* that would lead to its key */
    struct span dice; /* another chain in its place; borrowed */
    uint8_t channel_bytes[3][32];
    struct attest_channel channel;
    struct attest_input in;
    struct verdict verdict;
};

static inline void agent_done(struct agent *a)
{
    fake_snp_done(&a->world);
    machine_done(&a->machine);
    buf_done(&a->encoded);
    buf_done(&a->text);
    buf_done(&a->policy);
    buf_done(&a->svsm);
    verdict_done(&a->verdict);
    computation_done(&a->computation);
}
#define OWNED_AGENT __attribute__((cleanup(agent_done))) struct agent

static inline void agent_hash(struct agent *a, enum transcript_field field, struct span of)
{
    uint8_t hash[SHA256_SIZE];

    digest_of(DIGEST_SHA256, of, hash);
    transcript_set(&a->transcript, field, hash);
}

static inline struct transcript_logs agent_logs(const struct agent *a)
{
    return (struct transcript_logs){.tcg = buf_span(&a->machine.tcg),
                                    .ima = buf_span(&a->machine.ima),
                                    .cel = buf_span(&a->machine.cel)};
}

/* Everything that the policy can say about this machine and what it sends; `more` after it. */
static inline void agent_policy(struct agent *a, const char *more)
{
    char pcr0[65], config[65], manifest[65], measurement[97];
    OWNED_BUF vtpm = BUF_OF(1 * KIB);

    if (a->vtpm)
        buf_printf(&vtpm, ",\"vtpm\":{\"pcrs\":{\"sha256\":{\"0\":\"%s\"}},\"emulated\":true}",
                   hex_of_register(&a->machine, 0, pcr0));

    text_hex(a->world.report + 0x90, 48, measurement);
    buf_reset(&a->policy);
    buf_printf(&a->policy,
               "{\"version\":1,\"waive\":[\"crl\",\"min_tcb\"],\"config_sha256\":\"%s\","
               "\"manifest_sha256\":\"%s\",\"snp\":{\"measurement\":\"%s\"}%s%s}",
               hex_of_text("{}", config), hex_of_text("manifest", manifest), measurement,
               buf_str(&vtpm), more);
}

/* Puts what the transcript says about the machine into it. */
static inline void agent_describe(struct agent *a)
{
    struct transcript_logs logs = agent_logs(a);
    uint8_t digest[SHA256_SIZE];

    agent_hash(a, TRANSCRIPT_CONFIG, span_of_str("{}"));
    agent_hash(a, TRANSCRIPT_MANIFEST, span_of_str("manifest"));
    machine_quote(&a->machine, NULL);
    agent_hash(a, TRANSCRIPT_AK, buf_span(&a->machine.public));
    transcript_hash_logs(&logs, digest);
    transcript_set(&a->transcript, TRANSCRIPT_LOGS, digest);
}

static inline void agent_make(struct agent *a)
{
    uint8_t manifest[SHA256_SIZE];

    *a = (struct agent){.encoded = BUF_OF(TRANSCRIPT_SIZE_MAX),
                        .text = BUF_OF(256 * KIB),
                        .policy = BUF_OF(16 * KIB),
                        .svsm = BUF_OF(16 * KIB),
                        .snp = true,
                        .vtpm = true};
    fake_snp_start(&a->world, SNP_MILAN, false);
    machine_make(&a->machine);
    for (size_t i = 0; i < sizeof(a->channel_bytes); i++)
        a->channel_bytes[i / 32][i % 32] = (uint8_t)(i + 1);
    digest_of(DIGEST_SHA256, span_of_str("manifest"), manifest);
    computation_make(&a->computation, SPAN_OF_ARRAY(manifest));
    key_identity(a->computation.server, a->channel_bytes[2]);
    transcript_set(&a->transcript, TRANSCRIPT_NONCE, a->channel_bytes[0]);
    transcript_set(&a->transcript, TRANSCRIPT_EXPORTER, a->channel_bytes[1]);
    transcript_set(&a->transcript, TRANSCRIPT_SERVER, a->channel_bytes[2]);
    agent_describe(a);
    agent_policy(a, "");
    a->channel = (struct attest_channel){.exporter = SPAN_OF_ARRAY(a->channel_bytes[1]),
                                         .server = SPAN_OF_ARRAY(a->channel_bytes[2])};
}

/* Lets the server have this key, whose public half is copied. */
static inline void agent_take_key(struct agent *a, const struct key *server)
{
    OWNED_BUF spki = BUF_OF(2 * KIB);
    struct err err;

    key_write_spki(server, &spki);
    key_free(a->computation.server);
    assert_ok(key_load_public_der(buf_span(&spki), &a->computation.server, &err));
    key_identity(server, a->channel_bytes[2]);
    transcript_set(&a->transcript, TRANSCRIPT_SERVER, a->channel_bytes[2]);
}

/* The platform's word for the root of the chain, once; a TPM's where it sends no report. */
static inline void agent_root(struct agent *a)
{
    struct computation *computation = &a->computation;
    uint8_t report_data[SHA512_SIZE], extra[SHA256_SIZE];

    if (computation->evidence.len > 0)
        return;
    dice_root_report_data(computation->root, report_data);
    computation->type = a->snp ? BUNDLE_SNP : BUNDLE_VTPM;
    if (a->snp) {
        memcpy(a->world.report + 0x50, report_data, sizeof(report_data));
        fake_snp_make(&a->world);
        buf_add(&computation->evidence, a->world.report, sizeof(a->world.report));
        fake_snp_table(&a->world, &computation->evidence);
        return;
    }
    transcript_extra_data(report_data, extra);
    buf_reset(&a->machine.extra);
    buf_add(&a->machine.extra, extra, sizeof(extra));
    machine_quote(&a->machine, NULL);
    buf_add_span(&computation->evidence, machine_message(&a->machine));
}

/* Lets the platform sign the transcript as it is now. */
static inline void agent_sign(struct agent *a)
{
    uint8_t report_data[SHA512_SIZE], extra[SHA256_SIZE];
    struct err err;

    agent_root(a);
    buf_reset(&a->encoded);
    assert_ok(transcript_encode(&a->transcript, &a->encoded, &err));
    transcript_report_data(buf_span(&a->encoded), report_data);
    transcript_extra_data(report_data, extra);
    if (a->svsm.len > 0)
        svsm_report_data(SPAN_OF_ARRAY(report_data), buf_span(&a->svsm), report_data);
    memcpy(a->world.report + 0x50, report_data, sizeof(report_data));
    fake_snp_make(&a->world);
    buf_reset(&a->machine.extra);
    buf_add(&a->machine.extra, extra, sizeof(extra));
    machine_quote(&a->machine, NULL);
}

/* Writes what was signed as a bundle. */
static inline void agent_write(struct agent *a)
{
    struct transcript_logs logs = agent_logs(a);
    OWNED_BUF report = BUF_OF(64 * KIB), chain = BUF_OF(64 * KIB);
    OWNED_BUNDLE bundle;
    struct err err;

    bundle_init(&bundle);
    assert_ok(bundle_set_transcript(&bundle, &a->transcript, &err));
    assert_ok(bundle_set_logs(&bundle, &logs, &err));
    assert_ok(bundle_set_svsm(&bundle, buf_span(&a->svsm), &err));
    buf_add(&report, a->world.report, sizeof(a->world.report));
    fake_snp_table(&a->world, &report);
    if (a->vtpm)
        assert_ok(bundle_add(&bundle, BUNDLE_VTPM, machine_message(&a->machine), &err));
    if (a->snp)
        assert_ok(bundle_add(&bundle, BUNDLE_SNP, buf_span(&report), &err));
    computation_server_chain(&a->computation, &chain);
    if (a->dice.len > 0)
        assert_ok(bundle_add(&bundle, BUNDLE_DICE, a->dice, &err));
    else if (!a->no_chain)
        assert_ok(bundle_add(&bundle, BUNDLE_DICE, buf_span(&chain), &err));
    buf_reset(&a->text);
    assert_ok(bundle_write(&bundle, &a->text, &err));
}

/* Validates the text as the caller of this connection does. */
static inline void agent_validate(struct agent *a)
{
    const struct attest_channel *channel = a->in.channel;
    struct span nonce = a->in.nonce, report_data = a->in.report_data, key = a->in.key;
    OWNED_POLICY *policy = NULL;
    struct err err;

    fake_snp_input(&a->world, &a->in);
    a->in.format = ATTEST_AUTO;
    a->in.evidence = buf_span(&a->text);
    a->in.channel = channel;
    a->in.nonce = nonce;
    a->in.report_data = report_data;
    a->in.credential = a->credential;
    a->in.key = key;
    assert_ok(policy_load(buf_span(&a->policy), &policy, &err));
    a->in.policy = policy;
    verdict_done(&a->verdict);
    assert_ok(attest_validate(&a->in, &a->verdict, &err));
    a->in.policy = NULL;
}

static inline bool agent_found(const struct agent *a, enum finding_id id)
{
    for (size_t i = 0; i < a->verdict.count; i++)
        if (a->verdict.findings[i].id == id && a->verdict.findings[i].severity == SEVERITY_ERROR)
            return true;
    return false;
}

/* refusal: FINDING_COUNT when it must be accepted. */
static inline void agent_expect(struct agent *a, enum finding_id refusal)
{
    OWNED_BUF shown = BUF_OF(1 * MIB);
    bool accepted;

    agent_validate(a);
    attest_explain(&a->verdict, &shown);
    accepted = verdict_accepted(&a->verdict);
    if (refusal == FINDING_COUNT ? !accepted : accepted || !agent_found(a, refusal))
        fail_msg("expected %s, got\n%s",
                 refusal == FINDING_COUNT ? "no refusal" : finding_row(refusal)->id,
                 buf_str(&shown));
}

static inline void agent_accepted(struct agent *a)
{
    agent_sign(a);
    agent_write(a);
    agent_expect(a, FINDING_COUNT);
}

static inline void agent_refused(struct agent *a, enum finding_id refusal)
{
    agent_sign(a);
    agent_write(a);
    agent_expect(a, refusal);
}

static inline int agent_forget_keys(void **state)
{
    (void)state;
    fake_snp_forget_keys();
    return 0;
}

/* An SVSM's report names the endorsement key of the TPM that it gives; that the attestation key
 * lives beside it is for a credential challenge to show. */
struct svsm {
    struct key *ek;
    uint8_t ak_name[TPM_NAME_SIZE_MAX];
    struct attest_credential credential;
};

static inline void svsm_done(struct svsm *s)
{
    key_free(s->ek);
}
#define OWNED_SVSM __attribute__((cleanup(svsm_done))) struct svsm

static inline void make_svsm(struct agent *a, struct svsm *s)
{
    struct tpm_public ak;
    struct err err;
    size_t len;

    *s = (struct svsm){.ek = NULL};
    assert_ok(key_generate(KEY_P256, 0, &s->ek, &err));
    make_public(&a->svsm, s->ek, TPM_ATTRIBUTE_DECRYPT);
    assert_ok(tpm_public_parse(buf_span(&a->machine.public), &ak, &err));
    assert_ok(tpm_public_name(&ak, s->ak_name, &len, &err));
    s->credential =
        (struct attest_credential){.ak_name = span_of(s->ak_name, len), .ek = buf_span(&a->svsm)};
    a->credential = &s->credential;
}

#endif
