#include "tests/unit/attest/receipt_make.h"

#include "lib/attest/receipt_judge.h"
#include "services/agent-api/identity/layers.h"
#include "services/agent-api/witness.h"
#include "tests/unit/agent/fake_keeper.h"

/* A machine on the stand-in platform, or one that can prove nothing. */
struct world {
    struct key *root;
    struct layers *layers;
    struct identity_seed seed;
    struct key *key; /* for receipts */
    struct fake_keeper keeper;
    struct line *line;
    struct witness witness;
    struct receipt receipt;
    struct buf evidence;
};

static const uint8_t digests[2][SHA256_SIZE] = {{1}, {2}};

/* The process serves for the computation. */
static void begin(struct world *w)
{
    const uint8_t uds[DICE_CDI_SIZE] = {3};
    const struct dice_input input = {.config = span_of_str("boot"), .mode = DICE_NORMAL};
    struct layers_work work = {.has_manifest = true};
    struct err err;

    memcpy(work.manifest, digests[1], SHA256_SIZE);
    w->seed = IDENTITY_SEED_NONE;
    assert_ok(layers_make(uds, &input, &input, &w->layers, &err));
    assert_ok(layers_begin(w->layers, &work, &w->seed, w->keeper.server, &err));
    assert_ok(identity_derive_key(w->seed.cdi, IDENTITY_RECEIPT, &w->key, &err));
    w->keeper.chain = buf_span(&w->seed.chain[IDENTITY_TLS]);
    w->keeper.root = layers_root(w->layers);
}

static void world_make(struct world *w, bool attests)
{
    struct desk_config config = {.sysfs = "/no/such/place"};
    struct err err;

    *w = (struct world){.evidence = BUF_OF(DESK_ANSWER_MAX)};
    begin(w);
    assert_ok(key_generate(KEY_P384, 0, &w->root, &err));
    if (attests) {
        config.attesters[0] = &attester_sim;
        config.places.sim_key = w->root;
    }
    w->keeper.desk = desk_new(&config);
    assert_ok(desk_measure_config(w->keeper.desk, digests[0], &err));
    assert_ok(desk_measure_manifest(w->keeper.desk, digests[1], &err));
    w->line = fake_keeper_start(&w->keeper);
    w->witness = (struct witness){
        .line = w->line, .signer = w->key, .chain = buf_span(&w->seed.chain[IDENTITY_RECEIPT])};
    receipt_make(&w->receipt);
    memcpy(w->receipt.manifest_sha256.data, digests[1], SHA256_SIZE);
}

static void world_done(struct world *w)
{
    fake_keeper_stop(&w->keeper, w->line);
    desk_free(w->keeper.desk);
    key_free(w->key);
    key_free(w->root);
    layers_free(w->layers);
    identity_seed_done(&w->seed);
    receipt_done(&w->receipt);
    buf_done(&w->evidence);
}
#define OWNED_WORLD __attribute__((cleanup(world_done))) struct world

static bool accepts(const struct world *w)
{
    OWNED_BUF pem = BUF_OF(1 * KIB), policy_text = BUF_OF(4 * KIB), text = BUF_OF(64 * KIB);
    OWNED_JSON *document = json_new_object();
    struct json *sim = json_new_object();
    struct receipt_question question = {.given.now = 1800000000};
    OWNED_POLICY *policy = NULL;
    OWNED_VERDICT verdict = {0};
    OWNED_RECEIPT said = {0};
    struct err err;

    key_write_public_pem(w->root, &pem);
    json_set_int(document, "version", 1);
    json_set_str(sim, "root", buf_str(&pem));
    json_set(document, "sim", sim);
    assert_ok(policy_decode(document, &policy, &err));
    assert_ok(receipt_write(&w->receipt, &text, &err));
    question.receipt = buf_span(&text);
    question.given.evidence = buf_span(&w->evidence);
    question.given.policy = policy;
    assert_ok(receipt_judge(&question, &said, &verdict, &err));
    return verdict_accepted(&verdict);
}

static void a_machine_that_can_prove_nothing_says_so(void **state)
{
    OWNED_WORLD w;
    struct err err;

    (void)state;
    world_make(&w, false);
    assert_ok(witness_sign(&w.witness, &w.receipt, &w.evidence, &err));
    assert_int_equal(w.evidence.len, 0);
    assert_false(w.receipt.evidence_sha256.present);
    assert_ok(receipt_verify(&w.receipt, w.key, &err));
    assert_false(accepts(&w));
}

static void what_it_signs_is_accepted_with_its_evidence(void **state)
{
    OWNED_WORLD w;
    struct err err;

    (void)state;
    world_make(&w, true);
    assert_ok(witness_sign(&w.witness, &w.receipt, &w.evidence, &err));
    assert_true(accepts(&w));
}

static void a_chain_goes_into_the_receipt(void **state)
{
    OWNED_WORLD w;
    struct err err;

    (void)state;
    world_make(&w, true);
    w.witness.chain = span_of_str("chain");
    assert_ok(witness_sign(&w.witness, &w.receipt, &w.evidence, &err));
    assert_true(span_equal(span_of(w.receipt.key_chain.dice.data, w.receipt.key_chain.dice.len),
                           span_of_str("chain")));
}

static void each_has_a_nonce_of_its_own(void **state)
{
    OWNED_WORLD w;
    OWNED_BUF again = BUF_OF(DESK_ANSWER_MAX);
    struct err err;

    (void)state;
    world_make(&w, true);
    assert_ok(witness_sign(&w.witness, &w.receipt, &w.evidence, &err));
    assert_ok(witness_sign(&w.witness, &w.receipt, &again, &err));
    assert_false(span_equal(buf_span(&w.evidence), buf_span(&again)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_that_can_prove_nothing_says_so),
        cmocka_unit_test(what_it_signs_is_accepted_with_its_evidence),
        cmocka_unit_test(a_chain_goes_into_the_receipt),
        cmocka_unit_test(each_has_a_nonce_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
