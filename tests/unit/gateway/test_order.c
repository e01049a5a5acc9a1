/* An order of a computation server as our manifest, and its digest as the older programs have it.
 */
#include "tests/unit/unit.h"

#include "services/grpc-gateway/cvms/order.h"

#include "lib/base/text.h"
#include "lib/computation/manifest.h"

static uint8_t rising[32], full[32];
static struct key *party;
static struct buf spki;

static ProtobufCBinaryData data_of(const void *bytes, size_t len)
{
    return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)bytes};
}

struct example {
    Cvms__ComputationRunReq order;
    Cvms__Dataset dataset, *datasets[1];
    Cvms__Algorithm algorithm;
    Cvms__ResultConsumer consumer, *consumers[1];
    Cvms__KBSConfig kbs;
    char *args[2];
};

static void make(struct example *e)
{
    *e = (struct example){.order = CVMS__COMPUTATION_RUN_REQ__INIT,
                          .dataset = CVMS__DATASET__INIT,
                          .algorithm = CVMS__ALGORITHM__INIT,
                          .consumer = CVMS__RESULT_CONSUMER__INIT,
                          .kbs = CVMS__KBSCONFIG__INIT};
    e->args[0] = (char *)"--a";
    e->args[1] = (char *)"1";
    e->order.id = (char *)"1";
    e->order.name = (char *)"a<b & c";
    e->order.description = (char *)"d";
    e->dataset.hash = data_of(rising, sizeof(rising));
    e->dataset.userkey = data_of(spki.data, spki.len);
    e->dataset.filename = (char *)"iris.csv";
    e->dataset.decompress = true;
    e->algorithm.hash = data_of(full, sizeof(full));
    e->algorithm.userkey = data_of(spki.data, spki.len);
    e->algorithm.algo_type = (char *)"python";
    e->algorithm.algo_args = e->args;
    e->algorithm.n_algo_args = 2;
    e->consumer.userkey = data_of(spki.data, spki.len);
    e->datasets[0] = &e->dataset;
    e->consumers[0] = &e->consumer;
    e->order.datasets = e->datasets;
    e->order.n_datasets = 1;
    e->order.result_consumers = e->consumers;
    e->order.n_result_consumers = 1;
    e->order.algorithm = &e->algorithm;
}

static const struct order_terms *terms(void)
{
    static struct order_terms some = {
        .timeout_ms = 3600000, .memory_mib = 256, .log_bytes = 1000, .signatures = true};

    some.owner = party;
    return &some;
}

static void assert_refused(const struct example *e, enum err_kind kind, const char *pointer)
{
    OWNED_JSON *json = NULL;
    struct err err;

    assert_fails(order_to_manifest(&e->order, terms(), &json, &err), kind);
    assert_string_equal(err.pointer, pointer);
}

static void what_is_wrong_is_named(void **state)
{
    struct example e;

    (void)state;
    make(&e);
    e.dataset.hash.len = 31;
    assert_refused(&e, ERR_INPUT, "/datasets/0/hash");
    make(&e);
    e.consumer.userkey.len--;
    assert_refused(&e, ERR_INPUT, "/result_consumers/0/user_key");
    make(&e);
    e.algorithm.algo_type = (char *)"cobol";
    assert_refused(&e, ERR_INPUT, "/algorithm/algo_type");
    make(&e);
    e.args[1] = (char *)"\xff";
    assert_refused(&e, ERR_INPUT, "/algorithm/algo_args");
    make(&e);
    e.order.algorithm = NULL;
    assert_refused(&e, ERR_INPUT, "/algorithm");
    make(&e);
    e.order.n_datasets = MANIFEST_DATASETS_MAX + 1;
    assert_refused(&e, ERR_INPUT, "/datasets");
    make(&e);
    e.kbs.enabled = true;
    e.dataset.kbs = &e.kbs;
    assert_refused(&e, ERR_UNSUPPORTED, "/datasets/0/kbs");
}

static void it_becomes_a_manifest_that_says_all_of_it(void **state)
{
    OWNED_MANIFEST *manifest = NULL;
    OWNED_JSON *json = NULL;
    uint8_t identity[SHA256_SIZE];
    struct example e;
    struct err err;

    (void)state;
    make(&e);
    assert_ok(order_to_manifest(&e.order, terms(), &json, &err));
    assert_ok(manifest_decode(json, &manifest, &err));
    key_identity(party, identity);
    assert_string_equal(manifest->id, "1");
    assert_string_equal(manifest->name, "a<b & c");
    assert_true(manifest_party_is(&manifest->owner, identity));
    assert_int_equal(manifest->algorithm.type, ALGORITHM_PYTHON);
    assert_int_equal(manifest->algorithm.args.count, 2);
    assert_int_equal(manifest->datasets.count, 1);
    assert_true(manifest_dataset(manifest, 0)->decompress);
    assert_string_equal(manifest_dataset(manifest, 0)->filename, "iris.csv");
    assert_int_equal(manifest->run.timeout, 3600000);
    assert_int_equal(manifest->run.memory_mib, 256);
    assert_int_equal(manifest->logs.to.count, 1);
    assert_true(manifest->legacy.signatures);
    assert_false(manifest->legacy.attestation);
}

static void an_order_that_wants_attested_tls_allows_its_evidence(void **state)
{
    Cvms__AgentConfig agent = CVMS__AGENT_CONFIG__INIT;
    struct example e;
    struct err err;

    (void)state;
    make(&e);
    e.order.agent_config = &agent;
    for (int i = 0; i < 2; i++) {
        OWNED_JSON *json = NULL;

        agent.attested_tls = i == 1;
        assert_ok(order_to_manifest(&e.order, terms(), &json, &err));
        assert_int_equal(json_get_bool(json_get(json, "legacy"), "attestation"), i == 1);
    }
}

static void without_logs_nobody_may_read_them(void **state)
{
    struct order_terms silent = *terms();
    OWNED_MANIFEST *manifest = NULL;
    OWNED_JSON *json = NULL;
    struct example e;
    struct err err;

    (void)state;
    silent.log_bytes = 0;
    silent.signatures = false;
    make(&e);
    e.algorithm.algo_type = (char *)"";
    assert_ok(order_to_manifest(&e.order, &silent, &json, &err));
    assert_ok(manifest_decode(json, &manifest, &err));
    assert_int_equal(manifest->logs.to.count, 0);
    assert_false(manifest->legacy.signatures);
    assert_int_equal(manifest->algorithm.type, ALGORITHM_NATIVE);
}

/* As the encoder of the older programs was seen to make it. */
static void its_digest_is_that_of_the_older_programs(void **state)
{
    static const uint8_t keys[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    char hex[2 * ORDER_DIGEST_SIZE + 1];
    uint8_t digest[ORDER_DIGEST_SIZE];
    struct example e;
    struct err err;

    (void)state;
    make(&e);
    e.dataset.userkey = data_of(keys, 3);
    e.algorithm.userkey = data_of(keys + 3, 3);
    e.consumer.userkey = data_of(keys + 6, 3);
    assert_ok(order_digest(&e.order, digest, &err));
    text_hex(digest, sizeof(digest), hex);
    assert_string_equal(hex, "3fb99aa37e621061dc6fc3ea14029e7d37e5e79c819e64350d4da186672c4304");
}

static int make_party(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof(rising); i++) {
        rising[i] = (uint8_t)i;
        full[i] = 255;
    }
    spki = BUF_OF(4 * KIB);
    if (key_generate(KEY_P256, 0, &party, &err) < 0)
        return -1;
    key_write_spki(party, &spki);
    return 0;
}

static int free_party(void **state)
{
    (void)state;
    key_free(party);
    buf_done(&spki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(it_becomes_a_manifest_that_says_all_of_it),
        cmocka_unit_test(an_order_that_wants_attested_tls_allows_its_evidence),
        cmocka_unit_test(without_logs_nobody_may_read_them),
        cmocka_unit_test(its_digest_is_that_of_the_older_programs),
    };

    return cmocka_run_group_tests(tests, make_party, free_party);
}
