/* The verifier of receipts: all of it, the evidence included, on the stand-in platform. The bare
 * checks beside it are its two signatures. */
#include "lib/attest/dice_use.h"
#include "lib/attest/evidence/bundle.h"
#include "lib/attest/evidence/dice_chain.h"
#include "lib/attest/evidence/sim.h"
#include "lib/attest/receipt_judge.h"
#include "lib/cbor/write.h"
#include "tests/bench/measure.h"

#define LIMIT_MS 5.0

struct subject {
    struct key *key, *root;
    struct key *device, *layer; /* of the DICE chain to key */
    struct buf chain, device_pem;
    struct policy *policy;
    struct buf receipt, evidence;
    struct receipt said;
    struct snp_report report;
    struct buf report_bytes;
};

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "receipt_bench: %s\n", what);
    exit(1);
}

static void ours(void *ctx)
{
    const struct subject *s = ctx;
    const struct receipt_question question = {.receipt = buf_span(&s->receipt),
                                              .given = {.evidence = buf_span(&s->evidence),
                                                        .key = buf_span(&s->device_pem),
                                                        .policy = s->policy,
                                                        .now = 1800000000}};
    OWNED_VERDICT verdict = {0};
    OWNED_RECEIPT said = {0};
    struct err err;

    require(receipt_judge(&question, &said, &verdict, &err) == 0 && verdict_accepted(&verdict),
            "not accepted");
}

static void bare(void *ctx)
{
    const struct subject *s = ctx;
    struct err err;

    require(receipt_verify(&s->said, NULL, &err) == 0 &&
                sim_report_check(&s->report, s->root, &err) == 0,
            "a signature");
}

static void make_policy(struct subject *s)
{
    OWNED_BUF pem = BUF_OF(1 * KIB);
    OWNED_JSON *document = json_new_object();
    struct json *sim = json_new_object();
    struct err err;

    key_write_public_pem(s->root, &pem);
    json_set_int(document, "version", 1);
    json_set_str(sim, "root", buf_str(&pem));
    json_set(document, "sim", sim);
    require(policy_decode(document, &s->policy, &err) == 0, "the policy");
}

static void add_certificate(const struct dice_certificate *certificate, struct buf *out)
{
    struct err err;

    require(dice_layer_write(certificate, out, &err) == 0, "a certificate");
}

static void make_chain(struct subject *s)
{
    const uint8_t zeros[SHA256_SIZE] = {0};
    OWNED_BUF config = BUF_OF(256), layer = BUF_OF(DICE_CERT_MAX), leaf = BUF_OF(DICE_CERT_MAX);
    struct dice_input input = {.mode = DICE_NORMAL};
    struct span certificates[2];
    struct err err;

    cbor_add_map(&config, 2);
    cbor_add_uint(&config, DICE_LAYER_WHAT);
    cbor_add_text(&config, DICE_LAYER_COMPUTATION);
    cbor_add_uint(&config, DICE_LAYER_OF);
    cbor_add_bytes(&config, SPAN_OF_ARRAY(zeros));
    input.config = buf_span(&config);
    add_certificate(&(struct dice_certificate){s->device, s->layer, &input, true, NULL}, &layer);
    add_certificate(&(struct dice_certificate){s->layer, s->key, NULL, false, NULL}, &leaf);
    certificates[0] = buf_span(&layer);
    certificates[1] = buf_span(&leaf);
    require(dice_chain_write(&(struct dice_chain_parts){s->device, certificates, 2, 0, {NULL, 0}},
                             &s->chain, &err) == 0,
            "the chain");
}

static void make_evidence(struct subject *s)
{
    struct transcript transcript = {.kind = TRANSCRIPT_BOOT};
    struct sim_machine machine = {.measurement = {0}};
    const uint8_t zeros[TRANSCRIPT_VALUE_SIZE] = {0};
    uint8_t server[SHA256_SIZE];
    OWNED_BUNDLE bundle;
    struct err err;

    key_identity(s->key, server);
    transcript_set(&transcript, TRANSCRIPT_NONCE, zeros);
    transcript_set(&transcript, TRANSCRIPT_SERVER, server);
    transcript_set(&transcript, TRANSCRIPT_MANIFEST, zeros);
    bundle_init(&bundle);
    require(bundle_set_transcript(&bundle, &transcript, &err) == 0, "the transcript");
    transcript_report_data(bundle_span(&bundle.transcript), machine.report_data);
    require(sim_report_make(&machine, s->root, &s->report_bytes, &err) == 0 &&
                sim_report_parse(buf_span(&s->report_bytes), &s->report, &err) == 0 &&
                bundle_add(&bundle, BUNDLE_SIM, buf_span(&s->report_bytes), &err) == 0 &&
                bundle_add(&bundle, BUNDLE_DICE, buf_span(&s->chain), &err) == 0 &&
                bundle_write(&bundle, &s->evidence, &err) == 0,
            "the evidence");
}

static void make_receipt(struct subject *s)
{
    const struct json_bytes zeros = {.present = true, .len = SHA256_SIZE};
    struct err err;

    s->said = (struct receipt){
        .manifest_sha256 = zeros,
        .algorithm = {mem_strdup("python"), zeros, {NULL, 0}},
        .runtime = {mem_strdup("python"), mem_strdup("3.11.2"), zeros},
        .sandbox = {mem_strdup("namespaces+seccomp"), true},
        .result = {zeros, {0}, 1234},
        .exit = {mem_strdup("done"), 0},
        .started_at = 1700000000,
        .ended_at = 1700000060,
        .evidence_sha256 = zeros,
    };
    digest_of(DIGEST_SHA256, buf_span(&s->evidence), s->said.evidence_sha256.data);
    require(receipt_sign(&s->said, s->key, &err) == 0 &&
                receipt_write(&s->said, &s->receipt, &err) == 0,
            "the receipt");
}

int main(void)
{
    struct subject s = {.chain = BUF_OF(64 * KIB),
                        .device_pem = BUF_OF(1 * KIB),
                        .receipt = BUF_OF(RECEIPT_TEXT_MAX),
                        .evidence = BUF_OF(BUNDLE_TEXT_MAX),
                        .report_bytes = BUF_OF(64 * KIB)};
    struct measured m;
    struct err err;

    require(key_generate(KEY_P256, 0, &s.key, &err) == 0 &&
                key_generate(KEY_P384, 0, &s.root, &err) == 0 &&
                key_generate(KEY_ED25519, 0, &s.device, &err) == 0 &&
                key_generate(KEY_ED25519, 0, &s.layer, &err) == 0,
            "keys");
    key_write_public_pem(s.device, &s.device_pem);
    make_policy(&s);
    make_chain(&s);
    make_evidence(&s);
    make_receipt(&s);
    m = measure(ours, bare, &s);
    printf("receipt, verified with its evidence\t%.2f ms (%.1f x its signatures)\t<= %.0f ms\n",
           m.ours_us / 1e3, m.ours_us / m.bare_us, LIMIT_MS);
    policy_free(s.policy);
    receipt_done(&s.said);
    key_free(s.key);
    key_free(s.root);
    key_free(s.device);
    key_free(s.layer);
    buf_done(&s.chain);
    buf_done(&s.device_pem);
    buf_done(&s.receipt);
    buf_done(&s.evidence);
    buf_done(&s.report_bytes);
    return 0;
}
