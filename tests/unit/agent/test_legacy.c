/* Signatures over a role's name. */
#include "tests/unit/computation/manifests.h"

#include "services/agent-api/legacy.h"

static void what_is_no_signature_of_the_role_proves_nobody(void **state)
{
    OWNED_JSON *document = manifest_document("x");
    OWNED_MANIFEST *manifest = manifest_of(document);
    static const char *const texts[] = {"", "AAAA", "???", "MAYCAQECAQE="};
    uint8_t identity[SHA256_SIZE];
    struct err err;

    (void)state;
    for (int deed = 0; deed < DEED_COUNT; deed++)
        for (size_t i = 0; i < COUNT_OF(texts); i++)
            assert_fails(legacy_find_signer(manifest, (enum deed)deed, texts[i], identity, &err),
                         ERR_UNAUTHENTICATED);
}

static void an_endless_signature_is_refused(void **state)
{
    OWNED_JSON *document = manifest_document("x");
    OWNED_MANIFEST *manifest = manifest_of(document);
    OWNED(free_str) char *text = mem_zeroed(8001, 1);
    uint8_t identity[SHA256_SIZE];
    struct err err;

    (void)state;
    memset(text, 'A', 8000);
    assert_fails(legacy_find_signer(manifest, DEED_FETCH_RESULT, text, identity, &err),
                 ERR_UNAUTHENTICATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_signature_of_the_role_proves_nobody),
        cmocka_unit_test(an_endless_signature_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
