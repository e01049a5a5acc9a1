#include "tests/unit/computation/manifests.h"

#include "lib/computation/sealing.h"

/* Consumers as the letters say: s gets it sealed, p as it is. */
static struct manifest *manifest_with(const char *letters)
{
    static const enum party parties[] = {OWNER, DATA, STRANGER};
    OWNED_JSON *document = manifest_document("pass");
    struct json *consumers = json_new_array();

    for (size_t i = 0; letters[i] != '\0'; i++) {
        struct json *party = party_json(parties[i]);

        json_set_bool(party, "seal", letters[i] == 's');
        json_add(consumers, party);
    }
    json_set(document, "result_consumers", consumers);
    return manifest_of(document);
}

static void directions_and_computations_have_contexts_of_their_own(void **state)
{
    char upload[SEALING_CONTEXT_SIZE], result[SEALING_CONTEXT_SIZE], other[SEALING_CONTEXT_SIZE];
    OWNED_MANIFEST *manifest = manifest_with("s");

    (void)state;
    sealing_context(SEALING_UPLOAD, manifest->sha256, upload);
    sealing_context(SEALING_RESULT, manifest->sha256, result);
    sealing_context(SEALING_RESULT, "00", other);
    assert_string_not_equal(upload, result);
    assert_string_not_equal(other, result);
    assert_non_null(strstr(result, manifest->sha256));
}

static void only_those_who_want_it_get_it_sealed(void **state)
{
    const struct key *keys[MANIFEST_CONSUMERS_MAX];
    OWNED_MANIFEST *mixed = manifest_with("sps"), *plain = manifest_with("pp");

    (void)state;
    assert_int_equal(sealing_consumers(mixed, keys), 2);
    assert_true(key_equal(keys[0], party_key(OWNER)));
    assert_true(key_equal(keys[1], party_key(STRANGER)));
    assert_int_equal(sealing_consumers(plain, keys), 0);
}

static void a_consumer_is_found_by_his_key(void **state)
{
    OWNED_MANIFEST *manifest = manifest_with("ps");
    uint8_t identity[SHA256_SIZE];

    (void)state;
    identity_of(DATA, identity);
    assert_true(sealing_find_consumer(manifest, identity)->seal);
    identity_of(CONSUMER, identity);
    assert_null(sealing_find_consumer(manifest, identity));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directions_and_computations_have_contexts_of_their_own),
        cmocka_unit_test(only_those_who_want_it_get_it_sealed),
        cmocka_unit_test(a_consumer_is_found_by_his_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
