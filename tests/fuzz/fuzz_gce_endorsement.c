/* Launch endorsements of Google's firmware: opened with a key that signed none of them, and read as
 * if one had. */
#include "lib/attest/evidence/gce_endorsement.h"
#include "lib/attest/policy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct key *key;
    OWNED_JSON *document = NULL;
    OWNED_POLICY *policy = NULL;
    struct span golden;
    struct err err;

    if (key == NULL && key_generate(KEY_P256, 0, &key, &err) < 0)
        abort();
    if (gce_endorsement_open(span_of(data, size), key, &golden, &err) == 0)
        abort();
    if (gce_endorsement_policy(span_of(data, size), 0, &document, &err) < 0)
        return 0;
    if (policy_decode(document, &policy, &err) < 0 && strstr(err.text, "values") == NULL &&
        strstr(err.text, "items") == NULL) /* more than a policy holds */
        abort();
    return 0;
}
