#include "lib/attest/receipt_judge.h"

#include "lib/attest/dice_use.h"

/* --- the key --------------------------------------------------------------------------------- */

/* Whether the evidence is about a process of the computation that it names, and not about one that
 * waits, by whatever policy it was judged. */
static bool computes(const struct bundle *bundle, const struct verdict *verdict)
{
    struct err unused;

    return verdict_holds(verdict, FINDING_DICE_ROOT) &&
           verdict_holds(verdict, FINDING_DICE_SIGNATURE) &&
           verdict_holds(verdict, FINDING_DICE_LINK) && verdict_holds(verdict, FINDING_DICE_LEAF) &&
           dice_use_check_computation(bundle, &unused) == 0;
}

/* By the layer that certified the server's key, which the evidence is about. */
static bool is_certified(const struct receipt *receipt, const struct bundle *bundle,
                         const struct key *signer)
{
    OWNED_KEY *certified = NULL;
    struct err unused;

    return dice_use_find(bundle, bundle_span(&receipt->key_chain.dice), DICE_USE_RECEIPT,
                         &certified, &unused) == 0 &&
           key_equal(certified, signer);
}

static bool check_key(const struct receipt *receipt, const struct bundle *bundle,
                      const struct transcript *transcript, struct verdict *verdict)
{
    struct span server = transcript_get(transcript, TRANSCRIPT_SERVER);
    uint8_t identity[SHA256_SIZE];
    OWNED_KEY *signer = NULL;
    struct finding *finding;
    struct err unused;
    bool known;

    if (receipt_key(receipt, &signer, &unused) < 0)
        return false; /* the signature's finding says so */
    key_identity(signer, identity);
    known = computes(bundle, verdict) &&
            (span_equal(SPAN_OF_ARRAY(identity), server) || is_certified(receipt, bundle, signer));
    finding = verdict_check(verdict, FINDING_RECEIPT_KEY, known);
    if (finding == NULL)
        return true;
    finding_expect(finding, "a key of the computation's DICE layer: the server's, or one that the "
                            "layer certified for receipts");
    finding_got_hex(finding, SPAN_OF_ARRAY(identity));
    return false;
}

/* --- the evidence --------------------------------------------------------------------------------
 */

struct evidence {
    bool readable; /* where it is not, the findings about the evidence say why */
    struct bundle bundle;
    struct transcript transcript;
};

static void evidence_done(struct evidence *evidence)
{
    bundle_done(&evidence->bundle);
}
#define OWNED_EVIDENCE __attribute__((cleanup(evidence_done))) struct evidence

static void read_evidence(struct span text, struct evidence *ret)
{
    struct err unused;

    ret->readable =
        bundle_parse(text, &ret->bundle, &unused) == 0 &&
        transcript_parse(bundle_span(&ret->bundle.transcript), &ret->transcript, &unused) == 0;
}

static bool check_digest(const struct receipt *receipt, struct span evidence,
                         struct verdict *verdict)
{
    const struct json_bytes *said = &receipt->evidence_sha256;
    uint8_t digest[SHA256_SIZE];

    digest_of(DIGEST_SHA256, evidence, digest);
    return verdict_check_hex(verdict, FINDING_RECEIPT_EVIDENCE,
                             span_of(said->data, said->present ? said->len : 0),
                             SPAN_OF_ARRAY(digest));
}

static bool check_evidence(const struct receipt *receipt, struct span text,
                           const struct evidence *evidence, struct verdict *verdict)
{
    struct span manifest = span_of(receipt->manifest_sha256.data, receipt->manifest_sha256.len);
    bool good = check_digest(receipt, text, verdict);

    if (!evidence->readable)
        return false;
    good = verdict_check_hex(verdict, FINDING_RECEIPT_MANIFEST, manifest,
                             transcript_get(&evidence->transcript, TRANSCRIPT_MANIFEST)) &&
           good;
    return check_key(receipt, &evidence->bundle, &evidence->transcript, verdict) && good;
}

/* --- the result ------------------------------------------------------------------------------ */

static bool is_digest(const struct json_bytes *said, const struct receipt_result_file *file)
{
    return said->present && span_equal(span_of(said->data, said->len), SPAN_OF_ARRAY(file->sha256));
}

/* A consumer has the archive, sealed or opened. The size is that of the opened one. */
static void check_result(const struct receipt *receipt, const struct receipt_result_file *file,
                         struct verdict *verdict)
{
    const struct receipt_result *said = &receipt->result;
    bool whole = is_digest(&said->sha256, file), sealed = is_digest(&said->sealed_sha256, file);
    struct finding *finding;

    finding = verdict_check(verdict, FINDING_RECEIPT_RESULT, whole || sealed);
    if (finding != NULL) {
        finding_subject(finding, "SHA-256");
        finding_expect_hex(finding, span_of(said->sha256.data, said->sha256.len));
        finding_got_hex(finding, SPAN_OF_ARRAY(file->sha256));
        return;
    }
    finding =
        whole ? verdict_check(verdict, FINDING_RECEIPT_RESULT, file->bytes == said->bytes) : NULL;
    if (finding == NULL)
        return;
    finding_subject(finding, "size");
    finding_expect(finding, "%llu", (unsigned long long)said->bytes);
    finding_got(finding, "%llu", (unsigned long long)file->bytes);
}

static int judge(const struct receipt_question *question, const struct receipt *receipt,
                 struct verdict *verdict, struct err *err)
{
    struct attest_input in = question->given;
    OWNED_EVIDENCE evidence = {.readable = false};
    bool is_signed;

    read_evidence(in.evidence, &evidence);
    in.format = ATTEST_BUNDLE;
    in.key_is_root = true;
    in.nonce = transcript_get(&evidence.transcript, TRANSCRIPT_NONCE);
    in.report_data = span_of(NULL, 0);
    in.channel = NULL;
    if (attest_validate(&in, verdict, err) < 0)
        return -1;
    verdict_open_item(verdict);
    verdict_pass(verdict, FINDING_RECEIPT_FORM);
    json_set(verdict->claims, "receipt", receipt_claims(receipt));
    is_signed =
        verdict_note(verdict, FINDING_RECEIPT_SIGNATURE, receipt_verify(receipt, NULL, err), err);
    if (check_evidence(receipt, in.evidence, &evidence, verdict) && is_signed)
        verdict_prove_item(verdict);
    if (question->result != NULL)
        check_result(receipt, question->result, verdict);
    if (in.policy != NULL)
        verdict_appraise_item(verdict);
    return 0;
}

int receipt_judge(const struct receipt_question *question, struct receipt *ret,
                  struct verdict *verdict, struct err *err)
{
    OWNED_RECEIPT receipt = {0};
    struct err malformed;

    *ret = (struct receipt){0};
    if (receipt_parse(question->receipt, &receipt, &malformed) < 0) {
        if (malformed.pointer[0] != '\0')
            err_wrap(&malformed, "%s", malformed.pointer);
        verdict_init(verdict, question->given.policy);
        verdict_open_item(verdict);
        verdict_add_err(verdict, FINDING_RECEIPT_FORM, &malformed);
        return 0;
    }
    if (judge(question, &receipt, verdict, err) < 0)
        return -1;
    *ret = receipt;
    receipt = (struct receipt){0};
    return 0;
}
