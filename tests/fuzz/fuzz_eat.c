/* Entity attestation tokens: whatever is read can be told, and a bundle in one is one. */
#include "lib/attest/evidence/legacy_eat.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_JSON *claims = NULL;
    OWNED_BUNDLE bundle = {0}, legacy = {0};
    OWNED_KEY *key = NULL;
    struct eat eat;
    struct err err;

    if (eat_parse(span_of(data, size), &eat, &err) < 0)
        return 0;
    claims = eat_claims(&eat);
    if (json_kind_of(claims) != JSON_KIND_OBJECT)
        abort();
    if (eat_read_bundle(&eat, &bundle, &err) == 0 && bundle_count(&bundle) == 0)
        abort();
    if (legacy_eat_is(&eat) && legacy_eat_read(&eat, &legacy, &err) == 0 &&
        bundle_count(&legacy) == 0)
        abort();
    if (eat_read_key(&eat, &key, &err) == 0 &&
        cose_sign1_verify(&eat.message, key, NULL, &err) < 0 && err.kind != ERR_UNTRUSTED)
        abort();
    return 0;
}
