#include "tests/unit/computation/manifests.h"

#include "lib/computation/role.h"

static unsigned roles(const struct manifest *manifest, enum party party, const char *filename)
{
    uint8_t identity[SHA256_SIZE];

    identity_of(party, identity);
    return role_of(manifest, identity, filename);
}

static void roles_come_from_the_manifest(void **state)
{
    OWNED_JSON *document = manifest_document("algorithm");
    OWNED_MANIFEST *manifest = manifest_of(document);

    (void)state;
    assert_int_equal(roles(manifest, OWNER, NULL), ROLE_OWNER);
    assert_int_equal(roles(manifest, PROVIDER, "a"), ROLE_ALGORITHM_PROVIDER);
    assert_int_equal(roles(manifest, DATA, NULL), ROLE_DATA_PROVIDER);
    assert_int_equal(roles(manifest, DATA, "c"), ROLE_DATA_PROVIDER);
    assert_int_equal(roles(manifest, DATA, "a"), ROLE_DATA_PROVIDER | ROLE_DATASET_PROVIDER);
    assert_int_equal(roles(manifest, CONSUMER, NULL), ROLE_CONSUMER);
    assert_int_equal(roles(manifest, STRANGER, "a"), 0);
}

static void one_key_may_have_several(void **state)
{
    OWNED_JSON *document = manifest_document("algorithm");
    OWNED_MANIFEST *manifest = NULL;
    struct err err;

    (void)state;
    json_add((struct json *)json_get(document, "result_consumers"), party_json(OWNER));
    assert_ok(manifest_decode(document, &manifest, &err));
    assert_int_equal(roles(manifest, OWNER, NULL), ROLE_OWNER | ROLE_CONSUMER);
}

/* The contract's table, deed by deed: which single roles are enough. */
static void each_deed_is_for_its_roles(void **state)
{
    const unsigned anybody = ROLE_OWNER | ROLE_ALGORITHM_PROVIDER | ROLE_DATA_PROVIDER |
                             ROLE_DATASET_PROVIDER | ROLE_CONSUMER | ROLE_LOG_READER;
    const unsigned expected[DEED_COUNT] = {
        [DEED_SET_COMPUTATION] = ROLE_OWNER,
        [DEED_READ_COMPUTATION] = anybody,
        [DEED_END_COMPUTATION] = ROLE_OWNER,
        [DEED_SEND_ALGORITHM] = ROLE_ALGORITHM_PROVIDER,
        [DEED_SEND_DATASET] = ROLE_DATASET_PROVIDER,
        [DEED_START_RUN] = ROLE_OWNER | ROLE_ALGORITHM_PROVIDER,
        [DEED_FETCH_RESULT] = ROLE_CONSUMER,
        [DEED_READ_LOGS] = ROLE_LOG_READER,
        [DEED_READ_RECEIPT] = anybody,
        [DEED_READ_EVENTS] = anybody,
    };
    struct err err;

    (void)state;
    for (int deed = 0; deed < DEED_COUNT; deed++) {
        for (unsigned role = 1; role <= ROLE_LOG_READER; role <<= 1) {
            bool may = role_check(role, (enum deed)deed, &err) == 0;

            assert_int_equal(may, (expected[deed] & role) != 0);
        }
        assert_fails(role_check(0, (enum deed)deed, &err), ERR_FORBIDDEN);
    }
}

static void a_refusal_says_whose_it_is(void **state)
{
    struct err err;

    (void)state;
    assert_fails(role_check(ROLE_CONSUMER, DEED_SEND_ALGORITHM, &err), ERR_FORBIDDEN);
    assert_string_equal(err.text, "this key may not send the algorithm: that is for its provider");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_come_from_the_manifest),
        cmocka_unit_test(one_key_may_have_several),
        cmocka_unit_test(each_deed_is_for_its_roles),
        cmocka_unit_test(a_refusal_says_whose_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
