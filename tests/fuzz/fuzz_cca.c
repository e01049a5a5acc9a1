/* Tokens of Arm's CCA: the whole way that a hostile one goes, and never as far as being accepted.
 */
#include "lib/attest/attest.h"
#include "lib/attest/evidence/cca.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct attest_input in = {
        .format = ATTEST_EAT, .evidence = span_of(data, size), .now = 1700000000};
    OWNED_VERDICT verdict = {0};
    OWNED_CCA cca;
    struct err err;

    if (cca_parse(in.evidence, &cca, &err) == 0 &&
        (!cca_detect(in.evidence) || cca.realm_key == NULL ||
         cca.challenge.len != CCA_CHALLENGE_SIZE || cca.hash_len > sizeof(cca.hash)))
        abort();
    if (attest_validate(&in, &verdict, &err) == 0 && verdict_accepted(&verdict))
        abort();
    return 0;
}
