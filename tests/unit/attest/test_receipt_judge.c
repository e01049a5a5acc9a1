/* Receipts of an agent on a machine of our own (bundle_make.h), with the evidence that it makes for
 * them. */
#include "tests/unit/attest/bundle_make.h"
#include "tests/unit/attest/receipt_make.h"

#include "lib/attest/dice_use.h"
#include "lib/attest/evidence/dice_chain.h"
#include "lib/attest/receipt_judge.h"
#include "lib/cbor/write.h"

#define FLIPS 10000

/* An agent, its receipt and the keys of both; a test changes one thing, and judges. */
struct world {
    struct agent agent;
    struct key *signer;  /* of the receipt */
    const char *profile; /* of the signer's certificate; NULL: there is no chain */
    const struct key *certifier;
    struct receipt receipt;
    struct buf text;
    struct receipt_result_file file;
    bool has_file;
};

static void world_done(struct world *w)
{
    agent_done(&w->agent);
    key_free(w->signer);
    receipt_done(&w->receipt);
    buf_done(&w->text);
}
#define OWNED_WORLD __attribute__((cleanup(world_done))) struct world

static void world_make(struct world *w)
{
    *w = (struct world){.text = BUF_OF(256 * KIB)};
    agent_make(&w->agent);
    w->agent.transcript.kind = TRANSCRIPT_BOOT;
    w->agent.transcript.has[TRANSCRIPT_EXPORTER] = false;
    receipt_make(&w->receipt);
    digest_of(DIGEST_SHA256, span_of_str("manifest"), w->receipt.manifest_sha256.data);
}

/* The chain of the key that signed, which comes without evidence for its root. */
static void write_key_chain(struct world *w, const struct key *signer)
{
    struct computation bare = w->agent.computation;
    const struct dice_certificate last = {.issuer =
                                              w->certifier != NULL ? w->certifier : bare.layer,
                                          .subject = signer,
                                          .profile = w->profile};
    struct json_blob *to = &w->receipt.key_chain.dice;
    OWNED_BUF chain = BUF_OF(8 * KIB);

    bare.evidence = BUF_OF(0);
    computation_chain(&bare, &last, &chain);
    free(to->data);
    *to = (struct json_blob){(uint8_t *)mem_copy(chain.data, chain.len), chain.len};
}

/* The agent makes evidence for the receipt, and signs it. */
static void world_write(struct world *w)
{
    const struct key *signer = w->signer != NULL ? w->signer : w->agent.computation.server;
    struct err err;

    if (w->profile != NULL)
        write_key_chain(w, signer);
    agent_sign(&w->agent);
    agent_write(&w->agent);
    digest_of(DIGEST_SHA256, buf_span(&w->agent.text), w->receipt.evidence_sha256.data);
    assert_ok(receipt_sign(&w->receipt, signer, &err));
    buf_reset(&w->text);
    assert_ok(receipt_write(&w->receipt, &w->text, &err));
}

static void world_judge(struct world *w, struct span text, struct verdict *ret)
{
    struct receipt_question question = {.receipt = text, .result = w->has_file ? &w->file : NULL};
    OWNED_BUF root = BUF_OF(1 * KIB);
    OWNED_POLICY *policy = NULL;
    OWNED_RECEIPT said = {0};
    struct err err;

    fake_snp_input(&w->agent.world, &question.given);
    question.given.evidence = buf_span(&w->agent.text);
    assert_ok(policy_load(buf_span(&w->agent.policy), &policy, &err));
    question.given.policy = policy;
    key_write_public_pem(w->agent.computation.what != NULL ? w->agent.computation.root
                                                           : w->agent.computation.layer,
                         &root);
    question.given.key = buf_span(&root);
    assert_ok(receipt_judge(&question, &said, ret, &err));
}

static bool accepts(struct world *w)
{
    OWNED_VERDICT verdict = {0};

    world_judge(w, buf_span(&w->text), &verdict);
    return verdict_accepted(&verdict);
}

/* refusal: FINDING_COUNT when it must be accepted. */
static void expect(struct world *w, enum finding_id refusal)
{
    OWNED_BUF shown = BUF_OF(1 * MIB);
    OWNED_VERDICT verdict = {0};
    bool found = refusal == FINDING_COUNT;

    world_judge(w, buf_span(&w->text), &verdict);
    attest_explain(&verdict, &shown);
    for (size_t i = 0; i < verdict.count; i++)
        found = found || (verdict.findings[i].id == refusal &&
                          verdict.findings[i].severity == SEVERITY_ERROR);
    if (!found || verdict_accepted(&verdict) != (refusal == FINDING_COUNT))
        fail_msg("expected %s, got\n%s",
                 refusal == FINDING_COUNT ? "acceptance" : finding_row(refusal)->id,
                 buf_str(&shown));
}

/* --- what is refused ------------------------------------------------------------------------- */

static void a_receipt_without_evidence_of_its_own_is_refused(void **state)
{
    OWNED_WORLD w;
    struct err err;

    (void)state;
    world_make(&w);
    world_write(&w);
    w.receipt.evidence_sha256.present = false;
    assert_ok(receipt_sign(&w.receipt, w.agent.computation.server, &err));
    buf_reset(&w.text);
    assert_ok(receipt_write(&w.receipt, &w.text, &err));
    expect(&w, FINDING_RECEIPT_EVIDENCE);
    world_write(&w); /* the digest is there again, but not the member */
    expect(&w, FINDING_RECEIPT_EVIDENCE);
}

static void another_key_is_refused(void **state)
{
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    w.signer = computation_key();
    world_write(&w);
    expect(&w, FINDING_RECEIPT_KEY);
}

static void another_manifest_is_refused(void **state)
{
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    w.receipt.manifest_sha256 = receipt_hash(9);
    world_write(&w);
    expect(&w, FINDING_RECEIPT_MANIFEST);
}

static void evidence_that_the_policy_refuses_is_refused(void **state)
{
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    w.agent.world.report[0x90] ^= 1; /* the measurement */
    world_write(&w);
    expect(&w, FINDING_SNP_MEASUREMENT);
}

static void a_chain_must_lead_to_the_signer_from_the_layer_of_the_server(void **state)
{
    OWNED_WORLD w;
    OWNED_KEY *other = computation_key();

    (void)state;
    world_make(&w);
    w.signer = computation_key();
    w.profile = DICE_USE_RECEIPT;
    w.agent.no_chain = true;
    world_write(&w);
    expect(&w, FINDING_RECEIPT_KEY);
    w.agent.no_chain = false;
    agent_policy(&w.agent, ",\"dice\":{\"required\":true}");
    w.profile = DICE_USE_SEAL; /* a key for something else */
    world_write(&w);
    expect(&w, FINDING_RECEIPT_KEY);
    w.profile = DICE_USE_RECEIPT;
    w.certifier = other;
    world_write(&w);
    expect(&w, FINDING_RECEIPT_KEY);
    w.certifier = NULL;
    world_write(&w);
    expect(&w, FINDING_COUNT);
}

/* A process that waits, after the computation, has evidence that names its manifest. */
static void expect_no_key(struct world *w)
{
    w->profile = NULL; /* the server's own */
    world_write(w);
    expect(w, FINDING_RECEIPT_KEY);
    w->signer = computation_key();
    w->profile = DICE_USE_RECEIPT;
    world_write(w);
    expect(w, FINDING_RECEIPT_KEY);
    key_free(w->signer);
    w->signer = NULL;
}

static void the_layer_of_the_server_must_be_that_of_the_computation(void **state)
{
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    w.agent.computation.what = "waiting";
    expect_no_key(&w);
    w.agent.computation.what = NULL; /* nobody says what the layer is for */
    expect_no_key(&w);
    w.agent.computation.what = DICE_LAYER_COMPUTATION;
    w.agent.computation.of[0] ^= 1;
    expect_no_key(&w);
    w.agent.computation.of[0] ^= 1;
    w.agent.no_chain = true;
    expect_no_key(&w);
    w.agent.no_chain = false;
    w.profile = NULL;
    world_write(&w);
    expect(&w, FINDING_COUNT);
}

static void a_file_that_is_not_the_result_is_refused(void **state)
{
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    w.receipt.result.sealed_sha256 = receipt_hash(7);
    world_write(&w);
    w.has_file = true;
    memset(w.file.sha256, 5, SHA256_SIZE);
    w.file.bytes = 1234;
    expect(&w, FINDING_COUNT);
    w.file.bytes = 1235;
    expect(&w, FINDING_RECEIPT_RESULT);
    memset(w.file.sha256, 7, SHA256_SIZE); /* as it was given out */
    expect(&w, FINDING_COUNT);
    memset(w.file.sha256, 8, SHA256_SIZE);
    expect(&w, FINDING_RECEIPT_RESULT);
}

static void bytes_that_are_no_receipt_are_a_finding(void **state)
{
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    world_write(&w);
    buf_reset(&w.text);
    buf_add_str(&w.text, "{\"version\":1}");
    expect(&w, FINDING_RECEIPT_FORM);
}

/* --- no change passes ------------------------------------------------------------------------ */

/* Another value of the same kind. */
static struct json *changed(const struct json *value)
{
    OWNED(free_str) char *text = NULL;

    switch (json_kind_of(value)) {
    case JSON_KIND_NULL: return json_new_str("AAAA");
    case JSON_KIND_BOOL: return json_new_bool(!json_bool(value));
    case JSON_KIND_INTEGER: return json_new_int(json_int(value) + 1);
    case JSON_KIND_STRING:
        text = mem_strdup(json_str(value));
        if (text[0] != '\0')
            text[0] = text[0] == '1' ? '2' : '1';
        return json_new_str(text);
    default: return json_new_object();
    }
}

static void refuse_text(struct world *w, const struct json *document, const char *where)
{
    OWNED_BUF text = BUF_OF(256 * KIB);
    OWNED_VERDICT verdict = {0};

    json_write(document, &text);
    world_judge(w, buf_span(&text), &verdict);
    if (verdict_accepted(&verdict))
        fail_msg("'%s' may be changed or left out", where);
}

/* Every leaf is changed, and every member left out. Returns how many. */
static unsigned change_members(struct world *w, const struct json *whole, struct json *part)
{
    const struct json *value;
    const char *key = NULL;
    unsigned count = 0;

    while ((value = json_next(part, &key)) != NULL) {
        OWNED_JSON *kept = json_new_copy(value);

        if (json_kind_of(value) == JSON_KIND_OBJECT)
            count += change_members(w, whole, json_edit(part, key));
        json_set(part, key, changed(kept));
        refuse_text(w, whole, key);
        json_set(part, key, GIVE(kept));
        count++;
    }
    return count;
}

static void no_member_can_be_changed(void **state)
{
    OWNED_JSON *document = NULL;
    OWNED_WORLD w;
    struct err err;
    unsigned count;

    (void)state;
    world_make(&w);
    world_write(&w);
    expect(&w, FINDING_COUNT);
    assert_ok(json_parse(buf_span(&w.text), &document, &err));
    count = change_members(&w, document, document);
    assert_true(count >= 28);
    print_message("%u members changed\n", count);
}

/* Rendering and signed form both: the latter is within the former in base64. */
static void no_bit_can_be_changed(void **state)
{
    uint64_t random = 42;
    OWNED_WORLD w;

    (void)state;
    world_make(&w);
    world_write(&w);
    for (int i = 0; i < FLIPS; i++) {
        size_t bit;

        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        bit = (size_t)(random >> 32) % (w.text.len * 8);
        w.text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (accepts(&w))
            fail_msg("bit %zu may be changed", bit);
        w.text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(accepts(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_without_evidence_of_its_own_is_refused),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(another_manifest_is_refused),
        cmocka_unit_test(evidence_that_the_policy_refuses_is_refused),
        cmocka_unit_test(a_chain_must_lead_to_the_signer_from_the_layer_of_the_server),
        cmocka_unit_test(the_layer_of_the_server_must_be_that_of_the_computation),
        cmocka_unit_test(a_file_that_is_not_the_result_is_refused),
        cmocka_unit_test(bytes_that_are_no_receipt_are_a_finding),
        cmocka_unit_test(no_member_can_be_changed),
        cmocka_unit_test(no_bit_can_be_changed),
    };

    return cmocka_run_group_tests(tests, NULL, agent_forget_keys);
}
