/* CoRIMs: read, shown, verified with a key that signed none of them, and made a policy. A policy
 * that comes out is written as a CoRIM again and must be the same when it is read back. */
#include "lib/attest/reference/corim_policy.h"
#include "lib/attest/reference/corim_show.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static struct key *some_key(void)
{
    static struct key *key;
    struct err err;

    if (key == NULL)
        require(key_generate(KEY_P256, 0, &key, &err) == 0);
    return key;
}

static struct json *policy_of(struct span bytes)
{
    struct json *json = NULL;
    struct corim corim;
    struct err err;

    require(corim_parse(bytes, &corim, &err) == 0);
    require(corim_to_policy(&corim, &json, &err) == 0);
    return json;
}

static void check_round_trip(const struct json *policy)
{
    OWNED_BUF once = BUF_OF(CORIM_MAX), twice = BUF_OF(CORIM_MAX);
    const struct corim_period forever = {INT64_MIN, INT64_MAX};
    OWNED_JSON *back = NULL;
    struct err err;

    if (corim_from_policy(policy, forever, &once, &err) < 0)
        return;
    back = policy_of(buf_span(&once));
    require(corim_from_policy(back, forever, &twice, &err) == 0);
    require(span_equal(buf_span(&once), buf_span(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_JSON *shown = NULL, *policy = NULL;
    struct corim corim;
    struct err err;

    if (corim_parse(span_of(data, size), &corim, &err) < 0) {
        require(err.kind == ERR_INPUT);
        return 0;
    }
    shown = corim_show(&corim);
    (void)!corim_check_time(&corim, 1000000000, &err);
    require(corim_verify(&corim, some_key(), &err) < 0);
    if (corim_to_policy(&corim, &policy, &err) == 0)
        check_round_trip(policy);
    else
        require(err.kind == ERR_INPUT || err.kind == ERR_UNSUPPORTED);
    return 0;
}
