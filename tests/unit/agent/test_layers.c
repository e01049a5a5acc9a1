#include "tests/unit/unit.h"

#include "lib/attest/evidence/dice_chain.h"
#include "services/agent-api/identity/layers.h"

/* Everything that a key depends on. */
struct world {
    uint8_t uds[DICE_CDI_SIZE];
    struct dice_input boot, agent;
    struct layers_work work;
};

static struct world usual(void)
{
    return (struct world){
        .uds = {1},
        .boot = {.code = {2}, .config = span_of_str("boot"), .mode = DICE_NORMAL},
        .agent = {.code = {3}, .config = span_of_str("agent"), .mode = DICE_NORMAL},
        .work = {.code = {4}, .has_manifest = true, .manifest = {5}, .run = {6}, .number = 7},
    };
}

struct outcome {
    struct identity_seed seed;
    uint8_t spki_sha256[SHA256_SIZE];
    struct key *root;
};

static void outcome_done(struct outcome *outcome)
{
    identity_seed_done(&outcome->seed);
    key_free(outcome->root);
}
#define OWNED_OUTCOME __attribute__((cleanup(outcome_done))) struct outcome

static void begin(const struct world *world, struct outcome *ret)
{
    OWNED_OF(layers) *layers = NULL;
    OWNED_BUF spki = BUF_OF(1 * KIB);
    struct err err;

    *ret = (struct outcome){.seed = IDENTITY_SEED_NONE};
    assert_ok(layers_make(world->uds, &world->boot, &world->agent, &layers, &err));
    assert_ok(layers_begin(layers, &world->work, &ret->seed, ret->spki_sha256, &err));
    key_write_spki(layers_root(layers), &spki);
    assert_false(key_is_private(layers_root(layers)));
    assert_ok(key_load_public_der(buf_span(&spki), &ret->root, &err));
}

static void a_description_that_is_none_is_refused(void **state)
{
    struct world world = usual();
    OWNED_OF(layers) *layers = NULL;
    struct err err;

    (void)state;
    world.boot.config_is_inline = true; /* and not of the profile's length */
    assert_fails(layers_make(world.uds, &world.boot, &world.agent, &layers, &err), ERR_INPUT);
    assert_null(layers);
}

static void whatever_changes_gives_other_keys(void **state)
{
    struct world world = usual(), worlds[8];
    OWNED_OUTCOME first;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(worlds); i++)
        worlds[i] = usual();
    worlds[0].uds[31] ^= 1;
    worlds[1].boot.code[63] ^= 1;
    worlds[2].boot.config = span_of_str("Boot");
    worlds[3].agent.code[0] ^= 1;
    worlds[4].agent.config = span_of_str("Agent");
    worlds[5].work.code[0] ^= 1;
    worlds[6].work.manifest[31] ^= 1;
    worlds[7].work.run[31] ^= 1;
    begin(&world, &first);
    for (size_t i = 0; i < COUNT_OF(worlds); i++) {
        OWNED_OUTCOME other;

        begin(&worlds[i], &other);
        assert_memory_not_equal(first.spki_sha256, other.spki_sha256, SHA256_SIZE);
        assert_memory_not_equal(first.seed.cdi, other.seed.cdi, DICE_CDI_SIZE);
    }
}

static void the_same_things_give_the_same_keys_and_certificates(void **state)
{
    struct world world = usual();
    OWNED_OUTCOME first, again;

    (void)state;
    begin(&world, &first);
    begin(&world, &again);
    assert_memory_equal(first.spki_sha256, again.spki_sha256, SHA256_SIZE);
    for (int use = 0; use < IDENTITY_USE_COUNT; use++)
        assert_true(span_equal(buf_span(&first.seed.chain[use]), buf_span(&again.seed.chain[use])));
}

/* Walks the chain as a verifier does, and gives its last key. */
static void walk(const struct outcome *outcome, enum identity_use use, size_t layers,
                 struct key **ret)
{
    OWNED_DICE_CHAIN chain = {0};
    OWNED_BUF spki = BUF_OF(1 * KIB);
    struct err err;

    assert_ok(dice_chain_parse(buf_span(&outcome->seed.chain[use]), &chain, &err));
    assert_int_equal(chain.count, layers + 1);
    assert_true(key_equal(chain.root, outcome->root));
    for (size_t i = 0; i < chain.count; i++) {
        const struct key *issuer = i > 0 ? chain.layers[i - 1].key : chain.root;

        assert_ok(dice_layer_check_signature(&chain.layers[i], issuer, &err));
        assert_true(dice_layer_names(&chain.layers[i], chain.layers[i].issuer, issuer));
        assert_int_equal(chain.layers[i].issues, i < layers);
        assert_int_equal(chain.layers[i].measured, i < layers);
    }
    key_write_spki(chain.layers[layers].key, &spki);
    assert_ok(key_load_public_der(buf_span(&spki), ret, &err));
}

static void with_a_manifest_layer_two_certifies_every_key(void **state)
{
    struct world world = usual();
    struct identity identity;
    OWNED_OUTCOME outcome;
    struct err err;

    (void)state;
    begin(&world, &outcome);
    assert_ok(identity_make(&outcome.seed, 1800000000, &identity, &err));
    assert_memory_equal(identity.spki_sha256, outcome.spki_sha256, SHA256_SIZE);
    for (int use = 0; use < IDENTITY_USE_COUNT; use++) {
        OWNED_KEY *leaf = NULL;

        walk(&outcome, (enum identity_use)use, 3, &leaf);
        assert_true(key_equal(leaf, identity.keys[use]));
    }
    identity_done(&identity);
}

static void without_one_layer_one_certifies_them(void **state)
{
    struct world world = usual();
    OWNED_OUTCOME outcome, next;
    OWNED_KEY *leaf = NULL;
    uint8_t identity[SHA256_SIZE];

    (void)state;
    world.work.has_manifest = false;
    begin(&world, &outcome);
    walk(&outcome, IDENTITY_TLS, 2, &leaf);
    key_identity(leaf, identity);
    assert_memory_equal(identity, outcome.spki_sha256, SHA256_SIZE);
    for (int use = IDENTITY_RECEIPT; use < IDENTITY_USE_COUNT; use++) {
        OWNED_KEY *other = NULL;

        walk(&outcome, (enum identity_use)use, 2, &other);
    }

    world.work.number++; /* each process has its own, also when nothing was measured between them */
    begin(&world, &next);
    assert_memory_not_equal(outcome.spki_sha256, next.spki_sha256, SHA256_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_description_that_is_none_is_refused),
        cmocka_unit_test(whatever_changes_gives_other_keys),
        cmocka_unit_test(the_same_things_give_the_same_keys_and_certificates),
        cmocka_unit_test(with_a_manifest_layer_two_certifies_every_key),
        cmocka_unit_test(without_one_layer_one_certifies_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
