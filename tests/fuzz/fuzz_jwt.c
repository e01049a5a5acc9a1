/* Web tokens and web keys, and what is in them: the whole way that a hostile token goes. */
#include "lib/attest/attest.h"
#include "lib/attest/evidence/jwk.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct attest_input in = {
        .format = ATTEST_JWT, .evidence = span_of(data, size), .now = 1700000000};
    OWNED_VERDICT verdict = {0};
    OWNED_KEY *key = NULL;
    enum jws_alg alg;
    struct err err;

    if (jwk_parse(span_of(data, size), &key, &alg, &err) == 0 && !jws_alg_fits(alg, key))
        abort();
    if (attest_validate(&in, &verdict, &err) == 0 && verdict_accepted(&verdict))
        abort();
    return 0;
}
